-- Requests, denials, and break-glass approvals without a reason that says anything.
WITH stated AS (
  SELECT
    r.event_id, r.ts_ms, r.reason, COALESCE(r.reason_state, 'not_logged') AS reason_state, r.native_id,
    r.actor_id AS who, 'request' AS act, 1 AS owes, 'request.reason' AS doubt
  FROM request r
  UNION ALL
  SELECT
    d.event_id, d.ts_ms, d.reason, COALESCE(d.reason_state, 'not_logged') AS reason_state, d.native_id,
    d.reviewer_id AS who, 'decision' AS act,
    CASE WHEN d.outcome = 'deny' OR (d.outcome = 'approve' AND d.basis = 'break_glass') THEN 1 ELSE 0 END AS owes,
    CASE
      WHEN d.outcome IS NULL THEN 'decision.outcome'
      WHEN d.outcome = 'approve' AND d.basis IS NULL THEN 'decision.basis'
      ELSE 'decision.reason'
    END AS doubt
  FROM decision d
  WHERE COALESCE(d.outcome, 'deny') = 'deny'
    OR (d.outcome = 'approve' AND COALESCE(d.basis, 'break_glass') = 'break_glass')
)
SELECT
  s.event_id AS subject_id,
  CASE WHEN s.reason IS NULL THEN 'without a reason' ELSE 'with a reason too short to be one' END AS reason,
  s.ts_ms AS happened_at_ms,
  s.act AS act,
  s.who AS who,
  s.native_id AS item
FROM stated s
CROSS JOIN param p
WHERE COALESCE(s.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(s.ts_ms, p.period_start_ms) < p.period_end_ms
  AND s.owes = 1
  AND (LENGTH(s.reason) < p.rev_09_min_chars OR (s.reason IS NULL AND s.reason_state = 'none'))
