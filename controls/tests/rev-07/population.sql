-- People with authority through the window. One without a decision is pending while the window is not over since
-- the period began, and untestable where an unknown reviewer may be that person.
WITH grantee AS (
  SELECT g.principal_id, 'all' AS everybody
  FROM reviewer_grant g
  CROSS JOIN param p
  WHERE g.principal_id IS NOT NULL
    AND COALESCE(g.valid_from_ms, p.period_end_ms - p.rev_07_window_ms) <= p.period_end_ms - p.rev_07_window_ms
    AND COALESCE(g.valid_to_ms, p.period_end_ms) >= p.period_end_ms
  GROUP BY g.principal_id
),
-- Decisions of people within the window. What a policy, a clock, or nobody decided is nobody's.
decided AS (
  SELECT
    d.reviewer_principal_id AS person,
    CASE
      WHEN d.ts_ms IS NULL THEN 'decision.ts_ms'
      WHEN d.outcome IS NULL THEN 'decision.outcome'
      WHEN d.reviewer_kind IS NULL THEN 'decision.reviewer_kind'
      WHEN d.reviewer_principal_id IS NULL THEN 'decision.reviewer_principal_id'
      WHEN COALESCE(d.reviewer_principal_ns, 'unknown') <> 'people' THEN 'decision.reviewer_principal_ns'
    END AS doubt
  FROM decision d
  CROSS JOIN param p
  WHERE COALESCE(d.ts_ms, p.period_end_ms - p.rev_07_window_ms) >= p.period_end_ms - p.rev_07_window_ms
    AND COALESCE(d.ts_ms, p.period_end_ms - p.rev_07_window_ms) < p.period_end_ms
    AND COALESCE(d.outcome, 'approve') IN ('approve', 'deny', 'revoke')
    AND COALESCE(d.reviewer_kind, 'human') = 'human'
),
active AS (
  SELECT person
  FROM decided
  WHERE doubt IS NULL
  GROUP BY person
),
-- Decisions that may be any of theirs.
loose AS (
  SELECT 'all' AS everybody, doubt
  FROM decided
  WHERE doubt IS NOT NULL
    AND (person IS NULL OR doubt = 'decision.reviewer_principal_ns')
),
anybody AS (
  SELECT everybody, MIN(doubt) AS doubt
  FROM loose
  GROUP BY everybody
),
doubted AS (
  SELECT person, MIN(doubt) AS doubt
  FROM decided
  WHERE doubt IS NOT NULL
  GROUP BY person
)
SELECT
  g.principal_id AS subject_id,
  CASE
    WHEN a.person IS NOT NULL THEN 'testable'
    WHEN p.period_end_ms - p.rev_07_window_ms < p.period_start_ms THEN 'pending:window'
    WHEN o.doubt IS NOT NULL THEN 'untestable:' || o.doubt
    WHEN l.doubt IS NOT NULL THEN 'untestable:' || l.doubt
    ELSE 'testable'
  END AS testability
FROM grantee g
CROSS JOIN param p
LEFT JOIN active a ON a.person = g.principal_id
LEFT JOIN doubted o ON o.person = g.principal_id
LEFT JOIN anybody l ON l.everybody = g.everybody
