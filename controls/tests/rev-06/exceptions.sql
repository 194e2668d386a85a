-- What was done by those who had left.
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
  'done by somebody who had left' AS reason,
  a.ts_ms AS happened_at_ms,
  a.ended_ms AS left_at_ms,
  a.actor_id AS actor,
  a.act AS act,
  a.native_id AS item
FROM acted a
CROSS JOIN param p
WHERE COALESCE(a.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(a.ts_ms, p.period_start_ms) < p.period_end_ms
  AND COALESCE(a.identity, 'absent') <> 'resolved'
  AND a.ts_ms - a.ended_ms > p.rev_06_grace_ms
