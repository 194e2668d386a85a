-- Declared logs with a limit of silence. One is untestable where a gap may be a silence, or something else.
WITH silence AS (
  SELECT
    i.source_id,
    COUNT(CASE WHEN i.kind = 'silence' AND i.status IS NOT NULL THEN 1 END) AS silences,
    MIN(CASE WHEN i.kind = 'silence' THEN i.ts_ms END) AS first_ms,
    MIN(CASE
      WHEN i.kind IS NULL THEN 'integrity.kind'
      WHEN i.status IS NULL THEN 'integrity.status'
    END) AS doubt
  FROM integrity i
  CROSS JOIN param p
  WHERE COALESCE(i.kind, 'silence') = 'silence'
    AND COALESCE(i.status, 'missing') = 'missing'
    AND COALESCE(i.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(i.to_ms, p.period_end_ms) > p.period_start_ms
  GROUP BY i.source_id
)
SELECT
  x.expected_id AS subject_id,
  CASE
    WHEN s.source_id IS NULL THEN 'testable'
    WHEN x.declared IS NULL THEN 'untestable:expected_source.declared'
    WHEN s.silences = 0 THEN 'untestable:' || s.doubt
    ELSE 'testable'
  END AS testability
FROM expected_source x
LEFT JOIN silence s ON s.source_id = x.source_id
WHERE COALESCE(x.declared, TRUE) = TRUE
  AND x.max_silence_ms IS NOT NULL
