-- Declared logs whose source was silent for longer than its limit.
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
  'silent for longer than declared' AS reason,
  x.source_id AS source,
  x.log AS log,
  s.silences AS silences,
  s.first_ms AS first_silence_at_ms,
  x.max_silence_ms AS longest_silence_ms
FROM expected_source x
INNER JOIN silence s ON s.source_id = x.source_id
WHERE COALESCE(x.declared, TRUE) = TRUE
  AND x.max_silence_ms IS NOT NULL
  AND s.silences > 0
