-- Approvals whose reviewer is in substance the requester, or receives the access.
-- The reviewer against the requester, and against whoever receives the access. People compare within one namespace
-- of principals; one and the same login is one person even where nobody knows whose it is.
WITH approval AS (
  SELECT
    d.decision_id, d.ts_ms, d.request_id, d.reviewer_id, d.reviewer_principal_id,
    r.actor_id, r.principal_id, r.on_behalf_of,
    CASE
      WHEN d.reviewer_ns = r.actor_ns AND d.reviewer_id = r.actor_id THEN 'same'
      WHEN p.sod_02_owner_may_approve_own_agent = 1 AND r.actor_kind <> 'human' THEN 'allowed'
      WHEN d.reviewer_principal_ns = r.principal_ns AND d.reviewer_principal_id <> r.principal_id THEN 'different'
      WHEN d.reviewer_principal_ns <> r.principal_ns
        OR d.reviewer_principal_ns IS NULL OR d.reviewer_principal_id IS NULL
        OR r.principal_ns IS NULL OR r.principal_id IS NULL THEN 'unknown'
      WHEN p.sod_02_owner_may_approve_own_agent = 1 AND r.actor_kind IS NULL THEN 'unknown'
      ELSE 'same'
    END AS requester_is,
    CASE
      WHEN r.beneficiary_principal_id IS NULL AND r.on_behalf_of IS NULL THEN 'nobody'
      WHEN d.reviewer_principal_ns = r.beneficiary_principal_ns
        AND d.reviewer_principal_id = r.beneficiary_principal_id THEN 'same'
      WHEN d.reviewer_principal_ns = r.beneficiary_principal_ns
        AND d.reviewer_principal_id <> r.beneficiary_principal_id THEN 'different'
      ELSE 'unknown'
    END AS beneficiary_is
  FROM decision d
  CROSS JOIN param p
  LEFT JOIN request r ON r.request_id = d.request_id
  WHERE COALESCE(d.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(d.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'approve') = 'approve'
)
SELECT
  decision_id AS subject_id,
  CASE
    WHEN requester_is = 'same' THEN 'approved by the person accountable for the request'
    ELSE 'approved by the person who receives the access'
  END AS reason,
  ts_ms AS decided_at_ms,
  reviewer_id AS reviewer,
  actor_id AS requester,
  on_behalf_of AS beneficiary,
  COALESCE(reviewer_principal_id, principal_id) AS person,
  request_id AS request
FROM approval
WHERE requester_is = 'same'
  OR beneficiary_is = 'same'
