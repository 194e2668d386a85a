-- Approvals, counted as a person's, that no person gave.
SELECT
  d.decision_id AS subject_id,
  'approved by a reviewer that is not a person' AS reason,
  d.ts_ms AS decided_at_ms,
  d.reviewer_id AS reviewer,
  d.reviewer_kind AS reviewer_kind,
  d.request_id AS request
FROM decision d
CROSS JOIN param p
WHERE COALESCE(d.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(d.ts_ms, p.period_start_ms) < p.period_end_ms
  AND COALESCE(d.phase, 'pre') = 'pre'
  AND COALESCE(d.outcome, 'approve') = 'approve'
  AND d.reviewer_kind <> 'human'
