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
-- Of whose requests did who approve how many? The two of a pair stand in the order of their names.
pair AS (
  SELECT
    ns, everybody,
    CASE WHEN requester < reviewer THEN requester ELSE reviewer END AS one,
    CASE WHEN requester < reviewer THEN reviewer ELSE requester END AS other,
    CASE WHEN requester < reviewer THEN request_id END AS of_one,
    CASE WHEN requester > reviewer THEN request_id END AS of_other
  FROM approval
  WHERE doubt IS NULL AND requester <> reviewer
),
held AS (
  SELECT
    ns, everybody, one, other, COUNT(DISTINCT of_one) AS first_held, COUNT(DISTINCT of_other) AS second_held
  FROM pair
  GROUP BY ns, everybody, one, other
),
-- All approved requests of a person, and the approvals that may be of more.
asked AS (
  SELECT
    ns, requester, COUNT(DISTINCT CASE WHEN doubt IS NULL THEN request_id END) AS requests,
    COUNT(CASE WHEN doubt IS NOT NULL THEN 1 END) AS loose, MIN(doubt) AS doubt
  FROM approval
  WHERE requester IS NOT NULL AND ns IS NOT NULL
  GROUP BY ns, requester
),
-- Whose request it was is not said; or it is said in several namespaces, so that nobody can tell who is who.
overall AS (
  SELECT
    everybody, COUNT(CASE WHEN doubt IS NOT NULL THEN 1 END) AS unclear, MIN(doubt) AS doubt,
    COUNT(CASE WHEN requester IS NULL OR ns IS NULL THEN 1 END) AS nobodys, COUNT(*) AS approvals,
    MIN(ns) AS first_ns, MAX(ns) AS last_ns
  FROM approval
  GROUP BY everybody
),
counted AS (
  SELECT
    h.ns, h.one, h.other, h.first_held, h.second_held,
    COALESCE(x.requests, 0) AS first_all, COALESCE(y.requests, 0) AS second_all,
    COALESCE(x.loose, 0) + CASE WHEN o.first_ns = o.last_ns THEN o.nobodys ELSE o.approvals END AS first_loose,
    COALESCE(y.loose, 0) + CASE WHEN o.first_ns = o.last_ns THEN o.nobodys ELSE o.approvals END AS second_loose,
    COALESCE(x.doubt, y.doubt, o.doubt, 'request.principal_ns') AS doubt
  FROM held h
  INNER JOIN overall o ON o.everybody = h.everybody
  LEFT JOIN asked x ON x.ns = h.ns AND x.requester = h.one
  LEFT JOIN asked y ON y.ns = h.ns AND y.requester = h.other
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
