-- People with authority through the window who surely made no decision in it.
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
)
SELECT
  g.principal_id AS subject_id,
  'authority to approve that was not used' AS reason,
  p.period_end_ms - p.rev_07_window_ms AS since_at_ms,
  g.principal_id AS person
FROM grantee g
CROSS JOIN param p
LEFT JOIN active a ON a.person = g.principal_id
WHERE a.person IS NULL
