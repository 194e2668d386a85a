-- Approvals given before the action. One is untestable where it cannot be told who the people are.
-- The reviewer against the requester, and against whoever receives the access. People compare within one namespace
-- of principals; one and the same login is one person even where nobody knows whose it is.
WITH approval AS (
  SELECT
    d.decision_id, d.ts_ms, d.request_id, d.outcome, d.phase, r.request_id AS found_id,
    d.reviewer_principal_ns, d.reviewer_principal_id, r.principal_ns, r.principal_id,
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
    WHEN ts_ms IS NULL THEN 'untestable:decision.ts_ms'
    WHEN request_id IS NULL THEN 'untestable:decision.request_id'
    WHEN found_id IS NULL THEN 'untestable:request.request_id'
    WHEN requester_is IN ('different', 'allowed') AND beneficiary_is IN ('nobody', 'different') THEN 'testable'
    WHEN outcome IS NULL THEN 'untestable:decision.outcome'
    WHEN phase IS NULL THEN 'untestable:decision.phase'
    WHEN requester_is = 'same' OR beneficiary_is = 'same' THEN 'testable'
    WHEN reviewer_principal_id IS NULL THEN 'untestable:decision.reviewer_principal_id'
    WHEN requester_is = 'unknown' AND principal_id IS NULL THEN 'untestable:request.principal_id'
    WHEN requester_is = 'unknown' AND principal_ns = reviewer_principal_ns THEN 'untestable:request.actor_kind'
    WHEN requester_is = 'unknown' THEN 'untestable:decision.reviewer_principal_ns'
    ELSE 'untestable:request.beneficiary_principal_id'
  END AS testability
FROM approval
