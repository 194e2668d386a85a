-- Grants that were to last longer than the limit.
WITH lent AS (
  SELECT g.id, g.ts_ms, g.end_ms, g.target_id, COALESCE(g.start_ms, g.ts_ms) AS from_ms
  FROM access_grant g
  CROSS JOIN param p
  WHERE COALESCE(g.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(g.ts_ms, p.period_start_ms) < p.period_end_ms
)
SELECT
  g.id AS subject_id,
  'temporary access for too long' AS reason,
  g.from_ms AS begins_at_ms,
  g.end_ms AS ends_at_ms,
  g.end_ms - g.from_ms AS lifetime_ms,
  g.target_id AS granted
FROM lent g
CROSS JOIN param p
WHERE g.end_ms - g.from_ms > p.jit_02_max_lifetime_ms
