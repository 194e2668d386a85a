-- Approvals given before the action. Identities compare within one namespace; across two, only the accountable
-- people can tell them apart.
WITH approval AS (
  SELECT
    d.decision_id, d.ts_ms, d.outcome, d.phase, d.request_id, r.request_id AS found_id,
    d.reviewer_ns, d.reviewer_id, r.actor_ns, r.actor_id,
    CASE
      WHEN d.reviewer_ns = r.actor_ns AND d.reviewer_id <> r.actor_id THEN 'different'
      WHEN d.reviewer_ns = r.actor_ns AND d.reviewer_id = r.actor_id THEN 'same'
      WHEN d.reviewer_ns <> r.actor_ns
        AND d.reviewer_principal_id IS NOT NULL
        AND r.principal_id IS NOT NULL
        AND d.reviewer_principal_ns = r.principal_ns THEN 'different'
      ELSE 'unknown'
    END AS identities
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
    WHEN identities = 'different' THEN 'testable'
    WHEN outcome IS NULL THEN 'untestable:decision.outcome'
    WHEN phase IS NULL THEN 'untestable:decision.phase'
    WHEN identities = 'same' THEN 'testable'
    WHEN reviewer_id IS NULL THEN 'untestable:decision.reviewer_id'
    WHEN actor_id IS NULL THEN 'untestable:request.actor_id'
    ELSE 'untestable:decision.reviewer_ns'
  END AS testability
FROM approval
