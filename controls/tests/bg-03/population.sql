-- Reviews made after an emergency. One is untestable where a missing value decides whether its reviewer had acted in
-- it.
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
    v.decision_id, v.outcome, v.phase, v.reviewer_principal_id, e.ts_ms AS executed_ms, e.actor_id, e.break_glass,
    e.principal_id,
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
doubted AS (
  SELECT
    decision_id,
    CASE
      WHEN own = 'yes' AND outcome IS NOT NULL AND phase IS NOT NULL AND break_glass IS NOT NULL THEN 1
      ELSE 0
    END AS surely,
    CASE
      WHEN own = 'no' THEN NULL
      WHEN outcome IS NULL THEN 'decision.outcome'
      WHEN phase IS NULL THEN 'decision.phase'
      WHEN break_glass IS NULL THEN 'execution.break_glass'
      WHEN own = 'yes' THEN NULL
      WHEN reviewer_principal_id IS NULL THEN 'decision.reviewer_principal_id'
      WHEN principal_id IS NULL THEN 'execution.principal_id'
      ELSE 'decision.reviewer_principal_ns'
    END AS doubt
  FROM compared
),
judged AS (
  SELECT decision_id, MAX(surely) AS surely, MIN(doubt) AS doubt
  FROM doubted
  GROUP BY decision_id
),
-- Requests of which something ran.
ran AS (
  SELECT v.request_id
  FROM looked v
  INNER JOIN execution e ON e.request_id = v.request_id
  GROUP BY v.request_id
)
SELECT
  v.decision_id AS subject_id,
  CASE
    WHEN v.ts_ms IS NULL THEN 'untestable:decision.ts_ms'
    WHEN v.request_id IS NULL THEN 'untestable:decision.request_id'
    WHEN j.surely = 1 THEN 'testable'
    WHEN j.doubt IS NOT NULL THEN 'untestable:' || j.doubt
    WHEN j.decision_id IS NULL THEN 'untestable:execution.request_id'
    ELSE 'testable'
  END AS testability
FROM looked v
LEFT JOIN judged j ON j.decision_id = v.decision_id
LEFT JOIN ran n ON n.request_id = v.request_id
LEFT JOIN request r ON r.request_id = v.request_id
-- Where nothing is known to have run on the request, what did may not name it.
WHERE j.decision_id IS NOT NULL
  OR (v.phase = 'post' AND n.request_id IS NULL AND COALESCE(r.break_glass, TRUE) = TRUE)
