-- Reviews by whoever surely used the emergency path.
WITH looked AS (
  SELECT
    d.decision_id, d.ts_ms, d.outcome, d.phase, d.request_id, d.reviewer_ns, d.reviewer_id,
    d.reviewer_principal_ns, d.reviewer_principal_id
  FROM decision d
  CROSS JOIN param p
  WHERE COALESCE(d.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(d.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(d.phase, 'post') = 'post'
    AND COALESCE(d.outcome, 'approve') IN ('approve', 'deny', 'revoke')
),
-- The reviewer against everybody who used the emergency path on that request.
compared AS (
  SELECT
    v.decision_id, v.outcome, v.phase, e.ts_ms AS executed_ms, e.actor_id, e.break_glass,
    CASE
      WHEN v.reviewer_ns = e.actor_ns AND v.reviewer_id = e.actor_id THEN 'yes'
      WHEN v.reviewer_principal_ns = e.principal_ns AND v.reviewer_principal_id = e.principal_id THEN 'yes'
      WHEN v.reviewer_principal_ns = e.principal_ns AND v.reviewer_principal_id <> e.principal_id THEN 'no'
      ELSE 'unknown'
    END AS own
  FROM looked v
  INNER JOIN execution e ON e.request_id = v.request_id
  -- Where break-glass is not logged, it can have been used only on what may be gated.
  WHERE e.break_glass = TRUE
    OR (e.break_glass IS NULL AND COALESCE(e.requires_approval, TRUE) = TRUE)
),
judged AS (
  SELECT decision_id, MIN(executed_ms) AS executed_ms, MIN(actor_id) AS actor_id
  FROM compared
  WHERE own = 'yes'
    AND outcome IS NOT NULL
    AND phase IS NOT NULL
    AND break_glass IS NOT NULL
  GROUP BY decision_id
)
SELECT
  v.decision_id AS subject_id,
  'emergency reviewed by whoever acted in it' AS reason,
  j.executed_ms AS executed_at_ms,
  v.ts_ms AS reviewed_at_ms,
  v.reviewer_id AS reviewer,
  j.actor_id AS executor,
  v.request_id AS request
FROM looked v
INNER JOIN judged j ON j.decision_id = v.decision_id
