-- Every log that the workspace declares, or that lay in its objects undeclared.
SELECT
  x.expected_id AS subject_id,
  CASE
    WHEN x.declared IS NULL THEN 'untestable:expected_source.declared'
    WHEN x.declared = FALSE THEN 'testable'
    WHEN x.records IS NULL THEN 'untestable:expected_source.records'
    WHEN x.records = 0 AND x.may_be_empty IS NULL THEN 'untestable:expected_source.may_be_empty'
    WHEN x.records = 0 OR x.max_silence_ms IS NULL THEN 'testable'
    WHEN x.first_ms - x.from_ms > x.max_silence_ms THEN 'testable'
    WHEN x.to_ms - x.last_ms > x.max_silence_ms THEN 'testable'
    WHEN x.from_ms IS NULL THEN 'untestable:expected_source.from_ms'
    WHEN x.first_ms IS NULL THEN 'untestable:expected_source.first_ms'
    WHEN x.last_ms IS NULL THEN 'untestable:expected_source.last_ms'
    WHEN x.to_ms IS NULL THEN 'untestable:expected_source.to_ms'
    ELSE 'testable'
  END AS testability
FROM expected_source x
