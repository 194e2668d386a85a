-- Approvals by people, given before the action. One is untestable where it cannot be told how long it took.
WITH approval AS (
  SELECT
    d.decision_id, d.source_id, d.ts_ms, d.outcome, d.phase, d.reviewer_kind, d.reviewer_id, d.request_id,
    d.shown_ms, COALESCE(d.shown_bytes, 0) AS shown_bytes
  FROM decision d
  CROSS JOIN param p
  WHERE COALESCE(d.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(d.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'approve') = 'approve'
    AND COALESCE(d.reviewer_kind, 'human') = 'human'
),
-- From display, else from the request, to the approval. Between two sources the clocks may differ by the tolerance.
timed AS (
  SELECT
    a.decision_id, a.ts_ms, a.outcome, a.phase, a.reviewer_kind, a.reviewer_id, a.request_id, a.shown_bytes,
    CASE WHEN a.shown_ms IS NULL THEN a.ts_ms - r.ts_ms ELSE a.ts_ms - a.shown_ms END AS latency_ms,
    CASE WHEN a.shown_ms IS NULL AND r.source_id <> a.source_id THEN p.clock_tolerance_ms ELSE 0 END AS apart_ms
  FROM approval a
  CROSS JOIN param p
  LEFT JOIN request r ON r.request_id = a.request_id
),
judged AS (
  SELECT
    t.decision_id, t.ts_ms, t.outcome, t.phase, t.reviewer_kind, t.reviewer_id, t.request_id, t.latency_ms,
    CASE
      WHEN t.latency_ms + t.apart_ms < p.rev_01_min_latency_ms THEN 1
      WHEN (t.latency_ms + t.apart_ms) * p.rev_01_characters_per_second < t.shown_bytes * 1000 THEN 1
      ELSE 0
    END AS surely,
    CASE
      WHEN t.latency_ms - t.apart_ms < p.rev_01_min_latency_ms THEN 1
      WHEN (t.latency_ms - t.apart_ms) * p.rev_01_characters_per_second < t.shown_bytes * 1000 THEN 1
      ELSE 0
    END AS perhaps
  FROM timed t
  CROSS JOIN param p
)
SELECT
  j.decision_id AS subject_id,
  CASE
    WHEN j.ts_ms IS NULL THEN 'untestable:decision.ts_ms'
    WHEN j.latency_ms IS NOT NULL AND j.perhaps = 0 THEN 'testable'
    WHEN j.outcome IS NULL THEN 'untestable:decision.outcome'
    WHEN j.phase IS NULL THEN 'untestable:decision.phase'
    WHEN j.reviewer_kind IS NULL THEN 'untestable:decision.reviewer_kind'
    WHEN j.latency_ms IS NULL THEN 'untestable:request.ts_ms'
    WHEN j.surely = 0 THEN 'untestable:request.ts_ms'
    ELSE 'testable'
  END AS testability
FROM judged j
