-- Grants made in the period. One is untestable where its time or its end is missing: access without an end may be
-- meant to last.
WITH lent AS (
  SELECT g.id, g.ts_ms, g.end_ms, g.target_id, COALESCE(g.start_ms, g.ts_ms) AS from_ms
  FROM access_grant g
  CROSS JOIN param p
  WHERE COALESCE(g.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(g.ts_ms, p.period_start_ms) < p.period_end_ms
)
SELECT
  g.id AS subject_id,
  CASE
    WHEN g.ts_ms IS NULL THEN 'untestable:access_grant.ts_ms'
    WHEN g.end_ms IS NULL THEN 'untestable:access_grant.end_ms'
    ELSE 'testable'
  END AS testability
FROM lent g
