-- Approvals after which surely nothing was recorded in time.
WITH approval AS (
  SELECT
    d.decision_id, d.source_id, d.request_id, d.ts_ms, d.outcome, d.phase, 'all' AS everybody,
    COALESCE(d.expires_ms, d.ts_ms + p.authz_03_default_ttl_ms) AS ends_ms
  FROM decision d
  CROSS JOIN param p
  WHERE COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'approve') IN ('approve', 'auto_approve')
    AND COALESCE(d.expires_ms, d.ts_ms + p.authz_03_default_ttl_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(d.expires_ms, d.ts_ms + p.authz_03_default_ttl_ms, p.period_start_ms) < p.period_end_ms
    AND (COALESCE(d.scope, 'once') <> 'permanent' OR d.expires_ms IS NOT NULL)
),
-- What is on record of a request, whoever did it.
recorded AS (
  SELECT e.request_id, e.ts_ms FROM execution e WHERE e.request_id IS NOT NULL
  UNION ALL
  SELECT c.target_id AS request_id, c.ts_ms FROM cancellation c WHERE c.target_kind = 'request'
  UNION ALL
  SELECT v.target_id AS request_id, v.ts_ms FROM revocation v WHERE v.target_kind = 'request'
  UNION ALL
  SELECT g.target_id AS request_id, g.ts_ms FROM access_grant g WHERE g.target_kind = 'request'
  UNION ALL
  SELECT s.target_id AS request_id, s.ts_ms FROM session s WHERE s.target_kind = 'request'
  UNION ALL
  SELECT x.request_id, x.ts_ms FROM decision x WHERE x.outcome IN ('deny', 'expire', 'revoke')
),
closed AS (
  SELECT request_id, MIN(ts_ms) AS first_ms, COUNT(CASE WHEN ts_ms IS NULL THEN 1 END) AS undated
  FROM recorded
  WHERE request_id IS NOT NULL
  GROUP BY request_id
),
-- Executions that may belong to any request.
loose AS (
  SELECT 'all' AS everybody, e.ts_ms
  FROM execution e
  WHERE e.request_id IS NULL
    AND COALESCE(e.request_link, 'not_logged') <> 'none'
),
stray AS (
  SELECT everybody, COUNT(*) AS executions, MIN(ts_ms) AS first_ms, MAX(ts_ms) AS last_ms,
    COUNT(CASE WHEN ts_ms IS NULL THEN 1 END) AS undated
  FROM loose
  GROUP BY everybody
),
judged AS (
  SELECT
    a.decision_id, a.request_id, a.ts_ms, a.ends_ms, a.outcome, a.phase,
    CASE WHEN c.first_ms <= a.ends_ms + p.authz_11_wait_ms THEN 1 ELSE 0 END AS surely_closed,
    CASE
      WHEN c.undated > 0 THEN 1
      WHEN s.undated > 0 THEN 1
      WHEN s.last_ms >= COALESCE(a.ts_ms, s.last_ms) AND s.first_ms <= a.ends_ms + p.authz_11_wait_ms THEN 1
      ELSE 0
    END AS perhaps_closed,
    CASE WHEN a.ends_ms + p.authz_11_wait_ms >= p.as_of_ms THEN 1 ELSE 0 END AS waiting
  FROM approval a
  CROSS JOIN param p
  LEFT JOIN closed c ON c.request_id = a.request_id
  LEFT JOIN stray s ON s.everybody = a.everybody
)
SELECT
  j.decision_id AS subject_id,
  'approved, and no outcome on record' AS reason,
  j.ts_ms AS decided_at_ms,
  j.ends_ms AS ended_at_ms,
  j.request_id AS request
FROM judged j
WHERE j.surely_closed = 0
  AND j.perhaps_closed = 0
  AND j.waiting = 0
  AND j.ends_ms IS NOT NULL
  AND j.request_id IS NOT NULL
