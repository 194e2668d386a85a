-- What agents and services did for whom nobody answers.
WITH acted AS (
  SELECT r.event_id, r.ts_ms, r.actor_id, r.actor_kind AS kind, r.identity, r.principal_id, r.native_id, 'request' AS act
  FROM request r
  UNION ALL
  SELECT
    d.event_id, d.ts_ms, d.reviewer_id AS actor_id, d.reviewer_kind AS kind, d.reviewer_identity AS identity,
    d.reviewer_principal_id AS principal_id, d.native_id, 'decision' AS act
  FROM decision d
  UNION ALL
  SELECT e.event_id, e.ts_ms, e.actor_id, e.actor_kind AS kind, e.identity, e.principal_id, e.native_id, 'execution' AS act
  FROM execution e
)
SELECT
  a.event_id AS subject_id,
  'done by an agent or a service without an accountable owner' AS reason,
  a.ts_ms AS happened_at_ms,
  a.actor_id AS actor,
  a.kind AS kind,
  a.act AS act,
  a.native_id AS item
FROM acted a
CROSS JOIN param p
WHERE a.actor_id IS NOT NULL
  AND COALESCE(a.kind, 'agent') IN ('agent', 'service')
  AND COALESCE(a.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(a.ts_ms, p.period_start_ms) < p.period_end_ms
  AND a.identity = 'resolved'
  AND a.principal_id IS NULL
