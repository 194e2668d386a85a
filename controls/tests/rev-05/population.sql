-- Approvals by people, where it is stated who may approve what. One is untestable where a missing value decides
-- whether its reviewer might.
WITH approval AS (
  SELECT
    d.decision_id, d.ts_ms, d.outcome, d.phase, d.reviewer_kind, d.reviewer_id, d.request_id,
    d.reviewer_principal_ns AS ns, d.reviewer_principal_id AS person, 'all' AS everybody
  FROM decision d
  CROSS JOIN param p
  WHERE COALESCE(d.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(d.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'approve') = 'approve'
    AND COALESCE(d.reviewer_kind, 'human') = 'human'
),
-- Without any statement of authority nothing can be compared, and there is no item.
authority AS (
  SELECT 'all' AS everybody, g.principal_id
  FROM reviewer_grant g
),
stated AS (
  SELECT everybody, COUNT(*) AS grants
  FROM authority
  GROUP BY everybody
),
-- What the reviewer may approve, against what was asked.
fit AS (
  SELECT
    a.decision_id,
    CASE
      WHEN g.resource_group <> '*' AND g.resource_group <> r.resource_group THEN 'no'
      WHEN g.action_class <> '*' AND g.action_class <> r.action_class THEN 'no'
      WHEN a.ts_ms < g.valid_from_ms OR a.ts_ms >= g.valid_to_ms THEN 'no'
      WHEN g.resource_group IS NULL THEN 'reviewer_grant.resource_group'
      WHEN g.resource_group <> '*' AND r.resource_group IS NULL THEN 'request.resource_group'
      WHEN g.action_class IS NULL THEN 'reviewer_grant.action_class'
      WHEN g.action_class <> '*' AND r.action_class IS NULL THEN 'request.action_class'
      ELSE 'yes'
    END AS fits
  FROM approval a
  INNER JOIN reviewer_grant g ON g.principal_id = a.person
  LEFT JOIN request r ON r.request_id = a.request_id
  WHERE a.ns = 'people'
),
counted AS (
  SELECT
    decision_id,
    MAX(CASE WHEN fits = 'yes' THEN 1 ELSE 0 END) AS surely,
    MIN(CASE WHEN fits NOT IN ('yes', 'no') THEN fits END) AS doubt
  FROM fit
  GROUP BY decision_id
)
SELECT
  a.decision_id AS subject_id,
  CASE
    WHEN a.ts_ms IS NULL THEN 'untestable:decision.ts_ms'
    WHEN c.surely = 1 THEN 'testable'
    WHEN a.outcome IS NULL THEN 'untestable:decision.outcome'
    WHEN a.phase IS NULL THEN 'untestable:decision.phase'
    WHEN a.reviewer_kind IS NULL THEN 'untestable:decision.reviewer_kind'
    WHEN a.person IS NULL THEN 'untestable:decision.reviewer_principal_id'
    WHEN COALESCE(a.ns, 'unknown') <> 'people' THEN 'untestable:decision.reviewer_principal_ns'
    WHEN c.doubt IS NOT NULL THEN 'untestable:' || c.doubt
    ELSE 'testable'
  END AS testability
FROM approval a
INNER JOIN stated s ON s.everybody = a.everybody
LEFT JOIN counted c ON c.decision_id = a.decision_id
