-- Executions whose executor surely gave one of the approvals.
WITH run AS (
  SELECT
    e.execution_id, e.ts_ms, e.request_id,
    e.actor_ns, e.actor_id, e.actor_kind, e.principal_ns, e.principal_id
  FROM execution e
  CROSS JOIN param p
  WHERE COALESCE(e.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(e.ts_ms, p.period_start_ms) < p.period_end_ms
),
-- The approvals of those executions' requests. `own`: did the executor give it?
approval AS (
  SELECT
    g.execution_id, d.ts_ms AS decided_ms, d.reviewer_id, d.outcome, d.phase,
    CASE
      WHEN d.reviewer_ns = g.actor_ns AND d.reviewer_id = g.actor_id THEN 'yes'
      WHEN d.reviewer_principal_ns = g.principal_ns AND d.reviewer_principal_id = g.principal_id THEN
        CASE
          WHEN g.actor_kind = 'human' THEN 'yes'
          WHEN g.actor_kind = 'agent' AND p.sod_02_owner_may_approve_own_agent = 0 THEN 'yes'
          WHEN g.actor_kind = 'agent' THEN 'no'
          ELSE 'unknown'
        END
      WHEN d.reviewer_principal_ns = g.principal_ns AND d.reviewer_principal_id <> g.principal_id THEN 'no'
      ELSE 'unknown'
    END AS own
  FROM run g
  INNER JOIN decision d ON d.request_id = g.request_id
  CROSS JOIN param p
  WHERE COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'approve') = 'approve'
),
judged AS (
  SELECT execution_id, MIN(decided_ms) AS decided_ms, MIN(reviewer_id) AS reviewer_id
  FROM approval
  WHERE own = 'yes'
    AND outcome IS NOT NULL
    AND phase IS NOT NULL
  GROUP BY execution_id
)
SELECT
  g.execution_id AS subject_id,
  'carried out by one of its approvers' AS reason,
  j.decided_ms AS approved_at_ms,
  g.ts_ms AS executed_at_ms,
  g.actor_id AS executor,
  j.reviewer_id AS reviewer,
  g.request_id AS request
FROM run g
INNER JOIN judged j ON j.execution_id = g.execution_id
