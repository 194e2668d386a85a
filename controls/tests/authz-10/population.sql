-- Records that name a request. One without a time is untestable where the request is not there.
WITH named AS (
  SELECT d.event_id, d.ts_ms, d.request_id, 'decision' AS act
  FROM decision d
  UNION ALL
  SELECT e.event_id, e.ts_ms, e.request_id, 'execution' AS act
  FROM execution e
  UNION ALL
  SELECT v.event_id, v.ts_ms, v.target_id AS request_id, 'revocation' AS act
  FROM revocation v
  WHERE v.target_kind = 'request'
  UNION ALL
  SELECT c.event_id, c.ts_ms, c.target_id AS request_id, 'cancellation' AS act
  FROM cancellation c
  WHERE c.target_kind = 'request'
)
SELECT
  n.event_id AS subject_id,
  CASE
    WHEN r.request_id IS NOT NULL OR n.ts_ms IS NOT NULL THEN 'testable'
    ELSE 'untestable:' || n.act || '.ts_ms'
  END AS testability
FROM named n
CROSS JOIN param p
LEFT JOIN request r ON r.request_id = n.request_id
WHERE n.request_id IS NOT NULL
  AND COALESCE(n.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(n.ts_ms, p.period_start_ms) < p.period_end_ms
