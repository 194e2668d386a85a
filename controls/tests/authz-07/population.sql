-- Gated executions of a request, outside break-glass. One is untestable where it, or its request, does not name the
-- target, or where their names do not compare.
WITH gated AS (
  SELECT
    e.execution_id, e.source_id, e.ts_ms, e.request_id, e.request_link, e.requires_approval, e.break_glass,
    e.actor_id, e.resource_id, e.resource_group, e.env, e.resource_stated
  FROM execution e
  CROSS JOIN param p
  WHERE COALESCE(e.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(e.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(e.requires_approval, TRUE) = TRUE
    AND COALESCE(e.break_glass, FALSE) = FALSE
    AND (e.request_id IS NOT NULL OR COALESCE(e.request_link, 'not_logged') <> 'none')
),
-- An execution that does not name its target has that of its request: then both are the same, and nothing is shown.
-- Two products name one thing in two ways, and who asks for access asks for a role, not for what it opens: then
-- other names say nothing. An unknown class may be access.
judged AS (
  SELECT
    g.execution_id, g.ts_ms, g.request_id, g.requires_approval, g.break_glass, g.actor_id,
    g.resource_id, g.resource_group, g.env,
    r.resource_id AS asked_for, r.resource_group AS asked_group, r.env AS asked_env,
    CASE
      WHEN (g.resource_id <> r.resource_id OR g.resource_group <> r.resource_group OR g.env <> r.env)
        AND (g.source_id <> r.source_id OR COALESCE(r.action_class, 'access') = 'access')
        THEN 'request.resource_id'
      WHEN g.resource_id <> r.resource_id THEN 'resource'
      WHEN g.resource_group <> r.resource_group THEN 'group'
      WHEN g.env <> r.env THEN 'env'
      WHEN COALESCE(g.resource_stated, FALSE) = FALSE OR g.resource_id IS NULL THEN 'execution.resource_id'
      WHEN r.resource_id IS NULL THEN 'request.resource_id'
      ELSE 'same'
    END AS says
  FROM gated g
  LEFT JOIN request r ON r.request_id = g.request_id
)
SELECT
  j.execution_id AS subject_id,
  CASE
    WHEN j.says = 'same' THEN 'testable'
    WHEN j.ts_ms IS NULL THEN 'untestable:execution.ts_ms'
    WHEN j.request_id IS NULL THEN 'untestable:execution.request_id'
    WHEN j.requires_approval IS NULL THEN 'untestable:execution.requires_approval'
    WHEN j.break_glass IS NULL THEN 'untestable:execution.break_glass'
    WHEN j.says IN ('resource', 'group', 'env') THEN 'testable'
    ELSE 'untestable:' || j.says
  END AS testability
FROM judged j
