-- Events with a collector's time.
SELECT
  v.event_id AS subject_id,
  CASE WHEN v.ts_ms IS NULL THEN 'untestable:event.ts_ms' ELSE 'testable' END AS testability
FROM event v
CROSS JOIN param p
WHERE v.observed_ms IS NOT NULL
  AND COALESCE(v.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(v.ts_ms, p.period_start_ms) < p.period_end_ms
