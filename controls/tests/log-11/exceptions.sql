-- Fields that a source surely leaves empty too often.
WITH stated AS (
  SELECT
    t.source_id, 'request.ts_ms' AS field, 'strict' AS bound, 1 AS dated,
    CASE WHEN t.ts_ms IS NOT NULL THEN 1 ELSE 0 END AS filled
  FROM request t
  CROSS JOIN param p
  WHERE COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
  UNION ALL
  SELECT
    t.source_id, 'request.actor_id' AS field, 'strict' AS bound, CASE WHEN t.ts_ms IS NOT NULL THEN 1 ELSE 0 END AS dated,
    CASE WHEN t.actor_id IS NOT NULL THEN 1 ELSE 0 END AS filled
  FROM request t
  CROSS JOIN param p
  WHERE COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
  UNION ALL
  SELECT
    t.source_id, 'request.action_class' AS field, 'lax' AS bound, CASE WHEN t.ts_ms IS NOT NULL THEN 1 ELSE 0 END AS dated,
    CASE WHEN t.action_class IS NOT NULL THEN 1 ELSE 0 END AS filled
  FROM request t
  CROSS JOIN param p
  WHERE COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
  UNION ALL
  SELECT
    t.source_id, 'request.resource_id' AS field, 'lax' AS bound, CASE WHEN t.ts_ms IS NOT NULL THEN 1 ELSE 0 END AS dated,
    CASE WHEN t.resource_id IS NOT NULL THEN 1 ELSE 0 END AS filled
  FROM request t
  CROSS JOIN param p
  WHERE COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
  UNION ALL
  SELECT
    t.source_id, 'decision.ts_ms' AS field, 'strict' AS bound, 1 AS dated,
    CASE WHEN t.ts_ms IS NOT NULL THEN 1 ELSE 0 END AS filled
  FROM decision t
  CROSS JOIN param p
  WHERE COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
  UNION ALL
  SELECT
    t.source_id, 'decision.outcome' AS field, 'strict' AS bound, CASE WHEN t.ts_ms IS NOT NULL THEN 1 ELSE 0 END AS dated,
    CASE WHEN t.outcome IS NOT NULL THEN 1 ELSE 0 END AS filled
  FROM decision t
  CROSS JOIN param p
  WHERE COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
  UNION ALL
  SELECT
    t.source_id, 'decision.request_id' AS field, 'strict' AS bound, CASE WHEN t.ts_ms IS NOT NULL THEN 1 ELSE 0 END AS dated,
    CASE WHEN t.request_id IS NOT NULL THEN 1 ELSE 0 END AS filled
  FROM decision t
  CROSS JOIN param p
  WHERE COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
  UNION ALL
  SELECT
    t.source_id, 'decision.reviewer_id' AS field, 'strict' AS bound, CASE WHEN t.ts_ms IS NOT NULL THEN 1 ELSE 0 END AS dated,
    CASE WHEN t.reviewer_id IS NOT NULL THEN 1 ELSE 0 END AS filled
  FROM decision t
  CROSS JOIN param p
  WHERE COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(t.outcome, 'approve') IN ('approve', 'deny') AND COALESCE(t.reviewer_kind, 'human') = 'human'
  UNION ALL
  SELECT
    t.source_id, 'execution.ts_ms' AS field, 'strict' AS bound, 1 AS dated,
    CASE WHEN t.ts_ms IS NOT NULL THEN 1 ELSE 0 END AS filled
  FROM execution t
  CROSS JOIN param p
  WHERE COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
  UNION ALL
  SELECT
    t.source_id, 'execution.actor_id' AS field, 'strict' AS bound, CASE WHEN t.ts_ms IS NOT NULL THEN 1 ELSE 0 END AS dated,
    CASE WHEN t.actor_id IS NOT NULL THEN 1 ELSE 0 END AS filled
  FROM execution t
  CROSS JOIN param p
  WHERE COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
  UNION ALL
  SELECT
    t.source_id, 'execution.action_class' AS field, 'lax' AS bound, CASE WHEN t.ts_ms IS NOT NULL THEN 1 ELSE 0 END AS dated,
    CASE WHEN t.action_class IS NOT NULL THEN 1 ELSE 0 END AS filled
  FROM execution t
  CROSS JOIN param p
  WHERE COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
  UNION ALL
  SELECT
    t.source_id, 'execution.resource_id' AS field, 'lax' AS bound, CASE WHEN t.ts_ms IS NOT NULL THEN 1 ELSE 0 END AS dated,
    CASE WHEN t.resource_id IS NOT NULL THEN 1 ELSE 0 END AS filled
  FROM execution t
  CROSS JOIN param p
  WHERE COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
),
-- Records with a time, and those that may lie outside the period.
counted AS (
  SELECT
    source_id, field, bound,
    COUNT(CASE WHEN dated = 1 THEN 1 END) AS records,
    COUNT(CASE WHEN dated = 1 AND filled = 1 THEN 1 END) AS filled,
    COUNT(CASE WHEN dated = 0 AND filled = 1 THEN 1 END) AS loose_filled,
    COUNT(CASE WHEN dated = 0 AND filled = 0 THEN 1 END) AS loose_empty
  FROM stated
  WHERE source_id IS NOT NULL
  GROUP BY source_id, field, bound
),
bounded AS (
  SELECT
    c.source_id, c.field, c.records, c.filled, c.loose_filled, c.loose_empty,
    CASE WHEN c.bound = 'strict' THEN p.log_11_identity_time_permille ELSE p.log_11_others_permille END AS permille
  FROM counted c
  CROSS JOIN param p
),
judged AS (
  SELECT
    b.source_id, b.field, b.records, b.filled, b.permille,
    CASE
      WHEN (b.filled + b.loose_filled) * 1000 < (b.records + b.loose_filled) * b.permille THEN 1
      ELSE 0
    END AS surely,
    CASE WHEN b.filled * 1000 < (b.records + b.loose_empty) * b.permille THEN 1 ELSE 0 END AS perhaps
  FROM bounded b
)
SELECT
  j.source_id || ' ' || j.field AS subject_id,
  'field left empty too often' AS reason,
  j.source_id AS source,
  j.field AS field,
  j.filled AS records_with_the_field,
  j.records AS records,
  j.permille AS bound_per_mille
FROM judged j
WHERE j.surely = 1
