-- Gated executions that may have been approved before they ran. One is untestable where no approval names a
-- command that can be compared with the one that ran.
WITH gated AS (
  SELECT
    e.execution_id, e.source_id, e.chain, e.seq, e.ts_ms, e.request_id, e.request_link, e.actor_id,
    e.command_digest, e.canonicalisation, e.requires_approval
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
-- `doubt` names what is missing to say that an approval was given before the execution.
doubted AS (
  SELECT
    execution_id, command,
    CASE
      WHEN outcome IS NULL THEN 'decision.outcome'
      WHEN phase IS NULL THEN 'decision.phase'
      WHEN placed = 'unknown' THEN 'decision.ts_ms'
    END AS doubt
  FROM approval
  WHERE placed <> 'after'
),
counted AS (
  SELECT
    execution_id,
    MAX(CASE WHEN command = 'same' AND doubt IS NULL THEN 1 ELSE 0 END) AS surely_same,
    MIN(CASE WHEN command = 'same' THEN doubt END) AS doubt_same,
    MAX(CASE WHEN command = 'same' THEN 0 ELSE 1 END) AS perhaps_other,
    MAX(CASE WHEN command = 'different' AND doubt IS NULL THEN 1 ELSE 0 END) AS surely_different,
    MIN(CASE
      WHEN command = 'no digest' THEN 'decision.command_digest'
      WHEN command = 'made otherwise' THEN 'decision.canonicalisation'
      ELSE doubt
    END) AS doubt
  FROM doubted
  GROUP BY execution_id
)
SELECT
  g.execution_id AS subject_id,
  CASE
    WHEN g.ts_ms IS NULL THEN 'untestable:execution.ts_ms'
    WHEN g.request_id IS NULL AND g.requires_approval IS NULL THEN 'untestable:execution.requires_approval'
    WHEN g.request_id IS NULL THEN 'untestable:execution.request_id'
    WHEN c.surely_same = 1 OR c.perhaps_other = 0 THEN 'testable'
    WHEN g.requires_approval IS NULL THEN 'untestable:execution.requires_approval'
    WHEN g.command_digest IS NULL THEN 'untestable:execution.command_digest'
    WHEN g.canonicalisation IS NULL THEN 'untestable:execution.canonicalisation'
    WHEN c.doubt_same IS NOT NULL THEN 'untestable:' || c.doubt_same
    WHEN c.surely_different = 1 THEN 'testable'
    ELSE 'untestable:' || c.doubt
  END AS testability
FROM gated g
LEFT JOIN counted c ON c.execution_id = g.execution_id
WHERE c.execution_id IS NOT NULL
  OR (g.request_id IS NULL AND COALESCE(g.request_link, 'not_logged') <> 'none')
