-- People with enough decisions. One is untestable where decisions that do not say by whom, or which way, would tell; so
-- is the reviewer that nobody named.
WITH voted AS (
  SELECT
    d.reviewer_principal_ns AS ns, d.reviewer_principal_id AS person, 'all' AS everybody,
    CASE WHEN d.outcome = 'approve' THEN 1 ELSE 0 END AS approving,
    CASE
      WHEN d.outcome IS NULL THEN 'decision.outcome'
      WHEN d.phase IS NULL THEN 'decision.phase'
      WHEN d.reviewer_kind IS NULL THEN 'decision.reviewer_kind'
      WHEN d.ts_ms IS NULL THEN 'decision.ts_ms'
      WHEN d.reviewer_principal_id IS NULL THEN 'decision.reviewer_principal_id'
      WHEN d.reviewer_principal_ns IS NULL THEN 'decision.reviewer_principal_ns'
    END AS doubt
  FROM decision d
  CROSS JOIN param p
  WHERE COALESCE(d.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(d.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'approve') IN ('approve', 'deny')
    AND COALESCE(d.reviewer_kind, 'human') = 'human'
),
held AS (
  SELECT
    ns, person, everybody, COUNT(CASE WHEN doubt IS NULL THEN 1 END) AS decisions,
    COUNT(CASE WHEN doubt IS NULL AND approving = 1 THEN 1 END) AS approvals,
    COUNT(CASE WHEN doubt IS NOT NULL THEN 1 END) AS loose, MIN(doubt) AS doubt
  FROM voted
  WHERE person IS NOT NULL AND ns IS NOT NULL
  GROUP BY ns, person, everybody
),
-- Whose decision it was is not said; or it is said in several namespaces, so that nobody can tell who is who.
overall AS (
  SELECT
    everybody, COUNT(CASE WHEN doubt IS NOT NULL THEN 1 END) AS unclear, MIN(doubt) AS doubt,
    COUNT(CASE WHEN person IS NULL OR ns IS NULL THEN 1 END) AS nobodys, COUNT(*) AS decisions,
    MIN(ns) AS first_ns, MAX(ns) AS last_ns
  FROM voted
  GROUP BY everybody
),
counted AS (
  SELECT
    h.ns, h.person, h.decisions, h.approvals,
    h.loose + CASE WHEN o.first_ns = o.last_ns THEN o.nobodys ELSE o.decisions END AS loose,
    COALESCE(h.doubt, o.doubt, 'decision.reviewer_principal_ns') AS doubt
  FROM held h
  INNER JOIN overall o ON o.everybody = h.everybody
),
-- A count may have 32 bits: adding a zero of 64 to the factor makes the product one of 64.
judged AS (
  SELECT
    c.ns || ':' || c.person AS reviewer_key, c.person, c.decisions, c.approvals, c.doubt,
    CASE
      WHEN c.decisions >= p.rev_03_min_n
        AND c.approvals * (100 + p.period_end_ms * 0) >= (c.decisions + c.loose) * p.rev_03_max_share_percent THEN 1
      ELSE 0
    END AS surely,
    CASE
      WHEN c.decisions + c.loose >= p.rev_03_min_n
        AND (c.approvals + c.loose) * (100 + p.period_end_ms * 0) >= (c.decisions + c.loose) * p.rev_03_max_share_percent THEN 1
      ELSE 0
    END AS perhaps,
    CASE WHEN c.decisions >= p.rev_03_min_n THEN 1 ELSE 0 END AS enough
  FROM counted c
  CROSS JOIN param p
)
SELECT
  j.reviewer_key AS subject_id,
  CASE WHEN j.surely = 1 OR j.perhaps = 0 THEN 'testable' ELSE 'untestable:' || j.doubt END AS testability
FROM judged j
WHERE j.enough = 1 OR j.perhaps = 1
UNION ALL
SELECT 'a reviewer who is not known' AS subject_id, 'untestable:' || o.doubt AS testability
FROM overall o
CROSS JOIN param p
WHERE o.unclear >= p.rev_03_min_n
