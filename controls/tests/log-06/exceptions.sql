-- Events that were collected long after the time that they state.
SELECT
  v.event_id AS subject_id,
  'collected long after the time it states' AS reason,
  v.ts_ms AS happened_at_ms,
  v.observed_ms AS collected_at_ms,
  v.kind AS kind
FROM event v
CROSS JOIN param p
WHERE v.observed_ms IS NOT NULL
  AND COALESCE(v.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(v.ts_ms, p.period_start_ms) < p.period_end_ms
  AND v.observed_ms - v.ts_ms > p.log_06_max_delay_ms
