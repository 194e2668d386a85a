-- Declared logs that are absent or silent for too long at an edge of their span, and logs that nobody declared.
SELECT
  x.expected_id AS subject_id,
  CASE
    WHEN x.declared = FALSE THEN 'log present but not declared'
    WHEN x.records = 0 THEN 'declared log without a record in the period'
    WHEN x.first_ms - x.from_ms > x.max_silence_ms THEN 'log starts too late'
    ELSE 'log ends too early'
  END AS reason,
  x.source_id AS source,
  x.log AS log,
  x.records AS records,
  x.from_ms AS expected_from_at_ms,
  x.first_ms AS first_record_at_ms,
  x.last_ms AS last_record_at_ms,
  x.to_ms AS expected_to_at_ms,
  x.max_silence_ms AS longest_silence_ms
FROM expected_source x
WHERE x.declared = FALSE
  OR (x.declared = TRUE AND x.records = 0 AND x.may_be_empty = FALSE)
  OR (x.declared = TRUE AND x.records > 0 AND x.first_ms - x.from_ms > x.max_silence_ms)
  OR (x.declared = TRUE AND x.records > 0 AND x.to_ms - x.last_ms > x.max_silence_ms)
