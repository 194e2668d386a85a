-- What people, agents, and services asked, decided, and ran. One is untestable where the roster does not say who it
-- was, or whether that person was still there. What nobody decided, such as a policy's answer, is left out.
WITH acted AS (
  SELECT r.event_id, r.ts_ms, r.actor_id, r.identity, r.actor_ended_ms AS ended_ms, r.native_id, 'request' AS act
  FROM request r
  WHERE r.actor_id IS NOT NULL
  UNION ALL
  SELECT
    d.event_id, d.ts_ms, d.reviewer_id AS actor_id, d.reviewer_identity AS identity, d.reviewer_ended_ms AS ended_ms,
    d.native_id, 'decision' AS act
  FROM decision d
  WHERE d.reviewer_id IS NOT NULL
    OR COALESCE(d.outcome, 'approve') IN ('approve', 'deny')
  UNION ALL
  SELECT e.event_id, e.ts_ms, e.actor_id, e.identity, e.actor_ended_ms AS ended_ms, e.native_id, 'execution' AS act
  FROM execution e
)
SELECT
  a.event_id AS subject_id,
  CASE
    WHEN a.identity = 'resolved' THEN 'testable'
    WHEN a.ts_ms IS NULL THEN 'untestable:' || a.act || '.ts_ms'
    WHEN a.ended_ms IS NOT NULL THEN 'testable'
    WHEN a.act = 'decision' THEN 'untestable:decision.reviewer_identity'
    ELSE 'untestable:' || a.act || '.identity'
  END AS testability
FROM acted a
CROSS JOIN param p
WHERE COALESCE(a.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(a.ts_ms, p.period_start_ms) < p.period_end_ms
