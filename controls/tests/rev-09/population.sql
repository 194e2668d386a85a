-- Requests, denials, and break-glass approvals. One is untestable where the log does not say whether a reason was
-- given, or whether it owed one.
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
  CASE
    WHEN LENGTH(s.reason) >= p.rev_09_min_chars THEN 'testable'
    WHEN s.ts_ms IS NULL THEN 'untestable:' || s.act || '.ts_ms'
    WHEN s.owes = 0 THEN 'untestable:' || s.doubt
    WHEN s.reason IS NULL AND s.reason_state <> 'none' THEN 'untestable:' || s.act || '.reason'
    ELSE 'testable'
  END AS testability
FROM stated s
CROSS JOIN param p
WHERE COALESCE(s.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(s.ts_ms, p.period_start_ms) < p.period_end_ms
