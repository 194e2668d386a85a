-- Pairs of people who surely approve most of what the other asks.
WITH approval AS (
  SELECT
    d.decision_id, d.request_id, r.principal_ns AS ns, r.principal_id AS requester,
    d.reviewer_principal_id AS reviewer, 'all' AS everybody,
    CASE
      WHEN d.outcome IS NULL THEN 'decision.outcome'
      WHEN d.phase IS NULL THEN 'decision.phase'
      WHEN d.reviewer_kind IS NULL THEN 'decision.reviewer_kind'
      WHEN d.ts_ms IS NULL THEN 'decision.ts_ms'
      WHEN d.request_id IS NULL THEN 'decision.request_id'
      WHEN r.principal_id IS NULL THEN 'request.principal_id'
      WHEN r.principal_ns IS NULL THEN 'request.principal_ns'
      WHEN d.reviewer_principal_id IS NULL THEN 'decision.reviewer_principal_id'
      WHEN COALESCE(d.reviewer_principal_ns, 'unknown') <> r.principal_ns THEN 'decision.reviewer_principal_ns'
    END AS doubt
  FROM decision d
  CROSS JOIN param p
  LEFT JOIN request r ON r.request_id = d.request_id
  WHERE COALESCE(d.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(d.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'approve') = 'approve'
    AND COALESCE(d.reviewer_kind, 'human') = 'human'
),
-- Of whose requests did who approve how many?
given AS (
  SELECT ns, requester, reviewer, COUNT(DISTINCT request_id) AS requests
  FROM approval
  WHERE doubt IS NULL
  GROUP BY ns, requester, reviewer
),
approved AS (
  SELECT ns, requester, COUNT(DISTINCT request_id) AS requests
  FROM approval
  WHERE doubt IS NULL
  GROUP BY ns, requester
),
-- Approvals that may be one of somebody's requests: of whose requester is known, of anybody's, and of other namespaces.
loose_of AS (
  SELECT ns, requester, COUNT(*) AS approvals, MIN(doubt) AS doubt
  FROM approval
  WHERE doubt IS NOT NULL AND requester IS NOT NULL AND ns IS NOT NULL
  GROUP BY ns, requester
),
loose_any AS (
  SELECT everybody, COUNT(*) AS approvals, MIN(doubt) AS doubt
  FROM approval
  WHERE doubt IS NOT NULL AND (requester IS NULL OR ns IS NULL)
  GROUP BY everybody
),
named AS (
  SELECT everybody, COUNT(*) AS approvals
  FROM approval
  WHERE requester IS NOT NULL AND ns IS NOT NULL
  GROUP BY everybody
),
within AS (
  SELECT ns, COUNT(*) AS approvals
  FROM approval
  WHERE requester IS NOT NULL AND ns IS NOT NULL
  GROUP BY ns
),
ordered AS (
  SELECT
    ns, 'all' AS everybody,
    CASE WHEN requester < reviewer THEN requester ELSE reviewer END AS one,
    CASE WHEN requester < reviewer THEN reviewer ELSE requester END AS other
  FROM given
  WHERE requester <> reviewer
),
pair AS (
  SELECT ns, everybody, one, other
  FROM ordered
  GROUP BY ns, everybody, one, other
),
-- `first_loose`: approvals that may be of the first one's requests, by whomever.
counted AS (
  SELECT
    q.ns, q.one, q.other,
    COALESCE(a.requests, 0) AS first_held, COALESCE(b.requests, 0) AS second_held,
    COALESCE(x.requests, 0) AS first_all, COALESCE(y.requests, 0) AS second_all,
    COALESCE(l.approvals, 0) + COALESCE(o.approvals, 0) + n.approvals - w.approvals AS first_loose,
    COALESCE(m.approvals, 0) + COALESCE(o.approvals, 0) + n.approvals - w.approvals AS second_loose,
    COALESCE(l.doubt, m.doubt, o.doubt, 'request.principal_ns') AS doubt
  FROM pair q
  INNER JOIN named n ON n.everybody = q.everybody
  INNER JOIN within w ON w.ns = q.ns
  LEFT JOIN given a ON a.ns = q.ns AND a.requester = q.one AND a.reviewer = q.other
  LEFT JOIN given b ON b.ns = q.ns AND b.requester = q.other AND b.reviewer = q.one
  LEFT JOIN approved x ON x.ns = q.ns AND x.requester = q.one
  LEFT JOIN approved y ON y.ns = q.ns AND y.requester = q.other
  LEFT JOIN loose_of l ON l.ns = q.ns AND l.requester = q.one
  LEFT JOIN loose_of m ON m.ns = q.ns AND m.requester = q.other
  LEFT JOIN loose_any o ON o.everybody = q.everybody
),
-- A count may have 32 bits: adding a zero of 64 to the factor makes the product one of 64.
judged AS (
  SELECT
    c.ns || ':' || c.one || ' | ' || c.other AS pair_id, c.one, c.other, c.first_held, c.first_all, c.second_held,
    c.second_all, c.doubt,
    CASE
      WHEN c.first_held >= p.sod_07_min_each
        AND c.second_held >= p.sod_07_min_each
        AND c.first_held * (100 + p.period_end_ms * 0) >= (c.first_all + c.first_loose) * p.sod_07_min_share_percent
        AND c.second_held * (100 + p.period_end_ms * 0) >= (c.second_all + c.second_loose) * p.sod_07_min_share_percent THEN 1
      ELSE 0
    END AS surely,
    CASE
      WHEN c.first_held + c.first_loose >= p.sod_07_min_each
        AND c.second_held + c.second_loose >= p.sod_07_min_each
        AND (c.first_held + c.first_loose) * (100 + p.period_end_ms * 0) >= (c.first_all + c.first_loose) * p.sod_07_min_share_percent
        AND (c.second_held + c.second_loose) * (100 + p.period_end_ms * 0) >= (c.second_all + c.second_loose) * p.sod_07_min_share_percent THEN 1
      ELSE 0
    END AS perhaps
  FROM counted c
  CROSS JOIN param p
)
SELECT
  j.pair_id AS subject_id,
  'two people who approve each other' AS reason,
  j.one AS first_person,
  j.other AS second_person,
  j.first_held AS requests_of_the_first_approved_by_the_second,
  j.first_all AS requests_of_the_first_approved,
  j.second_held AS requests_of_the_second_approved_by_the_first,
  j.second_all AS requests_of_the_second_approved
FROM judged j
WHERE j.surely = 1
