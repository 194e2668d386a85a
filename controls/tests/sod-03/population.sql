-- Approvals given before the action. Automatic approval by policy has an outcome of its own and is not among them.
SELECT
  d.decision_id AS subject_id,
  CASE
    WHEN d.ts_ms IS NULL THEN 'untestable:decision.ts_ms'
    WHEN d.reviewer_kind = 'human' THEN 'testable'
    WHEN d.outcome IS NULL THEN 'untestable:decision.outcome'
    WHEN d.phase IS NULL THEN 'untestable:decision.phase'
    WHEN d.reviewer_kind IS NULL THEN 'untestable:decision.reviewer_kind'
    ELSE 'testable'
  END AS testability
FROM decision d
CROSS JOIN param p
WHERE COALESCE(d.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(d.ts_ms, p.period_start_ms) < p.period_end_ms
  AND COALESCE(d.phase, 'pre') = 'pre'
  AND COALESCE(d.outcome, 'approve') = 'approve'
