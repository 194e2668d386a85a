-- Events dated before what they follow, or far from the collector's clock.
WITH stated AS (
  SELECT d.event_id, d.ts_ms, r.ts_ms AS other_ms, 'decision' AS act
  FROM decision d
  INNER JOIN request r ON r.request_id = d.request_id
  UNION ALL
  SELECT e.event_id, e.ts_ms, r.ts_ms AS other_ms, 'execution' AS act
  FROM execution e
  INNER JOIN request r ON r.request_id = e.request_id
  UNION ALL
  SELECT v.event_id, v.ts_ms, v.observed_ms AS other_ms, 'collector' AS act
  FROM event v
  WHERE v.observed_ms IS NOT NULL
),
judged AS (
  SELECT
    s.event_id, s.ts_ms, s.other_ms, s.act,
    CASE
      WHEN s.act = 'collector' AND s.other_ms - s.ts_ms > p.log_05_max_skew_ms THEN 1
      WHEN s.act = 'collector' AND s.ts_ms - s.other_ms > p.log_05_max_skew_ms THEN 1
      WHEN s.act <> 'collector' AND s.other_ms - s.ts_ms > p.log_05_tolerance_ms THEN 1
      ELSE 0
    END AS disordered,
    CASE
      WHEN s.ts_ms IS NULL AND s.act = 'collector' THEN 'event.ts_ms'
      WHEN s.ts_ms IS NULL AND s.act = 'decision' THEN 'decision.ts_ms'
      WHEN s.ts_ms IS NULL THEN 'execution.ts_ms'
      WHEN s.other_ms IS NULL THEN 'request.ts_ms'
    END AS doubt
  FROM stated s
  CROSS JOIN param p
  WHERE COALESCE(s.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(s.ts_ms, p.period_start_ms) < p.period_end_ms
)
SELECT
  j.event_id AS subject_id,
  CASE
    WHEN j.act = 'collector' THEN 'dated by a clock that differs from the collector''s'
    ELSE 'dated before its own request'
  END AS reason,
  j.ts_ms AS happened_at_ms,
  j.other_ms AS compared_with_at_ms,
  j.act AS act
FROM judged j
WHERE j.disordered = 1
