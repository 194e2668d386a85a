-- Records and ranges that do not verify, for another reason than their sequence (LOG-02).
SELECT
  i.integrity_id AS subject_id,
  CASE
    WHEN i.status = 'missing' THEN 'records missing'
    WHEN i.status = 'rejected' THEN 'record not usable as evidence'
    ELSE 'record does not verify'
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
WHERE (COALESCE(i.protected, TRUE) = TRUE OR i.subject = 'range')
  AND (COALESCE(i.status, 'damaged') = 'ok' OR COALESCE(i.kind, 'damaged') NOT IN ('gap', 'duplicate', 'reordered', 'fork', 'truncated-head', 'truncated-tail'))
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
