-- Approvals whose reviewer is, by the identity as logged, the requester.
SELECT
  d.decision_id AS subject_id,
  'requester approved own request' AS reason,
  d.ts_ms AS decided_at_ms,
  d.reviewer_id AS reviewer,
  r.actor_id AS requester,
  d.request_id AS request
FROM decision d
CROSS JOIN param p
LEFT JOIN request r ON r.request_id = d.request_id
WHERE COALESCE(d.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(d.ts_ms, p.period_start_ms) < p.period_end_ms
  AND COALESCE(d.phase, 'pre') = 'pre'
  AND COALESCE(d.outcome, 'approve') = 'approve'
  AND d.reviewer_ns = r.actor_ns
  AND d.reviewer_id = r.actor_id
