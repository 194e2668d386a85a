-- Events with a text that held an unmasked secret.
SELECT
  e.event_id AS subject_id,
  'unmasked secret in the log' AS reason,
  e.ts_ms AS happened_at_ms,
  e.secret_fields AS field,
  e.secret_classes AS class,
  e.kind AS act,
  e.native_id AS item
FROM event e
CROSS JOIN param p
WHERE COALESCE(e.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(e.ts_ms, p.period_start_ms) < p.period_end_ms
  AND e.secret_classes IS NOT NULL
