-- Every event: its texts were searched where it was read. One is untestable where they were not.
SELECT
  e.event_id AS subject_id,
  CASE
    WHEN e.text_fields IS NULL THEN 'untestable:event.text_fields'
    WHEN e.secret_classes IS NOT NULL AND e.ts_ms IS NULL THEN 'untestable:event.ts_ms'
    ELSE 'testable'
  END AS testability
FROM event e
CROSS JOIN param p
WHERE COALESCE(e.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(e.ts_ms, p.period_start_ms) < p.period_end_ms
