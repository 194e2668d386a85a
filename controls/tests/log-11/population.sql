-- The fields that other tests need, by source: every field of which the source has a record. One is untestable where
-- records without a time would tell.
WITH request_count AS (
  SELECT
    t.source_id,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL THEN 1 END) AS dated,
    COUNT(CASE WHEN t.ts_ms IS NULL THEN 1 END) AS undated,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL AND t.actor_id IS NOT NULL THEN 1 END) AS actor_dated,
    COUNT(CASE WHEN t.ts_ms IS NULL AND t.actor_id IS NOT NULL THEN 1 END) AS actor_undated,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL AND t.action_class IS NOT NULL THEN 1 END) AS action_class_dated,
    COUNT(CASE WHEN t.ts_ms IS NULL AND t.action_class IS NOT NULL THEN 1 END) AS action_class_undated,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL AND t.resource_id IS NOT NULL THEN 1 END) AS resource_dated,
    COUNT(CASE WHEN t.ts_ms IS NULL AND t.resource_id IS NOT NULL THEN 1 END) AS resource_undated
  FROM request t
  CROSS JOIN param p
  WHERE t.source_id IS NOT NULL
    AND COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
  GROUP BY t.source_id
),
decision_count AS (
  SELECT
    t.source_id,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL THEN 1 END) AS dated,
    COUNT(CASE WHEN t.ts_ms IS NULL THEN 1 END) AS undated,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL AND t.outcome IS NOT NULL THEN 1 END) AS outcome_dated,
    COUNT(CASE WHEN t.ts_ms IS NULL AND t.outcome IS NOT NULL THEN 1 END) AS outcome_undated,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL AND t.request_id IS NOT NULL THEN 1 END) AS request_dated,
    COUNT(CASE WHEN t.ts_ms IS NULL AND t.request_id IS NOT NULL THEN 1 END) AS request_undated,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL AND COALESCE(t.outcome, 'approve') IN ('approve', 'deny') AND COALESCE(t.reviewer_kind, 'human') = 'human' THEN 1 END) AS asked_dated,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL AND COALESCE(t.outcome, 'approve') IN ('approve', 'deny') AND COALESCE(t.reviewer_kind, 'human') = 'human' AND t.reviewer_id IS NOT NULL THEN 1 END) AS named_dated,
    COUNT(CASE WHEN t.ts_ms IS NULL AND COALESCE(t.outcome, 'approve') IN ('approve', 'deny') AND COALESCE(t.reviewer_kind, 'human') = 'human' THEN 1 END) AS asked_undated,
    COUNT(CASE WHEN t.ts_ms IS NULL AND COALESCE(t.outcome, 'approve') IN ('approve', 'deny') AND COALESCE(t.reviewer_kind, 'human') = 'human' AND t.reviewer_id IS NOT NULL THEN 1 END) AS named_undated
  FROM decision t
  CROSS JOIN param p
  WHERE t.source_id IS NOT NULL
    AND COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
  GROUP BY t.source_id
),
execution_count AS (
  SELECT
    t.source_id,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL THEN 1 END) AS dated,
    COUNT(CASE WHEN t.ts_ms IS NULL THEN 1 END) AS undated,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL AND t.actor_id IS NOT NULL THEN 1 END) AS actor_dated,
    COUNT(CASE WHEN t.ts_ms IS NULL AND t.actor_id IS NOT NULL THEN 1 END) AS actor_undated,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL AND t.action_class IS NOT NULL THEN 1 END) AS action_class_dated,
    COUNT(CASE WHEN t.ts_ms IS NULL AND t.action_class IS NOT NULL THEN 1 END) AS action_class_undated,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL AND t.resource_id IS NOT NULL THEN 1 END) AS resource_dated,
    COUNT(CASE WHEN t.ts_ms IS NULL AND t.resource_id IS NOT NULL THEN 1 END) AS resource_undated
  FROM execution t
  CROSS JOIN param p
  WHERE t.source_id IS NOT NULL
    AND COALESCE(t.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(t.ts_ms, p.period_start_ms) < p.period_end_ms
  GROUP BY t.source_id
),
-- A record without a time may lie outside the period: `loose`. It lacks a time wherever it lies.
counted AS (
  SELECT source_id, 'request.ts_ms' AS field, 'strict' AS bound, dated + undated AS records, dated AS filled,
    0 AS loose_filled, 0 AS loose_empty
  FROM request_count
  UNION ALL
  SELECT source_id, 'request.actor_id' AS field, 'strict' AS bound, dated AS records, actor_dated AS filled,
    actor_undated AS loose_filled, undated - actor_undated AS loose_empty
  FROM request_count
  UNION ALL
  SELECT source_id, 'request.action_class' AS field, 'lax' AS bound, dated AS records, action_class_dated AS filled,
    action_class_undated AS loose_filled, undated - action_class_undated AS loose_empty
  FROM request_count
  UNION ALL
  SELECT source_id, 'request.resource_id' AS field, 'lax' AS bound, dated AS records, resource_dated AS filled,
    resource_undated AS loose_filled, undated - resource_undated AS loose_empty
  FROM request_count
  UNION ALL
  SELECT source_id, 'decision.ts_ms' AS field, 'strict' AS bound, dated + undated AS records, dated AS filled,
    0 AS loose_filled, 0 AS loose_empty
  FROM decision_count
  UNION ALL
  SELECT source_id, 'decision.outcome' AS field, 'strict' AS bound, dated AS records, outcome_dated AS filled,
    outcome_undated AS loose_filled, undated - outcome_undated AS loose_empty
  FROM decision_count
  UNION ALL
  SELECT source_id, 'decision.request_id' AS field, 'strict' AS bound, dated AS records, request_dated AS filled,
    request_undated AS loose_filled, undated - request_undated AS loose_empty
  FROM decision_count
  UNION ALL
  SELECT source_id, 'decision.reviewer_id' AS field, 'strict' AS bound, asked_dated AS records, named_dated AS filled,
    named_undated AS loose_filled, asked_undated - named_undated AS loose_empty
  FROM decision_count
  WHERE asked_dated + asked_undated > 0
  UNION ALL
  SELECT source_id, 'execution.ts_ms' AS field, 'strict' AS bound, dated + undated AS records, dated AS filled,
    0 AS loose_filled, 0 AS loose_empty
  FROM execution_count
  UNION ALL
  SELECT source_id, 'execution.actor_id' AS field, 'strict' AS bound, dated AS records, actor_dated AS filled,
    actor_undated AS loose_filled, undated - actor_undated AS loose_empty
  FROM execution_count
  UNION ALL
  SELECT source_id, 'execution.action_class' AS field, 'lax' AS bound, dated AS records, action_class_dated AS filled,
    action_class_undated AS loose_filled, undated - action_class_undated AS loose_empty
  FROM execution_count
  UNION ALL
  SELECT source_id, 'execution.resource_id' AS field, 'lax' AS bound, dated AS records, resource_dated AS filled,
    resource_undated AS loose_filled, undated - resource_undated AS loose_empty
  FROM execution_count
),
bounded AS (
  SELECT
    c.source_id, c.field, c.records, c.filled, c.loose_filled, c.loose_empty,
    CASE WHEN c.bound = 'strict' THEN p.log_11_identity_time_permille ELSE p.log_11_others_permille END AS permille
  FROM counted c
  CROSS JOIN param p
),
-- A count may have 32 bits: adding a zero of 64 to the factor makes the product one of 64.
judged AS (
  SELECT
    b.source_id, b.field, b.records, b.filled, b.permille,
    CASE
      WHEN (b.filled + b.loose_filled) * (1000 + p.period_end_ms * 0) < (b.records + b.loose_filled) * b.permille THEN 1
      ELSE 0
    END AS surely,
    CASE
      WHEN b.filled * (1000 + p.period_end_ms * 0) < (b.records + b.loose_empty) * b.permille THEN 1
      ELSE 0
    END AS perhaps
  FROM bounded b
  CROSS JOIN param p
)
SELECT
  j.source_id || ' ' || j.field AS subject_id,
  CASE
    WHEN j.surely = 1 OR j.perhaps = 0 THEN 'testable'
    WHEN j.field LIKE 'request.%' THEN 'untestable:request.ts_ms'
    WHEN j.field LIKE 'decision.%' THEN 'untestable:decision.ts_ms'
    ELSE 'untestable:execution.ts_ms'
  END AS testability
FROM judged j
