-- What agents and services asked, decided, and ran. One is untestable where its kind or its identity is not known.
WITH acted AS (
  SELECT r.event_id, r.ts_ms, r.actor_id, r.actor_kind AS kind, r.identity, r.principal_id, r.native_id, 'request' AS act
  FROM request r
  UNION ALL
  SELECT
    d.event_id, d.ts_ms, d.reviewer_id AS actor_id, d.reviewer_kind AS kind, d.reviewer_identity AS identity,
    d.reviewer_principal_id AS principal_id, d.native_id, 'decision' AS act
  FROM decision d
  UNION ALL
  SELECT e.event_id, e.ts_ms, e.actor_id, e.actor_kind AS kind, e.identity, e.principal_id, e.native_id, 'execution' AS act
  FROM execution e
)
SELECT
  a.event_id AS subject_id,
  CASE
    WHEN a.identity = 'resolved' AND a.principal_id IS NOT NULL THEN 'testable'
    WHEN a.ts_ms IS NULL THEN 'untestable:' || a.act || '.ts_ms'
    WHEN COALESCE(a.identity, 'absent') <> 'resolved' THEN
      CASE
        WHEN a.act = 'decision' THEN 'untestable:decision.reviewer_identity'
        ELSE 'untestable:' || a.act || '.identity'
      END
    WHEN a.kind IS NULL THEN
      CASE
        WHEN a.act = 'decision' THEN 'untestable:decision.reviewer_kind'
        ELSE 'untestable:' || a.act || '.actor_kind'
      END
    ELSE 'testable'
  END AS testability
FROM acted a
CROSS JOIN param p
WHERE a.actor_id IS NOT NULL
  AND COALESCE(a.kind, 'agent') IN ('agent', 'service')
  AND COALESCE(a.ts_ms, p.period_start_ms) >= p.period_start_ms
  AND COALESCE(a.ts_ms, p.period_start_ms) < p.period_end_ms
