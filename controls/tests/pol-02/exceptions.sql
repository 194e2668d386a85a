-- Approvals and denials under a version that is not listed, or was not in force.
WITH decided AS (
  SELECT d.decision_id, d.ts_ms, d.outcome, d.reviewer_id, d.request_id, d.policy_digest, 'all' AS everybody
  FROM decision d
  CROSS JOIN param p
  WHERE COALESCE(d.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(d.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(d.outcome, 'approve') IN ('approve', 'auto_approve', 'deny')
),
-- Without any list of approved versions nothing can be compared, and there is no item.
listed AS (
  SELECT 'all' AS everybody, v.policy_digest
  FROM policy_version v
),
stated AS (
  SELECT everybody, COUNT(*) AS versions
  FROM listed
  GROUP BY everybody
),
-- What the list says of the version: was it in force then?
judged AS (
  SELECT
    d.decision_id,
    MAX(CASE
      WHEN d.ts_ms < v.valid_from_ms OR d.ts_ms >= v.valid_to_ms + p.pol_02_overlap_ms THEN 0
      ELSE 1
    END) AS in_force
  FROM decided d
  INNER JOIN policy_version v ON v.policy_digest = d.policy_digest
  CROSS JOIN param p
  GROUP BY d.decision_id
)
SELECT
  d.decision_id AS subject_id,
  CASE
    WHEN j.decision_id IS NULL THEN 'decided under rules that nobody approved'
    ELSE 'decided under rules that were not in force'
  END AS reason,
  d.ts_ms AS decided_at_ms,
  d.reviewer_id AS reviewer,
  d.outcome AS outcome,
  d.policy_digest AS version,
  d.request_id AS request
FROM decided d
INNER JOIN stated s ON s.everybody = d.everybody
LEFT JOIN judged j ON j.decision_id = d.decision_id
WHERE d.policy_digest IS NOT NULL
  AND COALESCE(j.in_force, 0) = 0
