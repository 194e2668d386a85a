-- Intact records with a sequence number, and every record or range whose place in the sequence is wrong.
SELECT
  i.integrity_id AS subject_id,
  CASE WHEN i.status IS NULL THEN 'untestable:integrity.status' ELSE 'testable' END AS testability
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
