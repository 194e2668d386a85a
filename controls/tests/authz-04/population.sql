-- Executions, gated or not, whose request was denied at any time. One is untestable where a missing value decides
-- whether the denial was the last word before it ran.
WITH executed AS (
  SELECT
    e.execution_id, e.source_id, e.chain, e.seq, e.ts_ms, e.request_id, e.request_link, e.actor_id,
    e.requires_approval
  FROM execution e
  CROSS JOIN param p
  WHERE COALESCE(e.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(e.ts_ms, p.period_start_ms) < p.period_end_ms
),
-- Approvals, automatic ones too, and denials of those executions' requests.
-- Placed against the execution: within one log, sequence and time must agree; within one source, its clock
-- decides; between two sources, a difference within the clock tolerance is no order.
vote AS (
  SELECT
    g.execution_id, d.decision_id, d.source_id, d.chain, d.seq, d.ts_ms, d.outcome, d.phase, d.reviewer_id,
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
  FROM executed g
  INNER JOIN decision d ON d.request_id = g.request_id
  CROSS JOIN param p
  WHERE COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'deny') IN ('approve', 'auto_approve', 'deny')
),
-- Every denial with every approval that may answer it: which came later?
pair AS (
  SELECT
    a.execution_id, a.decision_id, b.placed, b.outcome, b.phase,
    CASE
      WHEN b.ts_ms IS NULL OR a.ts_ms IS NULL THEN 'unknown'
      WHEN b.chain = a.chain AND (b.seq IS NULL OR a.seq IS NULL) THEN 'unknown'
      WHEN b.chain = a.chain AND b.seq > a.seq AND a.ts_ms - b.ts_ms > p.clock_tolerance_ms THEN 'unknown'
      WHEN b.chain = a.chain AND b.seq < a.seq AND b.ts_ms - a.ts_ms > p.clock_tolerance_ms THEN 'unknown'
      WHEN b.chain = a.chain AND b.seq > a.seq THEN 'later'
      WHEN b.chain = a.chain AND b.seq < a.seq THEN 'earlier'
      WHEN b.source_id <> a.source_id
        AND b.ts_ms - a.ts_ms <= p.clock_tolerance_ms
        AND a.ts_ms - b.ts_ms <= p.clock_tolerance_ms THEN 'unknown'
      WHEN b.ts_ms > a.ts_ms THEN 'later'
      WHEN b.ts_ms < a.ts_ms THEN 'earlier'
      ELSE 'unknown'
    END AS turn
  FROM vote a
  INNER JOIN vote b ON b.execution_id = a.execution_id
  CROSS JOIN param p
  WHERE b.decision_id <> a.decision_id
    AND COALESCE(a.outcome, 'deny') = 'deny'
    AND COALESCE(b.outcome, 'approve') <> 'deny'
    AND b.placed <> 'after'
),
answered AS (
  SELECT
    execution_id, decision_id,
    MAX(CASE
      WHEN turn = 'later' AND placed = 'before' AND outcome IS NOT NULL AND phase IS NOT NULL THEN 1
      ELSE 0
    END) AS surely,
    MIN(CASE
      WHEN turn = 'earlier' THEN NULL
      WHEN outcome IS NULL THEN 'decision.outcome'
      WHEN phase IS NULL THEN 'decision.phase'
      ELSE 'decision.ts_ms'
    END) AS perhaps
  FROM pair
  GROUP BY execution_id, decision_id
),
-- `stands`: the denial may be the last word. `doubt` names what is missing to say so, and is null where it surely is.
denied AS (
  SELECT
    v.execution_id,
    CASE WHEN v.placed = 'after' OR COALESCE(a.surely, 0) = 1 THEN 0 ELSE 1 END AS stands,
    CASE
      WHEN v.outcome IS NULL THEN 'decision.outcome'
      WHEN v.phase IS NULL THEN 'decision.phase'
      WHEN v.placed = 'unknown' THEN 'decision.ts_ms'
      ELSE a.perhaps
    END AS doubt
  FROM vote v
  LEFT JOIN answered a ON a.execution_id = v.execution_id AND a.decision_id = v.decision_id
  WHERE COALESCE(v.outcome, 'deny') = 'deny'
),
counted AS (
  SELECT
    execution_id,
    MAX(stands) AS perhaps,
    MAX(CASE WHEN stands = 1 AND doubt IS NULL THEN 1 ELSE 0 END) AS surely,
    MIN(CASE WHEN stands = 1 THEN doubt END) AS doubt
  FROM denied
  GROUP BY execution_id
)
SELECT
  g.execution_id AS subject_id,
  CASE
    WHEN g.ts_ms IS NULL THEN 'untestable:execution.ts_ms'
    WHEN g.request_id IS NULL THEN 'untestable:execution.request_id'
    WHEN c.perhaps = 0 OR c.surely = 1 THEN 'testable'
    ELSE 'untestable:' || c.doubt
  END AS testability
FROM executed g
LEFT JOIN counted c ON c.execution_id = g.execution_id
WHERE c.execution_id IS NOT NULL
  OR (g.request_id IS NULL AND g.request_link = 'ambiguous')
  OR (
    g.request_id IS NULL
    AND COALESCE(g.request_link, 'not_logged') <> 'none'
    AND COALESCE(g.requires_approval, TRUE) = TRUE
  )
