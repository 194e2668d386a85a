-- Gated executions for which an approval surely had been given, and every one that may have been had expired.
WITH gated AS (
  SELECT
    e.execution_id, e.source_id, e.chain, e.seq, e.ts_ms, e.request_id, e.request_link, e.actor_id
  FROM execution e
  CROSS JOIN param p
  WHERE COALESCE(e.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(e.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(e.requires_approval, TRUE) = TRUE
),
-- The approvals of those executions' requests, each with its end: the stated one, or the default lifetime's.
-- Placed against the execution: within one log, sequence and time must agree; within one source, its clock
-- decides; between two sources, a difference within the clock tolerance is no order.
approval AS (
  SELECT
    g.execution_id, g.ts_ms AS executed_ms, d.ts_ms, d.outcome, d.phase,
    COALESCE(d.expires_ms, d.ts_ms + p.authz_03_default_ttl_ms) AS ends_ms,
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
  FROM gated g
  INNER JOIN decision d ON d.request_id = g.request_id
  CROSS JOIN param p
  WHERE COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'approve') = 'approve'
),
counted AS (
  SELECT
    execution_id,
    MAX(CASE WHEN COALESCE(ends_ms, executed_ms + 1) > executed_ms THEN 1 ELSE 0 END) AS perhaps_live,
    MAX(CASE
      WHEN placed = 'before' AND outcome IS NOT NULL AND phase IS NOT NULL THEN 1
      ELSE 0
    END) AS surely_approved,
    MAX(ends_ms) AS last_end_ms
  FROM approval
  WHERE placed <> 'after'
  GROUP BY execution_id
)
SELECT
  g.execution_id AS subject_id,
  'executed after its approval had expired' AS reason,
  g.ts_ms AS executed_at_ms,
  c.last_end_ms AS expired_at_ms,
  g.actor_id AS executor,
  g.request_id AS request
FROM gated g
INNER JOIN counted c ON c.execution_id = g.execution_id
WHERE c.perhaps_live = 0
  AND c.surely_approved = 1
