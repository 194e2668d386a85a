-- Requests, decisions, and executions, by source. They are untestable where records without a time would tell.
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
    COUNT(CASE WHEN t.ts_ms IS NOT NULL AND COALESCE(t.outcome, 'approve') IN ('approve', 'deny')
      AND COALESCE(t.reviewer_kind, 'human') = 'human' THEN 1 END) AS asked_dated,
    COUNT(CASE WHEN t.ts_ms IS NOT NULL AND t.reviewer_id IS NOT NULL AND COALESCE(t.outcome, 'approve') IN ('approve', 'deny')
      AND COALESCE(t.reviewer_kind, 'human') = 'human' THEN 1 END) AS reviewer_dated,
    COUNT(CASE WHEN t.ts_ms IS NULL AND COALESCE(t.outcome, 'approve') IN ('approve', 'deny')
      AND COALESCE(t.reviewer_kind, 'human') = 'human' THEN 1 END) AS asked_undated,
    COUNT(CASE WHEN t.ts_ms IS NULL AND t.reviewer_id IS NOT NULL AND COALESCE(t.outcome, 'approve') IN ('approve', 'deny')
      AND COALESCE(t.reviewer_kind, 'human') = 'human' THEN 1 END) AS reviewer_undated
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
-- A record without a time may lie outside the period, and lacks a time wherever it lies. `fields` are those that surely are
-- below their bound. (A count may have 32 bits: adding a zero of 64 to the factor makes the product one of 64.)
judged AS (
  SELECT
    c.source_id, 'request' AS kind, c.dated + c.undated AS records,
    CASE WHEN c.dated * (1000 + p.period_end_ms * 0) < (c.dated + c.undated) * p.log_11_identity_time_permille THEN 'ts_ms ' ELSE '' END
      || CASE WHEN (c.actor_dated + c.actor_undated) * (1000 + p.period_end_ms * 0) < (c.dated + c.actor_undated) * p.log_11_identity_time_permille THEN 'actor_id ' ELSE '' END
      || CASE WHEN (c.action_class_dated + c.action_class_undated) * (1000 + p.period_end_ms * 0) < (c.dated + c.action_class_undated) * p.log_11_others_permille THEN 'action_class ' ELSE '' END
      || CASE WHEN (c.resource_dated + c.resource_undated) * (1000 + p.period_end_ms * 0) < (c.dated + c.resource_undated) * p.log_11_others_permille THEN 'resource_id ' ELSE '' END AS fields,
    CASE WHEN c.actor_dated * (1000 + p.period_end_ms * 0) < (c.dated + c.undated - c.actor_undated) * p.log_11_identity_time_permille THEN 1 ELSE 0 END
      + CASE WHEN c.action_class_dated * (1000 + p.period_end_ms * 0) < (c.dated + c.undated - c.action_class_undated) * p.log_11_others_permille THEN 1 ELSE 0 END
      + CASE WHEN c.resource_dated * (1000 + p.period_end_ms * 0) < (c.dated + c.undated - c.resource_undated) * p.log_11_others_permille THEN 1 ELSE 0 END AS perhaps
  FROM request_count c
  CROSS JOIN param p
  UNION ALL
  SELECT
    c.source_id, 'decision' AS kind, c.dated + c.undated AS records,
    CASE WHEN c.dated * (1000 + p.period_end_ms * 0) < (c.dated + c.undated) * p.log_11_identity_time_permille THEN 'ts_ms ' ELSE '' END
      || CASE WHEN (c.outcome_dated + c.outcome_undated) * (1000 + p.period_end_ms * 0) < (c.dated + c.outcome_undated) * p.log_11_identity_time_permille THEN 'outcome ' ELSE '' END
      || CASE WHEN (c.request_dated + c.request_undated) * (1000 + p.period_end_ms * 0) < (c.dated + c.request_undated) * p.log_11_identity_time_permille THEN 'request_id ' ELSE '' END
      || CASE WHEN (c.reviewer_dated + c.reviewer_undated) * (1000 + p.period_end_ms * 0) < (c.asked_dated + c.reviewer_undated) * p.log_11_identity_time_permille THEN 'reviewer_id ' ELSE '' END AS fields,
    CASE WHEN c.outcome_dated * (1000 + p.period_end_ms * 0) < (c.dated + c.undated - c.outcome_undated) * p.log_11_identity_time_permille THEN 1 ELSE 0 END
      + CASE WHEN c.request_dated * (1000 + p.period_end_ms * 0) < (c.dated + c.undated - c.request_undated) * p.log_11_identity_time_permille THEN 1 ELSE 0 END
      + CASE WHEN c.reviewer_dated * (1000 + p.period_end_ms * 0) < (c.asked_dated + c.asked_undated - c.reviewer_undated) * p.log_11_identity_time_permille THEN 1 ELSE 0 END AS perhaps
  FROM decision_count c
  CROSS JOIN param p
  UNION ALL
  SELECT
    c.source_id, 'execution' AS kind, c.dated + c.undated AS records,
    CASE WHEN c.dated * (1000 + p.period_end_ms * 0) < (c.dated + c.undated) * p.log_11_identity_time_permille THEN 'ts_ms ' ELSE '' END
      || CASE WHEN (c.actor_dated + c.actor_undated) * (1000 + p.period_end_ms * 0) < (c.dated + c.actor_undated) * p.log_11_identity_time_permille THEN 'actor_id ' ELSE '' END
      || CASE WHEN (c.action_class_dated + c.action_class_undated) * (1000 + p.period_end_ms * 0) < (c.dated + c.action_class_undated) * p.log_11_others_permille THEN 'action_class ' ELSE '' END
      || CASE WHEN (c.resource_dated + c.resource_undated) * (1000 + p.period_end_ms * 0) < (c.dated + c.resource_undated) * p.log_11_others_permille THEN 'resource_id ' ELSE '' END AS fields,
    CASE WHEN c.actor_dated * (1000 + p.period_end_ms * 0) < (c.dated + c.undated - c.actor_undated) * p.log_11_identity_time_permille THEN 1 ELSE 0 END
      + CASE WHEN c.action_class_dated * (1000 + p.period_end_ms * 0) < (c.dated + c.undated - c.action_class_undated) * p.log_11_others_permille THEN 1 ELSE 0 END
      + CASE WHEN c.resource_dated * (1000 + p.period_end_ms * 0) < (c.dated + c.undated - c.resource_undated) * p.log_11_others_permille THEN 1 ELSE 0 END AS perhaps
  FROM execution_count c
  CROSS JOIN param p
)
SELECT
  j.source_id || ' ' || j.kind AS subject_id,
  CASE WHEN j.fields <> '' OR j.perhaps = 0 THEN 'testable' ELSE 'untestable:' || j.kind || '.ts_ms' END AS testability
FROM judged j
