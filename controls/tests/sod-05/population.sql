-- Executions whose request has an approval. One is untestable where a missing value decides whether its executor gave
-- one, or where a hole may hide it.
WITH run AS (
  SELECT
    e.execution_id, e.ts_ms, e.request_id, e.request_link, e.requires_approval, e.votes_complete,
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
    d.reviewer_principal_id, d.reviewer_principal_ns, g.principal_id, g.principal_ns, g.actor_kind,
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
doubted AS (
  SELECT
    execution_id,
    CASE WHEN own = 'yes' AND outcome IS NOT NULL AND phase IS NOT NULL THEN 1 ELSE 0 END AS surely,
    CASE
      WHEN own = 'no' THEN NULL
      WHEN outcome IS NULL THEN 'decision.outcome'
      WHEN phase IS NULL THEN 'decision.phase'
      WHEN own = 'yes' THEN NULL
      WHEN principal_id IS NULL THEN 'execution.principal_id'
      WHEN reviewer_principal_id IS NULL THEN 'decision.reviewer_principal_id'
      WHEN principal_id = reviewer_principal_id AND principal_ns = reviewer_principal_ns AND actor_kind IS NULL
        THEN 'execution.actor_kind'
      WHEN principal_id = reviewer_principal_id AND principal_ns = reviewer_principal_ns THEN 'execution.actor_id'
      ELSE 'decision.reviewer_principal_ns'
    END AS doubt
  FROM approval
),
judged AS (
  SELECT execution_id, MAX(surely) AS surely, MIN(doubt) AS doubt
  FROM doubted
  GROUP BY execution_id
)
SELECT
  g.execution_id AS subject_id,
  CASE
    WHEN g.ts_ms IS NULL THEN 'untestable:execution.ts_ms'
    WHEN g.request_id IS NULL THEN 'untestable:execution.request_id'
    WHEN j.surely = 1 THEN 'testable'
    WHEN j.doubt IS NOT NULL THEN 'untestable:' || j.doubt
    WHEN g.votes_complete = FALSE THEN 'untestable:execution.votes_complete'
    ELSE 'testable'
  END AS testability
FROM run g
LEFT JOIN judged j ON j.execution_id = g.execution_id
WHERE j.execution_id IS NOT NULL
  OR g.votes_complete = FALSE
  OR (g.request_id IS NULL
    AND COALESCE(g.request_link, 'not_logged') <> 'none'
    AND COALESCE(g.requires_approval, TRUE) = TRUE)
