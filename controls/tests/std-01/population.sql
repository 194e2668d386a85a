-- Approvals given before the action, automatic ones too. One is untestable where a missing scope or end decides
-- whether it stands.
WITH approval AS (
  SELECT
    d.decision_id, d.ts_ms, d.outcome, d.phase, d.reviewer_id, d.request_id, d.expires_ms, d.use_limit,
    COALESCE(d.scope, r.scope) AS reach
  FROM decision d
  CROSS JOIN param p
  LEFT JOIN request r ON r.request_id = d.request_id
  WHERE COALESCE(d.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(d.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'approve') IN ('approve', 'auto_approve')
),
-- `stands` is null where a missing scope or end decides it.
judged AS (
  SELECT
    a.decision_id, a.ts_ms, a.outcome, a.phase, a.reviewer_id, a.request_id, a.expires_ms, a.reach, a.use_limit,
    CASE
      WHEN a.use_limit > p.std_01_max_uses THEN 1
      WHEN a.reach = 'permanent' THEN 1
      WHEN a.reach IN ('once', 'run', 'session') THEN 0
      WHEN a.expires_ms - a.ts_ms <= p.std_01_max_lifetime_ms THEN 0
      WHEN a.reach = 'window' AND a.expires_ms - a.ts_ms > p.std_01_max_lifetime_ms THEN 1
    END AS stands
  FROM approval a
  CROSS JOIN param p
)
SELECT
  j.decision_id AS subject_id,
  CASE
    WHEN j.ts_ms IS NULL THEN 'untestable:decision.ts_ms'
    WHEN j.stands = 0 THEN 'testable'
    WHEN j.outcome IS NULL THEN 'untestable:decision.outcome'
    WHEN j.phase IS NULL THEN 'untestable:decision.phase'
    WHEN j.stands = 1 THEN 'testable'
    WHEN j.reach = 'window' THEN 'untestable:decision.expires_ms'
    ELSE 'untestable:decision.scope'
  END AS testability
FROM judged j
