-- Records and ranges whose place in the sequence is wrong: missing, repeated, out of order, forked, or cut off.
SELECT
  i.integrity_id AS subject_id,
  CASE
    WHEN i.kind = 'gap' THEN 'sequence numbers missing'
    WHEN i.kind = 'duplicate' THEN 'record repeated'
    WHEN i.kind = 'reordered' THEN 'sequence numbers fall'
    WHEN i.kind = 'fork' THEN 'two records claim one place'
    WHEN i.kind = 'truncated-head' THEN 'start of the log cut off'
    ELSE 'end of the log cut off'
  END AS reason,
  i.ts_ms AS recorded_at_ms,
  i.to_ms AS until_at_ms,
  i.source_id AS source,
  i.log AS log,
  i.object AS object,
  i.line AS line,
  i.seq AS sequence,
  i.kind AS kind
FROM integrity i
CROSS JOIN param p
WHERE ((i.sequenced = TRUE AND i.status = 'ok') OR i.kind IN ('gap', 'duplicate', 'reordered', 'fork', 'truncated-head', 'truncated-tail'))
  -- An intact record counts by its time. What is damaged proves no time of its own; a range counts by its span.
  AND (
    (
      i.status = 'ok'
      AND COALESCE(i.ts_ms, p.period_start_ms) >= p.period_start_ms
      AND COALESCE(i.ts_ms, p.period_start_ms) < p.period_end_ms
    )
    OR (COALESCE(i.status, 'damaged') <> 'ok' AND COALESCE(i.subject, 'record') <> 'range')
    OR (
      COALESCE(i.status, 'missing') <> 'ok'
      AND i.subject = 'range'
      AND COALESCE(i.ts_ms, p.period_start_ms) < p.period_end_ms
      AND COALESCE(i.to_ms, p.period_end_ms) > p.period_start_ms
    )
  )
  AND i.status IN ('damaged', 'missing', 'rejected')
  AND i.kind IN ('gap', 'duplicate', 'reordered', 'fork', 'truncated-head', 'truncated-tail')
