-- Grants that end in the period. One is pending while its withdrawal may still come in time, and untestable where
-- a missing value, or a hole, may hide the withdrawal.
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
),
-- Withdrawals that do not say what they withdraw may be of any grant.
unnamed AS (
  SELECT 'all' AS everybody, v.ts_ms
  FROM revocation v
  WHERE v.target_id IS NULL
),
anything AS (
  SELECT g.id
  FROM lent g
  INNER JOIN unnamed u ON u.everybody = g.everybody
  WHERE COALESCE(u.ts_ms, g.due_ms) <= g.due_ms
    AND COALESCE(u.ts_ms, g.ts_ms, g.due_ms) >= COALESCE(g.ts_ms, u.ts_ms, g.due_ms)
  GROUP BY g.id
)
SELECT
  g.id AS subject_id,
  CASE
    WHEN g.end_ms IS NULL THEN 'untestable:access_grant.end_ms'
    WHEN t.surely = 1 THEN 'testable'
    WHEN g.due_ms > p.as_of_ms THEN 'pending:withdrawal'
    WHEN g.target_id IS NULL THEN 'untestable:access_grant.target_id'
    WHEN COALESCE(g.withdrawals_complete, FALSE) = FALSE THEN 'untestable:access_grant.withdrawals_complete'
    WHEN t.doubt IS NOT NULL THEN 'untestable:' || t.doubt
    WHEN a.id IS NOT NULL THEN 'untestable:revocation.target_id'
    ELSE 'testable'
  END AS testability
FROM lent g
CROSS JOIN param p
LEFT JOIN taken t ON t.id = g.id
LEFT JOIN anything a ON a.id = g.id
