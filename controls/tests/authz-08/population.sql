-- Approvals for a number of uses, or for once. One is untestable where a missing value decides whether it was used too
-- often.
WITH approval AS (
  SELECT
    d.decision_id, d.source_id, d.chain, d.seq, d.ts_ms, d.outcome, d.phase, d.request_id, d.use_limit,
    COALESCE(d.scope, r.scope) AS reach,
    COALESCE(d.use_limit, p.authz_08_default_use_limit) AS allowed
  FROM decision d
  CROSS JOIN param p
  LEFT JOIN request r ON r.request_id = d.request_id
  WHERE COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'approve') IN ('approve', 'auto_approve')
),
single AS (
  SELECT a.decision_id, a.ts_ms, a.outcome, a.phase, a.request_id, a.use_limit, a.reach, a.allowed
  FROM approval a
  CROSS JOIN param p
  WHERE COALESCE(a.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(a.ts_ms, p.period_start_ms) < p.period_end_ms
    AND (a.use_limit IS NOT NULL OR COALESCE(a.reach, 'once') = 'once')
),
-- Every approval against every execution of its request: did it come before?
-- Within one log, sequence and time must agree; within one source, its clock decides; between two sources, a
-- difference within the clock tolerance is no order.
use_of AS (
  SELECT
    e.execution_id, e.request_link, a.decision_id, a.source_id, a.chain, a.seq, a.ts_ms, a.outcome, a.phase,
    CASE
      WHEN a.ts_ms IS NULL OR e.ts_ms IS NULL THEN 'unknown'
      WHEN a.chain = e.chain AND (a.seq IS NULL OR e.seq IS NULL) THEN 'unknown'
      WHEN a.chain = e.chain AND a.seq < e.seq AND a.ts_ms - e.ts_ms > p.clock_tolerance_ms THEN 'unknown'
      WHEN a.chain = e.chain AND a.seq > e.seq AND e.ts_ms - a.ts_ms > p.clock_tolerance_ms THEN 'unknown'
      WHEN a.chain = e.chain AND a.seq < e.seq THEN 'before'
      WHEN a.chain = e.chain AND a.seq > e.seq THEN 'after'
      WHEN a.source_id <> e.source_id
        AND a.ts_ms - e.ts_ms <= p.clock_tolerance_ms
        AND e.ts_ms - a.ts_ms <= p.clock_tolerance_ms THEN 'unknown'
      WHEN a.ts_ms <= e.ts_ms THEN 'before'
      ELSE 'after'
    END AS placed
  FROM approval a
  INNER JOIN execution e ON e.request_id = a.request_id
  CROSS JOIN param p
  WHERE COALESCE(e.ts_ms, p.as_of_ms) <= p.as_of_ms
),
-- Every two approvals before one execution: does the second one come later?
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
  FROM use_of a
  INNER JOIN use_of b ON b.execution_id = a.execution_id
  CROSS JOIN param p
  WHERE b.decision_id <> a.decision_id
    AND a.placed <> 'after'
    AND b.placed <> 'after'
),
-- What runs after a later approval is a use of that one.
renewed AS (
  SELECT
    execution_id, decision_id,
    MAX(CASE
      WHEN turn = 'later' AND placed = 'before' AND outcome IS NOT NULL AND phase IS NOT NULL THEN 1
      ELSE 0
    END) AS surely,
    MAX(CASE WHEN turn <> 'earlier' THEN 1 ELSE 0 END) AS perhaps
  FROM pair
  GROUP BY execution_id, decision_id
),
-- What a link of the workspace joins to the request is part of the use that the gate itself records; where it records
-- none, it may be one use or several.
used AS (
  SELECT
    u.decision_id,
    COUNT(CASE
      WHEN u.request_link = 'linked' AND u.placed = 'before' AND COALESCE(n.perhaps, 0) = 0 THEN 1
    END) AS surely,
    COUNT(CASE WHEN u.request_link = 'linked' AND COALESCE(n.surely, 0) = 0 THEN 1 END) AS named,
    COUNT(CASE WHEN COALESCE(u.request_link, 'weak') <> 'linked' AND COALESCE(n.surely, 0) = 0 THEN 1 END) AS joined
  FROM use_of u
  LEFT JOIN renewed n ON n.execution_id = u.execution_id AND n.decision_id = u.decision_id
  WHERE u.placed <> 'after'
  GROUP BY u.decision_id
)
SELECT
  s.decision_id AS subject_id,
  CASE
    WHEN s.ts_ms IS NULL THEN 'untestable:decision.ts_ms'
    WHEN s.request_id IS NULL THEN 'untestable:decision.request_id'
    WHEN COALESCE(u.named, 0) <= s.allowed AND (u.named > 0 OR COALESCE(u.joined, 0) <= s.allowed) THEN 'testable'
    WHEN s.outcome IS NULL THEN 'untestable:decision.outcome'
    WHEN s.phase IS NULL THEN 'untestable:decision.phase'
    WHEN s.use_limit IS NULL AND s.reach IS NULL THEN 'untestable:decision.scope'
    WHEN u.surely > s.allowed THEN 'testable'
    WHEN u.named = 0 THEN 'untestable:execution.request_link'
    ELSE 'untestable:execution.ts_ms'
  END AS testability
FROM single s
LEFT JOIN used u ON u.decision_id = s.decision_id
