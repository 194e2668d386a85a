-- Approvals that hold for good, for too long, or for too many uses.
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
    WHEN j.reach = 'permanent' THEN 'approved for good'
    WHEN j.use_limit > p.std_01_max_uses THEN 'approved for more uses than the limit'
    ELSE 'approved for longer than the limit'
  END AS reason,
  j.ts_ms AS decided_at_ms,
  j.expires_ms AS ends_at_ms,
  j.use_limit AS uses,
  j.reviewer_id AS reviewer,
  j.request_id AS request
FROM judged j
CROSS JOIN param p
WHERE j.stands = 1
