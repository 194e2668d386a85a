-- Executions whose request or session was revoked at any time. One is untestable where a missing value decides
-- whether it ran after that.
WITH executed AS (
  SELECT
    e.execution_id, e.source_id, e.ts_ms, e.request_id, e.request_link, e.session_id, e.actor_id,
    e.requires_approval, 'all' AS everybody
  FROM execution e
  CROSS JOIN param p
  WHERE COALESCE(e.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(e.ts_ms, p.period_start_ms) < p.period_end_ms
),
-- What was revoked: requests and sessions, not what somebody may do in general.
withdrawn AS (
  SELECT
    v.source_id, v.target_kind, v.target_id, COALESCE(v.effective_ms, v.ts_ms) AS ts_ms, 'all' AS everybody
  FROM revocation v
  WHERE COALESCE(v.target_kind, 'request') IN ('request', 'session')
),
-- How long after the revocation did it run? Between two sources, a difference within the clock tolerance is none.
pair AS (
  SELECT
    g.execution_id, w.source_id, w.ts_ms AS revoked_ms, g.source_id AS ran_in, g.ts_ms AS executed_ms
  FROM executed g
  INNER JOIN withdrawn w ON w.target_id = g.request_id
  UNION ALL
  SELECT
    g.execution_id, w.source_id, w.ts_ms AS revoked_ms, g.source_id AS ran_in, g.ts_ms AS executed_ms
  FROM executed g
  INNER JOIN withdrawn w ON w.target_id = g.session_id
),
judged AS (
  SELECT
    a.execution_id, a.revoked_ms,
    CASE
      WHEN a.revoked_ms IS NULL OR a.executed_ms IS NULL THEN 'unknown'
      WHEN a.executed_ms - a.revoked_ms <= p.authz_05_grace_ms THEN 'no'
      WHEN a.source_id <> a.ran_in AND a.executed_ms - a.revoked_ms <= p.clock_tolerance_ms THEN 'unknown'
      ELSE 'yes'
    END AS late
  FROM pair a
  CROSS JOIN param p
),
counted AS (
  SELECT
    execution_id,
    MAX(CASE WHEN late = 'yes' THEN 1 ELSE 0 END) AS surely,
    MAX(CASE WHEN late = 'unknown' THEN 1 ELSE 0 END) AS perhaps,
    MIN(revoked_ms) AS revoked_ms
  FROM judged
  GROUP BY execution_id
),
-- The first revocation that may be any execution's: of some request, or of something that it does not name.
loose AS (
  SELECT
    everybody,
    MIN(CASE WHEN target_id IS NULL THEN COALESCE(ts_ms, 0) END) AS unnamed_ms,
    MIN(CASE WHEN target_kind = 'request' THEN COALESCE(ts_ms, 0) END) AS request_ms
  FROM withdrawn
  GROUP BY everybody
),
open AS (
  SELECT
    g.execution_id,
    CASE
      WHEN COALESCE(g.ts_ms - p.authz_05_grace_ms, l.unnamed_ms + 1) > l.unnamed_ms THEN 'revocation.target_id'
      WHEN g.request_id IS NULL
        AND COALESCE(g.request_link, 'not_logged') <> 'none'
        AND COALESCE(g.ts_ms - p.authz_05_grace_ms, l.request_ms + 1) > l.request_ms THEN 'execution.request_id'
    END AS doubt
  FROM executed g
  INNER JOIN loose l ON l.everybody = g.everybody
  CROSS JOIN param p
)
SELECT
  g.execution_id AS subject_id,
  CASE
    WHEN g.ts_ms IS NULL THEN 'untestable:execution.ts_ms'
    WHEN c.surely = 1 THEN 'testable'
    WHEN c.perhaps = 1 THEN 'untestable:revocation.ts_ms'
    WHEN o.doubt IS NOT NULL THEN 'untestable:' || o.doubt
    ELSE 'testable'
  END AS testability
FROM executed g
LEFT JOIN counted c ON c.execution_id = g.execution_id
LEFT JOIN open o ON o.execution_id = g.execution_id
WHERE c.execution_id IS NOT NULL
  OR o.doubt IS NOT NULL
