-- Gated executions that may have been approved before they ran. One is untestable where a missing value decides
-- whether an approval was still valid.
WITH gated AS (
  SELECT
    e.execution_id, e.source_id, e.chain, e.seq, e.ts_ms, e.request_id, e.request_link, e.actor_id,
    e.requires_approval
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
-- `doubt` names what is missing to say that an approval was given before the execution.
doubted AS (
  SELECT
    execution_id,
    CASE WHEN COALESCE(ends_ms, executed_ms + 1) > executed_ms THEN 1 ELSE 0 END AS live,
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
    MAX(CASE WHEN live = 1 AND doubt IS NULL THEN 1 ELSE 0 END) AS surely_live,
    MAX(live) AS perhaps_live,
    MAX(CASE WHEN live = 0 AND doubt IS NULL THEN 1 ELSE 0 END) AS surely_expired,
    MAX(1 - live) AS perhaps_expired,
    MIN(doubt) AS doubt
  FROM doubted
  GROUP BY execution_id
)
SELECT
  g.execution_id AS subject_id,
  CASE
    WHEN g.ts_ms IS NULL THEN 'untestable:execution.ts_ms'
    WHEN g.request_id IS NULL AND g.requires_approval IS NULL THEN 'untestable:execution.requires_approval'
    WHEN g.request_id IS NULL THEN 'untestable:execution.request_id'
    WHEN c.surely_live = 1 OR c.perhaps_expired = 0 THEN 'testable'
    WHEN g.requires_approval IS NULL THEN 'untestable:execution.requires_approval'
    WHEN c.perhaps_live = 1 OR c.surely_expired = 0 THEN 'untestable:' || c.doubt
    ELSE 'testable'
  END AS testability
FROM gated g
LEFT JOIN counted c ON c.execution_id = g.execution_id
WHERE c.execution_id IS NOT NULL
  OR (g.request_id IS NULL AND COALESCE(g.request_link, 'not_logged') <> 'none')
