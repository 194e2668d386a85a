-- Requests and executions by an actor that the roster of the time does not name, or names more than once.
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
    WHEN a.identity = 'ambiguous' THEN 'actor stands for several people in the roster'
    ELSE 'actor unknown to the roster'
  END AS reason,
  a.ts_ms AS happened_at_ms,
  a.actor_ns AS namespace,
  a.actor_id AS actor,
  a.act AS act,
  a.native_id AS item
FROM acted a
CROSS JOIN param p
WHERE COALESCE(a.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(a.ts_ms, p.period_start_ms) < p.period_end_ms
  AND a.identity IN ('unresolved', 'ambiguous')
