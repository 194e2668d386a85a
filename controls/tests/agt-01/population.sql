-- Requests and executions. One is untestable where its actor is not logged, or where there is no roster.
WITH acted AS (
  SELECT
    r.event_id, r.ts_ms, r.actor_ns, r.actor_id, r.identity, r.native_id, 'request' AS act
  FROM request r
  UNION ALL
  SELECT
    e.event_id, e.ts_ms, e.actor_ns, e.actor_id, e.identity, e.native_id, 'execution' AS act
  FROM execution e
)
SELECT
  a.event_id AS subject_id,
  CASE
    WHEN a.identity = 'resolved' THEN 'testable'
    WHEN a.ts_ms IS NULL THEN 'untestable:' || a.act || '.ts_ms'
    WHEN a.identity IN ('unresolved', 'ambiguous') THEN 'testable'
    ELSE 'untestable:' || a.act || '.identity'
  END AS testability
FROM acted a
CROSS JOIN param p
WHERE COALESCE(a.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(a.ts_ms, p.period_start_ms) < p.period_end_ms
