-- Break-glass executions. One whose review is not yet due is pending; one is untestable where it cannot be told
-- whether it was break-glass, or whether another person reviewed it.
WITH emergency AS (
  SELECT
    e.execution_id, e.source_id, e.chain, e.seq, e.ts_ms, e.request_id, e.request_link, e.break_glass,
    e.reviews_complete,
    e.actor_ns, e.actor_id, e.principal_ns, e.principal_id
  FROM execution e
  CROSS JOIN param p
  WHERE COALESCE(e.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(e.ts_ms, p.period_start_ms) < p.period_end_ms
    -- Where break-glass is not logged, it can have been used only on what may be gated.
    AND (e.break_glass = TRUE OR (e.break_glass IS NULL AND COALESCE(e.requires_approval, TRUE) = TRUE))
),
-- Reviews made afterwards and within the limit, with the reviewer compared to the executor and the requester.
-- Placed against the execution: within one log, sequence and time must agree; within one source, its clock
-- decides; between two sources, a difference within the clock tolerance is no order.
review_after AS (
  SELECT
    g.execution_id, d.outcome, d.phase, d.reviewer_kind, d.reviewer_principal_id,
    g.principal_id AS executor_id, r.principal_id AS requester_id,
    CASE
      WHEN d.reviewer_ns = g.actor_ns AND d.reviewer_id = g.actor_id THEN 'same'
      WHEN d.reviewer_principal_ns = g.principal_ns
        AND d.reviewer_principal_id = g.principal_id THEN 'same'
      WHEN d.reviewer_principal_ns = g.principal_ns
        AND d.reviewer_principal_id <> g.principal_id THEN 'different'
      ELSE 'unknown'
    END AS executor_is,
    CASE
      WHEN d.reviewer_ns = r.actor_ns AND d.reviewer_id = r.actor_id THEN 'same'
      WHEN d.reviewer_principal_ns = r.principal_ns
        AND d.reviewer_principal_id = r.principal_id THEN 'same'
      WHEN d.reviewer_principal_ns = r.principal_ns
        AND d.reviewer_principal_id <> r.principal_id THEN 'different'
      ELSE 'unknown'
    END AS requester_is,
    CASE
      WHEN d.ts_ms IS NULL OR g.ts_ms IS NULL THEN 'unknown'
      WHEN d.chain = g.chain AND (d.seq IS NULL OR g.seq IS NULL) THEN 'unknown'
      WHEN d.chain = g.chain AND d.seq < g.seq AND d.ts_ms - g.ts_ms > p.clock_tolerance_ms THEN 'unknown'
      WHEN d.chain = g.chain AND d.seq > g.seq AND g.ts_ms - d.ts_ms > p.clock_tolerance_ms THEN 'unknown'
      WHEN d.chain = g.chain AND d.seq < g.seq THEN 'before'
      WHEN d.chain = g.chain AND d.seq > g.seq THEN 'after'
      WHEN d.source_id <> g.source_id
        AND d.ts_ms - g.ts_ms <= p.clock_tolerance_ms
        AND g.ts_ms - d.ts_ms <= p.clock_tolerance_ms THEN 'unknown'
      WHEN d.ts_ms <= g.ts_ms THEN 'before'
      ELSE 'after'
    END AS placed
  FROM emergency g
  INNER JOIN decision d ON d.request_id = g.request_id
  CROSS JOIN param p
  LEFT JOIN request r ON r.request_id = g.request_id
  WHERE COALESCE(d.phase, 'post') = 'post'
    AND COALESCE(d.outcome, 'approve') IN ('approve', 'deny', 'revoke')
    AND COALESCE(d.reviewer_kind, 'human') = 'human'
    AND COALESCE(d.ts_ms, g.ts_ms) <= g.ts_ms + p.bg_01_max_review_ms
    AND COALESCE(d.ts_ms, p.as_of_ms) <= p.as_of_ms
),
-- Reviews that may count; `doubt` names what is missing, and is null where a review surely counts.
doubted AS (
  SELECT
    execution_id,
    CASE
      WHEN outcome IS NULL THEN 'decision.outcome'
      WHEN phase IS NULL THEN 'decision.phase'
      WHEN reviewer_kind IS NULL THEN 'decision.reviewer_kind'
      WHEN placed = 'unknown' THEN 'decision.ts_ms'
      WHEN executor_is = 'different' AND requester_is = 'different' THEN NULL
      WHEN reviewer_principal_id IS NULL THEN 'decision.reviewer_principal_id'
      WHEN executor_is = 'unknown' AND executor_id IS NULL THEN 'execution.principal_id'
      WHEN requester_is = 'unknown' AND requester_id IS NULL THEN 'request.principal_id'
      ELSE 'decision.reviewer_principal_ns'
    END AS doubt
  FROM review_after
  WHERE placed <> 'before'
    AND executor_is <> 'same'
    AND requester_is <> 'same'
),
counted AS (
  SELECT
    execution_id,
    MAX(CASE WHEN doubt IS NULL THEN 1 ELSE 0 END) AS surely,
    MIN(doubt) AS doubt
  FROM doubted
  GROUP BY execution_id
)
SELECT
  g.execution_id AS subject_id,
  CASE
    WHEN g.ts_ms IS NULL THEN 'untestable:execution.ts_ms'
    WHEN g.break_glass IS NULL THEN 'untestable:execution.break_glass'
    WHEN COALESCE(c.surely, 0) = 1 THEN 'testable'
    WHEN g.ts_ms + p.bg_01_max_review_ms > p.as_of_ms THEN 'pending:review'
    WHEN g.reviews_complete = FALSE THEN 'untestable:execution.reviews_complete'
    WHEN g.request_id IS NULL AND COALESCE(g.request_link, 'not_logged') <> 'none'
      THEN 'untestable:execution.request_id'
    WHEN c.doubt IS NOT NULL THEN 'untestable:' || c.doubt
    ELSE 'testable'
  END AS testability
FROM emergency g
CROSS JOIN param p
LEFT JOIN counted c ON c.execution_id = g.execution_id
