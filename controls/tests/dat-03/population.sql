-- Gated executions that destroy something, outside break-glass. One is untestable where a missing value decides whether
-- it does, or whether enough other people had approved it, or where the missing vote may lie in a hole of its log.
WITH gated AS (
  SELECT
    e.execution_id, e.source_id, e.chain, e.seq, e.ts_ms, e.request_id, e.request_link, e.actor_id,
    e.requires_approval, e.break_glass, e.votes_complete, e.destructive
  FROM execution e
  CROSS JOIN param p
  WHERE COALESCE(e.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(e.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(e.requires_approval, TRUE) = TRUE
    AND COALESCE(e.break_glass, FALSE) = FALSE
    AND COALESCE(e.destructive, TRUE) = TRUE
),
-- The votes of people on those executions' requests.
-- Placed against the execution: within one log, sequence and time must agree; within one source, its clock
-- decides; between two sources, a difference within the clock tolerance is no order.
vote AS (
  SELECT
    g.execution_id, g.request_id, g.ts_ms AS executed_ms,
    d.decision_id, d.source_id, d.chain, d.seq, d.ts_ms, d.outcome, d.phase, d.expires_ms, d.reviewer_kind,
    d.reviewer_ns, d.reviewer_id, d.reviewer_principal_ns, d.reviewer_principal_id,
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
    AND COALESCE(d.outcome, 'approve') IN ('approve', 'deny', 'revoke')
    AND COALESCE(d.reviewer_kind, 'human') = 'human'
),
-- Every two votes on one execution: is the second one the same person's, does it come later, and what does it do?
pair AS (
  SELECT
    a.execution_id, a.decision_id, b.placed,
    CASE
      WHEN b.reviewer_principal_ns = a.reviewer_principal_ns
        AND b.reviewer_principal_id = a.reviewer_principal_id THEN 'yes'
      WHEN b.reviewer_principal_ns = a.reviewer_principal_ns
        AND b.reviewer_principal_id <> a.reviewer_principal_id THEN 'no'
      WHEN b.reviewer_ns = a.reviewer_ns AND b.reviewer_id = a.reviewer_id THEN 'yes'
      ELSE 'unknown'
    END AS same_person,
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
    END AS turn,
    CASE
      WHEN b.outcome IS NULL OR b.phase IS NULL OR b.reviewer_kind IS NULL THEN 'unknown'
      WHEN b.outcome = 'approve' AND COALESCE(b.expires_ms, b.executed_ms + 1) > b.executed_ms THEN 'approves'
      ELSE 'withdraws'
    END AS effect
  FROM vote a
  INNER JOIN vote b ON b.execution_id = a.execution_id
  CROSS JOIN param p
  WHERE b.decision_id <> a.decision_id
),
-- Of a person's votes before the execution, the latest counts. `perhaps` names what leaves it open whether a vote
-- was withdrawn; a vote that approves again changes nothing.
superseded AS (
  SELECT
    execution_id, decision_id,
    MAX(CASE
      WHEN same_person = 'yes' AND turn = 'later' AND placed = 'before' AND effect <> 'unknown' THEN 1
      ELSE 0
    END) AS surely,
    MIN(CASE
      WHEN same_person = 'no' OR turn = 'earlier' OR placed = 'after' OR effect = 'approves' THEN NULL
      WHEN same_person = 'unknown' THEN 'decision.reviewer_principal_id'
      WHEN effect = 'unknown' THEN 'decision.outcome'
      ELSE 'decision.ts_ms'
    END) AS perhaps
  FROM pair
  GROUP BY execution_id, decision_id
),
-- Approvals that are neither withdrawn nor expired when the execution runs. `own`: is the reviewer the requester?
approval AS (
  SELECT
    v.execution_id, v.ts_ms, v.placed, v.outcome, v.phase, v.reviewer_kind,
    v.reviewer_ns, v.reviewer_id, v.reviewer_principal_ns, v.reviewer_principal_id,
    r.principal_ns, r.principal_id, s.perhaps,
    CASE
      WHEN v.reviewer_ns = r.actor_ns AND v.reviewer_id = r.actor_id THEN 'yes'
      WHEN v.reviewer_principal_ns = r.principal_ns AND v.reviewer_principal_id = r.principal_id THEN
        CASE
          WHEN p.sod_02_owner_may_approve_own_agent = 0 OR r.actor_kind = 'human' THEN 'yes'
          WHEN r.actor_kind IS NULL THEN 'unknown'
          ELSE 'no'
        END
      WHEN v.reviewer_principal_ns = r.principal_ns AND v.reviewer_principal_id <> r.principal_id THEN 'no'
      ELSE 'unknown'
    END AS own
  FROM vote v
  CROSS JOIN param p
  LEFT JOIN request r ON r.request_id = v.request_id
  LEFT JOIN superseded s ON s.execution_id = v.execution_id AND s.decision_id = v.decision_id
  WHERE COALESCE(v.outcome, 'approve') = 'approve'
    AND COALESCE(v.expires_ms, v.executed_ms + 1) > v.executed_ms
    AND COALESCE(s.surely, 0) = 0
),
-- Approvals that may count; `doubt` names what is missing, and is null where an approval surely counts.
doubted AS (
  SELECT
    execution_id,
    CASE WHEN reviewer_principal_id IS NULL THEN 'identity' ELSE 'person' END AS known_as,
    CASE WHEN reviewer_principal_id IS NULL THEN reviewer_ns ELSE reviewer_principal_ns END AS ns,
    COALESCE(reviewer_principal_id, reviewer_id) AS id,
    CASE
      WHEN outcome IS NULL THEN 'decision.outcome'
      WHEN phase IS NULL THEN 'decision.phase'
      WHEN reviewer_kind IS NULL THEN 'decision.reviewer_kind'
      WHEN placed = 'unknown' THEN 'decision.ts_ms'
      WHEN own = 'unknown' AND principal_id IS NULL THEN 'request.principal_id'
      WHEN own = 'unknown' AND reviewer_principal_id IS NULL THEN 'decision.reviewer_principal_id'
      WHEN own = 'unknown' AND principal_ns = reviewer_principal_ns THEN 'request.actor_kind'
      WHEN own = 'unknown' THEN 'decision.reviewer_principal_ns'
      ELSE perhaps
    END AS doubt
  FROM approval
  WHERE placed <> 'after' AND own <> 'yes'
),
-- One row for each person who may have approved in time; where nobody is named, `id` is null.
person AS (
  SELECT
    execution_id, known_as, ns, id,
    MAX(CASE WHEN doubt IS NULL THEN 1 ELSE 0 END) AS surely,
    MIN(doubt) AS doubt
  FROM doubted
  GROUP BY execution_id, known_as, ns, id
),
counted AS (
  SELECT
    execution_id,
    COUNT(*) AS people,
    COUNT(CASE WHEN surely = 1 THEN 1 END) AS surely,
    MAX(CASE WHEN id IS NULL THEN 1 ELSE 0 END) AS unnamed,
    MIN(CASE WHEN surely = 0 THEN doubt END) AS doubt
  FROM person
  GROUP BY execution_id
)
SELECT
  g.execution_id AS subject_id,
  CASE
    WHEN g.ts_ms IS NULL THEN 'untestable:execution.ts_ms'
    WHEN COALESCE(c.surely, 0) >= p.dat_03_quorum THEN 'testable'
    WHEN g.destructive IS NULL THEN 'untestable:execution.destructive'
    WHEN g.requires_approval IS NULL THEN 'untestable:execution.requires_approval'
    WHEN g.request_id IS NULL AND COALESCE(g.request_link, 'not_logged') <> 'none'
      THEN 'untestable:execution.request_id'
    WHEN g.votes_complete = FALSE THEN 'untestable:execution.votes_complete'
    WHEN COALESCE(c.people, 0) >= p.dat_03_quorum OR COALESCE(c.unnamed, 0) = 1 THEN 'untestable:' || c.doubt
    WHEN g.break_glass IS NULL THEN 'untestable:execution.break_glass'
    ELSE 'testable'
  END AS testability
FROM gated g
CROSS JOIN param p
LEFT JOIN counted c ON c.execution_id = g.execution_id
