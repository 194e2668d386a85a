-- Resource groups with enough approvals. One is untestable where approvals that do not say by whom, or of which group,
-- would tell; so is the group that nobody named.
WITH approval AS (
  SELECT
    r.resource_group, d.reviewer_principal_ns AS ns, d.reviewer_principal_id AS person, 'all' AS everybody,
    CASE
      WHEN d.outcome IS NULL THEN 'decision.outcome'
      WHEN d.phase IS NULL THEN 'decision.phase'
      WHEN d.reviewer_kind IS NULL THEN 'decision.reviewer_kind'
      WHEN d.ts_ms IS NULL THEN 'decision.ts_ms'
      WHEN d.request_id IS NULL THEN 'decision.request_id'
      WHEN r.resource_group IS NULL THEN 'request.resource_group'
      WHEN d.reviewer_principal_id IS NULL THEN 'decision.reviewer_principal_id'
      WHEN d.reviewer_principal_ns IS NULL THEN 'decision.reviewer_principal_ns'
    END AS doubt
  FROM decision d
  CROSS JOIN param p
  LEFT JOIN request r ON r.request_id = d.request_id
  WHERE COALESCE(d.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(d.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'approve') = 'approve'
    AND COALESCE(d.reviewer_kind, 'human') = 'human'
),
given AS (
  SELECT
    resource_group, ns, person, everybody, COUNT(CASE WHEN doubt IS NULL THEN 1 END) AS approvals,
    COUNT(CASE WHEN doubt IS NOT NULL THEN 1 END) AS loose, MIN(doubt) AS doubt
  FROM approval
  GROUP BY resource_group, ns, person, everybody
),
of_group AS (
  SELECT
    resource_group, everybody, SUM(COALESCE(approvals, 0)) AS approvals, SUM(COALESCE(loose, 0)) AS loose, MAX(approvals) AS most,
    MIN(doubt) AS doubt, MIN(ns) AS first_ns, MAX(ns) AS last_ns
  FROM given
  WHERE resource_group IS NOT NULL
  GROUP BY resource_group, everybody
),
-- Approvals of no group that is known: how many, by nobody who is known, and by whoever has most of them.
nowhere AS (
  SELECT
    everybody, SUM(COALESCE(loose, 0)) AS loose, MAX(CASE WHEN person IS NULL OR ns IS NULL THEN 0 ELSE loose END) AS most,
    SUM(CASE WHEN person IS NULL OR ns IS NULL THEN COALESCE(loose, 0) ELSE 0 END) AS nobodys, MIN(doubt) AS doubt,
    MIN(ns) AS first_ns, MAX(ns) AS last_ns
  FROM given
  WHERE resource_group IS NULL
  GROUP BY everybody
),
-- `theirs`: what may be by one person as well, of the group or of no group that is known. Of several namespaces nobody
-- can tell who is who.
counted AS (
  SELECT
    t.resource_group, t.approvals, t.most, t.loose + COALESCE(o.loose, 0) AS loose, COALESCE(t.doubt, o.doubt) AS doubt,
    CASE WHEN t.first_ns = t.last_ns THEN 0 ELSE t.approvals END AS elsewhere,
    t.loose + CASE
      WHEN o.loose IS NULL THEN 0
      WHEN o.first_ns = o.last_ns THEN o.most + o.nobodys
      ELSE o.loose
    END AS theirs
  FROM of_group t
  LEFT JOIN nowhere o ON o.everybody = t.everybody
),
-- A count may have 32 bits: adding a zero of 64 to the factor makes the product one of 64.
judged AS (
  SELECT
    c.resource_group, c.approvals, c.loose, c.doubt,
    CASE
      WHEN c.approvals >= p.rev_04_min_n
        AND c.most * (100 + p.period_end_ms * 0) > (c.approvals + c.loose) * p.rev_04_max_share_percent THEN 1
      ELSE 0
    END AS surely,
    CASE
      WHEN c.approvals + c.loose >= p.rev_04_min_n
        AND (c.most + c.elsewhere + c.theirs) * (100 + p.period_end_ms * 0) > (c.approvals + c.theirs) * p.rev_04_max_share_percent
        AND (c.most + c.elsewhere + c.theirs) * (100 + p.period_end_ms * 0) > p.rev_04_min_n * p.rev_04_max_share_percent THEN 1
      ELSE 0
    END AS perhaps,
    CASE WHEN c.approvals >= p.rev_04_min_n THEN 1 ELSE 0 END AS enough
  FROM counted c
  CROSS JOIN param p
)
SELECT
  j.resource_group AS subject_id,
  CASE
    WHEN j.surely = 1 OR j.perhaps = 0 THEN 'testable'
    ELSE 'untestable:' || COALESCE(j.doubt, 'decision.reviewer_principal_ns')
  END AS testability
FROM judged j
WHERE j.enough = 1 OR j.perhaps = 1
UNION ALL
SELECT
  'a group that is not known' AS subject_id,
  CASE
    WHEN o.loose < p.rev_04_min_n THEN 'testable'
    WHEN o.first_ns = o.last_ns
      AND (o.most + o.nobodys) * (100 + p.period_end_ms * 0) <= p.rev_04_min_n * p.rev_04_max_share_percent THEN 'testable'
    ELSE 'untestable:' || o.doubt
  END AS testability
FROM nowhere o
CROSS JOIN param p
