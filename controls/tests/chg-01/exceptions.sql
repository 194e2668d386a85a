-- Overrides for which nobody declared an emergency.
WITH told AS (
  SELECT c.request_id
  FROM control_event c
  WHERE c.request_id IS NOT NULL
  GROUP BY c.request_id
),
override AS (
  SELECT
    c.event_id, c.ts_ms, c.request_id, c.actor_id, c.kind AS what, c.requests_complete, 'control_event' AS act,
    'all' AS everybody, FALSE AS declared, 'control_event.bypass' AS doubt, c.bypass
  FROM control_event c
  WHERE COALESCE(c.bypass, TRUE) = TRUE
  UNION ALL
  SELECT
    e.event_id, e.ts_ms, e.request_id, e.actor_id, e.action_name AS what, TRUE AS requests_complete,
    'execution' AS act, 'all' AS everybody, e.break_glass AS declared, 'execution.break_glass' AS doubt, e.bypass
  FROM execution e
  LEFT JOIN told t ON t.request_id = e.request_id
  WHERE e.bypass = TRUE
    AND t.request_id IS NULL
),
-- Requests that may have declared the emergency of an override that names none.
emergency AS (
  SELECT 'all' AS everybody, r.request_id
  FROM request r
  WHERE COALESCE(r.break_glass, TRUE) = TRUE
),
candidate AS (
  SELECT everybody, COUNT(*) AS requests
  FROM emergency
  GROUP BY everybody
),
judged AS (
  SELECT
    o.event_id, o.ts_ms, o.request_id, o.actor_id, o.what, o.act,
    CASE
      WHEN o.declared = TRUE OR r.break_glass = TRUE THEN 'declared'
      WHEN o.declared IS NULL THEN o.doubt
      WHEN o.request_id IS NOT NULL AND r.break_glass IS NULL THEN 'request.break_glass'
      WHEN o.request_id IS NULL AND o.act = 'control_event' AND COALESCE(o.requests_complete, FALSE) = FALSE
        THEN 'control_event.requests_complete'
      WHEN o.request_id IS NULL AND o.act = 'control_event' AND c.requests > 0 THEN 'control_event.request_id'
      WHEN o.bypass IS NULL THEN 'control_event.bypass'
      ELSE 'undeclared'
    END AS says
  FROM override o
  LEFT JOIN request r ON r.request_id = o.request_id
  LEFT JOIN candidate c ON c.everybody = o.everybody
)
SELECT
  j.event_id AS subject_id,
  'protection overridden without a declared emergency' AS reason,
  j.ts_ms AS happened_at_ms,
  j.actor_id AS actor,
  j.what AS what,
  j.request_id AS request
FROM judged j
CROSS JOIN param p
WHERE COALESCE(j.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(j.ts_ms, p.period_start_ms) < p.period_end_ms
  AND j.says = 'undeclared'
