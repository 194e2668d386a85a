-- Privileged actions of independent records that policy gates. One is untestable where a missing value, or a hole,
-- may hide the execution that it shows.
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
),
-- Executions close in time that may be the same action: nothing differs, and something is missing.
vague AS (
  SELECT
    x.activity_id,
    CASE
      WHEN n.principal_ns = x.principal_ns AND n.principal_id <> x.principal_id THEN 'no'
      WHEN n.resource_id <> x.resource_id OR n.action_name <> x.action_name THEN 'no'
      WHEN x.principal_id IS NULL OR x.principal_ns IS NULL THEN 'external_activity.principal_id'
      WHEN n.principal_id IS NULL OR n.principal_ns IS NULL THEN 'execution.principal_id'
      WHEN n.principal_ns <> x.principal_ns THEN 'external_activity.principal_ns'
      WHEN x.resource_id IS NULL THEN 'external_activity.resource_id'
      WHEN n.resource_id IS NULL THEN 'execution.resource_id'
      WHEN x.action_name IS NULL THEN 'external_activity.action_name'
      ELSE 'execution.action_name'
    END AS doubt
  FROM activity x
  INNER JOIN near n ON n.bucket_ms = x.bucket_ms
  CROSS JOIN param p
  LEFT JOIN matched m ON m.activity_id = x.activity_id
  WHERE m.activity_id IS NULL
    AND n.ts_ms - x.ts_ms <= p.log_08_match_window_ms
    AND x.ts_ms - n.ts_ms <= p.log_08_match_window_ms
),
doubted AS (
  SELECT activity_id, MIN(doubt) AS doubt
  FROM vague
  WHERE doubt <> 'no'
  GROUP BY activity_id
),
-- Executions without a time may be close to anything.
untimed AS (
  SELECT 'all' AS everybody, e.execution_id
  FROM execution e
  WHERE e.ts_ms IS NULL
),
unplaced AS (
  SELECT everybody, COUNT(*) AS executions
  FROM untimed
  GROUP BY everybody
)
SELECT
  x.activity_id AS subject_id,
  CASE
    WHEN m.activity_id IS NOT NULL THEN 'testable'
    WHEN x.ts_ms IS NULL THEN 'untestable:external_activity.ts_ms'
    WHEN x.requires_approval IS NULL THEN 'untestable:external_activity.requires_approval'
    WHEN COALESCE(x.executions_complete, FALSE) = FALSE THEN 'untestable:external_activity.executions_complete'
    WHEN d.doubt IS NOT NULL THEN 'untestable:' || d.doubt
    WHEN u.executions > 0 THEN 'untestable:execution.ts_ms'
    ELSE 'testable'
  END AS testability
FROM activity x
LEFT JOIN matched m ON m.activity_id = x.activity_id
LEFT JOIN doubted d ON d.activity_id = x.activity_id
LEFT JOIN unplaced u ON u.everybody = x.everybody
