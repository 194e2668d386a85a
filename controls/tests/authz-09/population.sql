-- Executions by people and agents on a request. One is untestable where a missing value decides whether it was theirs
-- to run.
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
  CASE
    WHEN c.ts_ms IS NULL THEN 'untestable:execution.ts_ms'
    WHEN c.request_id IS NULL THEN 'untestable:execution.request_id'
    WHEN c.found_id IS NULL THEN 'untestable:request.request_id'
    WHEN c.requester_is = 'yes' OR c.receiver_is = 'yes' THEN 'testable'
    WHEN c.actor_kind IS NULL THEN 'untestable:execution.actor_kind'
    WHEN c.requester_is = 'no' AND c.receiver_is = 'no' THEN 'testable'
    WHEN c.principal_id IS NULL THEN 'untestable:execution.principal_id'
    WHEN c.requester_is = 'unknown' AND c.requester_person IS NULL THEN 'untestable:request.principal_id'
    WHEN c.receiver_is = 'unknown' AND c.receiver_person IS NULL THEN 'untestable:request.beneficiary_principal_id'
    ELSE 'untestable:execution.principal_ns'
  END AS testability
FROM compared c
WHERE c.request_id IS NOT NULL
  OR (COALESCE(c.request_link, 'not_logged') <> 'none' AND COALESCE(c.requires_approval, TRUE) = TRUE)
