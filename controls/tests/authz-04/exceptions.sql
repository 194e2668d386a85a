-- Executions surely denied beforehand, with no approval that may have come between the denial and the run.
WITH executed AS (
  SELECT
    e.execution_id, e.source_id, e.chain, e.seq, e.ts_ms, e.request_id, e.request_link, e.actor_id
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
  SELECT execution_id, decision_id, MAX(CASE WHEN turn <> 'earlier' THEN 1 ELSE 0 END) AS perhaps
  FROM pair
  GROUP BY execution_id, decision_id
),
denied AS (
  SELECT v.execution_id, MAX(v.ts_ms) AS denied_ms, MIN(v.reviewer_id) AS denied_by
  FROM vote v
  LEFT JOIN answered a ON a.execution_id = v.execution_id AND a.decision_id = v.decision_id
  WHERE v.outcome = 'deny'
    AND v.phase IS NOT NULL
    AND v.placed = 'before'
    AND COALESCE(a.perhaps, 0) = 0
  GROUP BY v.execution_id
)
SELECT
  g.execution_id AS subject_id,
  'executed after it was denied' AS reason,
  g.ts_ms AS executed_at_ms,
  d.denied_ms AS denied_at_ms,
  d.denied_by AS denied_by,
  g.actor_id AS executor,
  g.request_id AS request
FROM executed g
INNER JOIN denied d ON d.execution_id = g.execution_id
