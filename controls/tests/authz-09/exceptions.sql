-- Executions by people and agents who stand for neither the requester nor whoever the access was asked for.
WITH run AS (
  SELECT
    e.execution_id, e.ts_ms, e.request_id, e.request_link, e.requires_approval,
    e.actor_ns, e.actor_id, e.actor_kind, e.principal_ns, e.principal_id
  FROM execution e
  CROSS JOIN param p
  WHERE COALESCE(e.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(e.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(e.actor_kind, 'human') <> 'service'
),
-- The executor against the requester, and against whoever receives the access, where that is somebody else.
compared AS (
  SELECT
    g.execution_id, g.ts_ms, g.request_id, g.request_link, g.requires_approval, g.actor_id, g.actor_kind,
    g.principal_ns, g.principal_id, r.request_id AS found_id, r.actor_id AS requester,
    r.principal_id AS requester_person, r.on_behalf_of, r.beneficiary_principal_id AS receiver_person,
    CASE
      WHEN g.actor_ns = r.actor_ns AND g.actor_id = r.actor_id THEN 'yes'
      WHEN g.principal_ns = r.principal_ns AND g.principal_id = r.principal_id THEN 'yes'
      WHEN g.principal_ns = r.principal_ns AND g.principal_id <> r.principal_id THEN 'no'
      ELSE 'unknown'
    END AS requester_is,
    CASE
      WHEN r.on_behalf_of IS NULL THEN 'no'
      WHEN g.principal_ns = r.beneficiary_principal_ns AND g.principal_id = r.beneficiary_principal_id THEN 'yes'
      WHEN g.principal_ns = r.beneficiary_principal_ns AND g.principal_id <> r.beneficiary_principal_id THEN 'no'
      ELSE 'unknown'
    END AS receiver_is
  FROM run g
  LEFT JOIN request r ON r.request_id = g.request_id
)
SELECT
  c.execution_id AS subject_id,
  'carried out by somebody other than the requester' AS reason,
  c.ts_ms AS executed_at_ms,
  c.actor_id AS executor,
  c.requester AS requester,
  c.on_behalf_of AS receiver,
  c.request_id AS request
FROM compared c
WHERE c.found_id IS NOT NULL
  AND c.actor_kind IS NOT NULL
  AND c.requester_is = 'no'
  AND c.receiver_is = 'no'
