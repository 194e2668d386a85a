-- Resource groups in which something ran. One is untestable where executions that do not say whether they were an
-- emergency, or of which group, would tell; so is the group that nobody named.
WITH ran AS (
  SELECT
    e.resource_group, 'all' AS everybody,
    CASE
      WHEN e.break_glass = TRUE THEN 'yes'
      WHEN e.break_glass IS NULL AND COALESCE(e.requires_approval, TRUE) = TRUE THEN 'unknown'
      ELSE 'no'
    END AS emergency,
    CASE
      WHEN e.resource_group IS NULL THEN 'execution.resource_group'
      WHEN e.ts_ms IS NULL THEN 'execution.ts_ms'
      WHEN e.break_glass IS NULL AND COALESCE(e.requires_approval, TRUE) = TRUE THEN 'execution.break_glass'
    END AS doubt
  FROM execution e
  CROSS JOIN param p
  WHERE COALESCE(e.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(e.ts_ms, p.period_start_ms) < p.period_end_ms
),
-- `hot` may be emergencies, and `loose` may be any of the group's executions.
of_group AS (
  SELECT
    resource_group, everybody, COUNT(CASE WHEN doubt IS NULL THEN 1 END) AS executions,
    COUNT(CASE WHEN doubt IS NULL AND emergency = 'yes' THEN 1 END) AS emergencies,
    COUNT(CASE WHEN doubt IS NOT NULL THEN 1 END) AS loose,
    COUNT(CASE WHEN doubt IS NOT NULL AND emergency <> 'no' THEN 1 END) AS hot, MIN(doubt) AS doubt
  FROM ran
  WHERE resource_group IS NOT NULL
  GROUP BY resource_group, everybody
),
nowhere AS (
  SELECT
    everybody, COUNT(*) AS loose, COUNT(CASE WHEN emergency <> 'no' THEN 1 END) AS hot, MIN(doubt) AS doubt
  FROM ran
  WHERE resource_group IS NULL
  GROUP BY everybody
),
counted AS (
  SELECT
    g.resource_group, g.executions, g.emergencies, g.loose + COALESCE(o.loose, 0) AS loose,
    g.hot + COALESCE(o.hot, 0) AS hot, COALESCE(g.doubt, o.doubt) AS doubt
  FROM of_group g
  LEFT JOIN nowhere o ON o.everybody = g.everybody
),
-- A count may have 32 bits: adding a zero of 64 to the factor makes the product one of 64.
judged AS (
  SELECT
    c.resource_group, c.executions, c.emergencies, c.doubt,
    CASE
      WHEN c.emergencies >= p.bg_02_min_count
        AND c.emergencies * (100 + p.period_end_ms * 0) > (c.executions + c.loose) * p.bg_02_warn_share_percent THEN 1
      ELSE 0
    END AS surely,
    CASE
      WHEN c.emergencies + c.hot >= p.bg_02_min_count
        AND (c.emergencies + c.hot) * (100 + p.period_end_ms * 0) > (c.executions + c.hot) * p.bg_02_warn_share_percent THEN 1
      ELSE 0
    END AS perhaps,
    CASE WHEN c.emergencies * (100 + p.period_end_ms * 0) > (c.executions + c.loose) * p.bg_02_high_share_percent THEN 1 ELSE 0 END AS high
  FROM counted c
  CROSS JOIN param p
)
SELECT
  j.resource_group AS subject_id,
  CASE WHEN j.surely = 1 OR j.perhaps = 0 THEN 'testable' ELSE 'untestable:' || j.doubt END AS testability
FROM judged j
UNION ALL
SELECT
  'a group that is not known' AS subject_id,
  CASE WHEN o.hot >= p.bg_02_min_count THEN 'untestable:' || o.doubt ELSE 'testable' END AS testability
FROM nowhere o
CROSS JOIN param p
