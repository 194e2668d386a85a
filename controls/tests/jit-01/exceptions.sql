-- Grants that ended, and of which no withdrawal is recorded in time.
WITH lent AS (
  SELECT
    g.id, g.ts_ms, g.end_ms, g.target_kind, g.target_id, g.withdrawals_complete, 'all' AS everybody,
    g.end_ms + p.jit_01_grace_ms AS due_ms
  FROM access_grant g
  CROSS JOIN param p
  WHERE COALESCE(g.end_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(g.end_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(g.ts_ms, p.period_start_ms) < p.period_end_ms
),
-- Withdrawals of the same thing between the grant and the end of the grace period.
taken AS (
  SELECT
    g.id,
    MAX(CASE WHEN v.ts_ms IS NOT NULL AND g.ts_ms IS NOT NULL AND g.target_kind <> 'actor' THEN 1 ELSE 0 END) AS surely,
    MIN(CASE
      WHEN COALESCE(g.target_kind, 'actor') = 'actor' THEN 'access_grant.target_id'
      WHEN v.ts_ms IS NULL THEN 'revocation.ts_ms'
      WHEN g.ts_ms IS NULL THEN 'access_grant.ts_ms'
    END) AS doubt
  FROM lent g
  INNER JOIN revocation v ON v.target_id = g.target_id
  WHERE COALESCE(v.ts_ms, g.due_ms) <= g.due_ms
    AND COALESCE(v.ts_ms, g.ts_ms, g.due_ms) >= COALESCE(g.ts_ms, v.ts_ms, g.due_ms)
  GROUP BY g.id
)
SELECT
  g.id AS subject_id,
  'temporary access not withdrawn' AS reason,
  g.ts_ms AS granted_at_ms,
  g.end_ms AS ended_at_ms,
  g.due_ms AS withdrawal_due_at_ms,
  g.target_id AS granted
FROM lent g
CROSS JOIN param p
LEFT JOIN taken t ON t.id = g.id
WHERE t.id IS NULL
  AND g.target_id IS NOT NULL
  AND g.due_ms <= p.as_of_ms
