-- Gated executions with an approval of another command, and none that may be an approval of the command that ran.
WITH gated AS (
  SELECT
    e.execution_id, e.source_id, e.chain, e.seq, e.ts_ms, e.request_id, e.request_link, e.actor_id,
    e.command_digest, e.canonicalisation
  FROM execution e
  CROSS JOIN param p
  WHERE COALESCE(e.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(e.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(e.requires_approval, TRUE) = TRUE
),
-- The approvals of those executions' requests, with their command compared to the one that ran. Digests compare
-- only where both were made the same way.
-- Placed against the execution: within one log, sequence and time must agree; within one source, its clock
-- decides; between two sources, a difference within the clock tolerance is no order.
approval AS (
  SELECT
    g.execution_id, d.outcome, d.phase, d.command_digest,
    CASE
      WHEN g.command_digest IS NULL OR g.canonicalisation IS NULL THEN 'unknown'
      WHEN d.command_digest IS NULL THEN 'no digest'
      WHEN d.canonicalisation IS NULL OR d.canonicalisation <> g.canonicalisation THEN 'made otherwise'
      WHEN d.command_digest = g.command_digest THEN 'same'
      ELSE 'different'
    END AS command,
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
    MAX(CASE WHEN command = 'same' THEN 1 ELSE 0 END) AS perhaps_same,
    MIN(CASE
      WHEN command = 'different' AND placed = 'before' AND outcome IS NOT NULL AND phase IS NOT NULL
        THEN command_digest
    END) AS approved_digest
  FROM approval
  WHERE placed <> 'after'
  GROUP BY execution_id
)
SELECT
  g.execution_id AS subject_id,
  'executed a command other than the one approved' AS reason,
  g.ts_ms AS executed_at_ms,
  g.command_digest AS executed_digest,
  c.approved_digest AS approved_digest,
  g.actor_id AS executor,
  g.request_id AS request
FROM gated g
INNER JOIN counted c ON c.execution_id = g.execution_id
WHERE c.perhaps_same = 0
  AND c.approved_digest IS NOT NULL
