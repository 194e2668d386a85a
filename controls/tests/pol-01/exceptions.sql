-- Changes of approval rules by an agent, or that no second person had surely approved.
WITH changed AS (
  SELECT
    c.id, c.source_id, c.ts_ms, c.actor_id, c.actor_kind, c.principal_id AS person, c.principal_ns AS ns, c.to_digest,
    c.kind AS what, c.request_id, c.requests_complete, 'all' AS everybody
  FROM policy_change c
  CROSS JOIN param p
  WHERE COALESCE(c.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(c.ts_ms, p.period_start_ms) < p.period_end_ms
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
-- Approvals on the request of a change, and what took them back, where that came first.
vote AS (
  SELECT
    c.id, d.ts_ms,
    CASE
      WHEN d.ts_ms > c.ts_ms + p.clock_tolerance_ms OR (d.ts_ms > c.ts_ms AND d.source_id = c.source_id) THEN 'no'
      WHEN d.outcome IN ('deny', 'revoke') THEN 'against'
      WHEN d.reviewer_principal_id = c.person AND d.reviewer_principal_ns = c.ns THEN 'no'
      WHEN d.ts_ms IS NULL THEN 'decision.ts_ms'
      WHEN d.ts_ms > c.ts_ms - p.clock_tolerance_ms AND COALESCE(d.source_id, 'one') <> COALESCE(c.source_id, 'another')
        THEN 'decision.ts_ms'
      WHEN d.outcome IS NULL THEN 'decision.outcome'
      WHEN d.phase IS NULL THEN 'decision.phase'
      WHEN d.reviewer_kind IS NULL THEN 'decision.reviewer_kind'
      WHEN d.reviewer_principal_id IS NULL THEN 'decision.reviewer_principal_id'
      WHEN c.person IS NULL THEN 'policy_change.principal_id'
      WHEN COALESCE(d.reviewer_principal_ns, 'unknown') <> COALESCE(c.ns, 'none') THEN 'decision.reviewer_principal_ns'
      ELSE 'yes'
    END AS says
  FROM changed c
  INNER JOIN decision d ON d.request_id = c.request_id
  CROSS JOIN param p
  WHERE COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'approve') IN ('approve', 'deny', 'revoke')
    AND (d.outcome IN ('deny', 'revoke') OR COALESCE(d.reviewer_kind, 'human') = 'human')
),
voted AS (
  SELECT
    id,
    MAX(CASE WHEN says = 'yes' THEN ts_ms END) AS approved_ms,
    MAX(CASE WHEN says = 'against' THEN ts_ms END) AS refused_ms,
    MAX(CASE WHEN says = 'against' THEN 1 ELSE 0 END) AS refused,
    MAX(CASE WHEN says = 'against' AND ts_ms IS NULL THEN 1 ELSE 0 END) AS undated,
    MIN(CASE WHEN says NOT IN ('yes', 'no', 'against') THEN says END) AS doubt
  FROM vote
  GROUP BY id
),
-- What the list of approved versions says of the new version.
version AS (
  SELECT
    c.id,
    CASE
      WHEN c.ts_ms < v.valid_from_ms OR c.ts_ms >= v.valid_to_ms THEN 'no'
      WHEN v.approved_by = c.person AND c.ns = 'people' THEN 'no'
      WHEN v.approved_by IS NULL THEN 'policy_version.approved_by'
      WHEN c.person IS NULL THEN 'policy_change.principal_id'
      WHEN COALESCE(c.ns, 'unknown') <> 'people' THEN 'policy_change.principal_ns'
      ELSE 'yes'
    END AS says
  FROM changed c
  INNER JOIN policy_version v ON v.policy_digest = c.to_digest
),
vouched AS (
  SELECT
    id,
    MAX(CASE WHEN says = 'yes' THEN 1 ELSE 0 END) AS surely,
    MIN(CASE WHEN says NOT IN ('yes', 'no') THEN says END) AS doubt
  FROM version
  GROUP BY id
),
judged AS (
  SELECT
    c.id, c.ts_ms, c.actor_id, c.actor_kind, c.what, c.request_id, c.to_digest,
    CASE
      WHEN c.actor_kind = 'agent' THEN 'agent'
      WHEN v.surely = 1
        OR (o.approved_ms IS NOT NULL AND o.refused = 0)
        OR (o.undated = 0 AND o.approved_ms > o.refused_ms)
      THEN CASE WHEN c.actor_kind IS NULL THEN 'policy_change.actor_kind' ELSE 'approved' END
      WHEN v.doubt IS NOT NULL THEN v.doubt
      WHEN o.doubt IS NOT NULL THEN o.doubt
      WHEN o.approved_ms IS NOT NULL AND (o.undated = 1 OR o.approved_ms = o.refused_ms) THEN 'decision.ts_ms'
      WHEN c.request_id IS NOT NULL AND COALESCE(c.requests_complete, FALSE) = FALSE THEN 'policy_change.requests_complete'
      WHEN c.to_digest IS NULL THEN 'policy_change.to_digest'
      ELSE 'unapproved'
    END AS says
  FROM changed c
  INNER JOIN stated s ON s.everybody = c.everybody
  LEFT JOIN vouched v ON v.id = c.id
  LEFT JOIN voted o ON o.id = c.id
)
SELECT
  j.id AS subject_id,
  CASE
    WHEN j.says = 'agent' THEN 'approval rules changed by an agent'
    ELSE 'approval rules changed without approval by another person'
  END AS reason,
  j.ts_ms AS changed_at_ms,
  j.actor_id AS actor,
  j.actor_kind AS kind_of_actor,
  j.what AS what,
  j.request_id AS request,
  j.to_digest AS new_version
FROM judged j
WHERE j.says IN ('agent', 'unapproved')
