-- Records that a hash chain or a signature protects, and every range that is damaged or missing; those whose
-- sequence alone is at fault are LOG-02's.
SELECT
  i.integrity_id AS subject_id,
  CASE
    WHEN i.status = 'ok' THEN 'testable'
    WHEN i.status IS NULL THEN 'untestable:integrity.status'
    WHEN i.protected IS NULL AND COALESCE(i.subject, 'record') <> 'range' THEN 'untestable:integrity.protected'
    ELSE 'testable'
  END AS testability
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
