-- Executions by agents that no entry of their manifest allowed, however every doubt is resolved.
WITH ran AS (
  SELECT
    e.execution_id, e.ts_ms, e.actor_id, e.actor_ns, e.actor_kind, e.action_class, e.resource_group, e.env,
    e.action_name, e.resource_id, 'all' AS everybody
  FROM execution e
  CROSS JOIN param p
  WHERE COALESCE(e.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(e.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(e.actor_kind, 'agent') = 'agent'
),
-- Without any manifest nothing can be compared, and there is no item.
manifest AS (
  SELECT 'all' AS everybody, m.actor_id
  FROM agent_manifest m
),
stated AS (
  SELECT everybody, COUNT(*) AS entries
  FROM manifest
  GROUP BY everybody
),
-- What the agent may do, against what it did.
fit AS (
  SELECT
    r.execution_id,
    CASE
      WHEN m.actor_ns <> r.actor_ns THEN 'no'
      WHEN m.action_class <> '*' AND m.action_class <> r.action_class THEN 'no'
      WHEN m.resource_group <> '*' AND m.resource_group <> r.resource_group THEN 'no'
      WHEN m.env <> '*' AND m.env <> r.env THEN 'no'
      WHEN r.ts_ms < m.valid_from_ms OR r.ts_ms >= m.valid_to_ms THEN 'no'
      WHEN m.actor_ns IS NULL THEN 'agent_manifest.actor_ns'
      WHEN r.actor_ns IS NULL THEN 'execution.actor_ns'
      WHEN m.action_class IS NULL THEN 'agent_manifest.action_class'
      WHEN m.action_class <> '*' AND r.action_class IS NULL THEN 'execution.action_class'
      WHEN m.resource_group IS NULL THEN 'agent_manifest.resource_group'
      WHEN m.resource_group <> '*' AND r.resource_group IS NULL THEN 'execution.resource_group'
      WHEN m.env IS NULL THEN 'agent_manifest.env'
      WHEN m.env <> '*' AND r.env IS NULL THEN 'execution.env'
      ELSE 'yes'
    END AS fits
  FROM ran r
  INNER JOIN agent_manifest m ON m.actor_id = r.actor_id
),
counted AS (
  SELECT
    execution_id,
    MAX(CASE WHEN fits = 'yes' THEN 1 ELSE 0 END) AS surely,
    MIN(CASE WHEN fits NOT IN ('yes', 'no') THEN fits END) AS doubt
  FROM fit
  GROUP BY execution_id
)
SELECT
  r.execution_id AS subject_id,
  'done by an agent outside its manifest' AS reason,
  r.ts_ms AS executed_at_ms,
  r.actor_id AS executor,
  r.action_class AS action_class,
  r.resource_group AS resource_group,
  r.env AS in_environment
FROM ran r
INNER JOIN stated s ON s.everybody = r.everybody
LEFT JOIN counted c ON c.execution_id = r.execution_id
WHERE COALESCE(c.surely, 0) = 0
  AND c.doubt IS NULL
  AND r.actor_id IS NOT NULL
