-- Privileged actions that another system saw, and that the approval log does not have.
WITH activity AS (
  SELECT
    x.activity_id, x.ts_ms, x.system, x.actor_id, x.correlation_id, x.requires_approval, x.executions_complete,
    x.principal_ns, x.principal_id, x.resource_id, x.action_name, 'all' AS everybody,
    x.ts_ms - x.ts_ms % p.log_08_match_window_ms AS bucket_ms
  FROM external_activity x
  CROSS JOIN param p
  WHERE COALESCE(x.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(x.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(x.requires_approval, TRUE) = TRUE
),
-- Each execution in its own stretch of time and in both beside it, so that a window finds all that it may hold.
own AS (
  SELECT
    e.execution_id, e.ts_ms, e.principal_ns, e.principal_id, e.resource_id, e.action_name,
    e.ts_ms - e.ts_ms % p.log_08_match_window_ms AS bucket_ms
  FROM execution e
  CROSS JOIN param p
  WHERE e.ts_ms >= p.period_start_ms - p.log_08_match_window_ms
),
near AS (
  SELECT o.ts_ms, o.principal_ns, o.principal_id, o.resource_id, o.action_name, o.bucket_ms
  FROM own o
  UNION ALL
  SELECT o.ts_ms, o.principal_ns, o.principal_id, o.resource_id, o.action_name, o.bucket_ms - p.log_08_match_window_ms AS bucket_ms
  FROM own o
  CROSS JOIN param p
  UNION ALL
  SELECT o.ts_ms, o.principal_ns, o.principal_id, o.resource_id, o.action_name, o.bucket_ms + p.log_08_match_window_ms AS bucket_ms
  FROM own o
  CROSS JOIN param p
),
-- Executions that surely are the same action.
hit AS (
  SELECT x.activity_id
  FROM activity x
  INNER JOIN execution e ON e.request_id = x.correlation_id
  UNION ALL
  SELECT x.activity_id
  FROM activity x
  INNER JOIN execution e ON e.session_id = x.correlation_id
  UNION ALL
  SELECT x.activity_id
  FROM activity x
  INNER JOIN near n ON n.bucket_ms = x.bucket_ms AND n.principal_ns = x.principal_ns AND n.principal_id = x.principal_id AND n.resource_id = x.resource_id AND n.action_name = x.action_name
  CROSS JOIN param p
  WHERE n.ts_ms - x.ts_ms <= p.log_08_match_window_ms
    AND x.ts_ms - n.ts_ms <= p.log_08_match_window_ms
),
matched AS (
  SELECT activity_id
  FROM hit
  GROUP BY activity_id
)
SELECT
  x.activity_id AS subject_id,
  'seen elsewhere and not in the approval log' AS reason,
  x.ts_ms AS happened_at_ms,
  x.system AS system,
  x.actor_id AS actor,
  x.principal_id AS accountable,
  x.action_name AS action,
  x.resource_id AS resource
FROM activity x
LEFT JOIN matched m ON m.activity_id = x.activity_id
WHERE m.activity_id IS NULL
