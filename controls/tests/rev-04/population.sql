-- Resource groups with enough approvals. One is untestable where approvals that do not say by whom, or of which group,
-- would tell; so is the group that nobody named.
WITH approval AS (
  SELECT
    r.resource_group, d.reviewer_principal_ns AS ns, d.reviewer_principal_id AS person, 'all' AS everybody,
    CASE
      WHEN d.outcome IS NULL THEN 'decision.outcome'
      WHEN d.phase IS NULL THEN 'decision.phase'
      WHEN d.reviewer_kind IS NULL THEN 'decision.reviewer_kind'
      WHEN d.ts_ms IS NULL THEN 'decision.ts_ms'
      WHEN d.request_id IS NULL THEN 'decision.request_id'
      WHEN r.resource_group IS NULL THEN 'request.resource_group'
      WHEN d.reviewer_principal_id IS NULL THEN 'decision.reviewer_principal_id'
      WHEN d.reviewer_principal_ns IS NULL THEN 'decision.reviewer_principal_ns'
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
given AS (
  SELECT resource_group, ns, person, COUNT(*) AS approvals
  FROM approval
  WHERE doubt IS NULL
  GROUP BY resource_group, ns, person
),
-- Who is who in another namespace nobody says, so that an approval from there may be anybody's.
of_namespace AS (
  SELECT resource_group, ns, COUNT(*) AS approvals
  FROM approval
  WHERE doubt IS NULL
  GROUP BY resource_group, ns
),
of_group AS (
  SELECT
    resource_group, everybody, COUNT(CASE WHEN doubt IS NULL THEN 1 END) AS approvals,
    COUNT(CASE WHEN doubt IS NOT NULL THEN 1 END) AS loose, MIN(doubt) AS doubt
  FROM approval
  WHERE resource_group IS NOT NULL
  GROUP BY resource_group, everybody
),
-- Approvals of no group that is known: by people who are, each of whom may have given them for one group, and by others.
nowhere AS (
  SELECT
    everybody, COUNT(*) AS loose, MIN(doubt) AS doubt
  FROM approval
  WHERE resource_group IS NULL
  GROUP BY everybody
),
nowhere_by AS (
  SELECT everybody, ns, person, COUNT(*) AS approvals
  FROM approval
  WHERE resource_group IS NULL AND person IS NOT NULL AND ns IS NOT NULL
  GROUP BY everybody, ns, person
),
nowhere_in AS (
  SELECT everybody, ns, COUNT(*) AS approvals
  FROM approval
  WHERE resource_group IS NULL AND person IS NOT NULL AND ns IS NOT NULL
  GROUP BY everybody, ns
),
candidate AS (
  SELECT resource_group, ns, person, approvals
  FROM given
  UNION ALL
  SELECT t.resource_group, b.ns, b.person, 0 AS approvals
  FROM of_group t
  INNER JOIN nowhere_by b ON b.everybody = t.everybody
),
named AS (
  SELECT resource_group, ns, person, MAX(approvals) AS own
  FROM candidate
  GROUP BY resource_group, ns, person
),
-- `theirs`: what may be the person's as well, of the group or of no group that is known.
counted AS (
  SELECT
    t.resource_group, t.approvals, t.loose + COALESCE(o.loose, 0) AS loose, COALESCE(t.doubt, o.doubt) AS doubt,
    v.person, COALESCE(v.own, 0) AS own, t.approvals - COALESCE(s.approvals, 0) AS elsewhere,
    t.loose + COALESCE(b.approvals, 0) + COALESCE(o.loose, 0) - COALESCE(i.approvals, 0) AS theirs
  FROM of_group t
  LEFT JOIN nowhere o ON o.everybody = t.everybody
  LEFT JOIN named v ON v.resource_group = t.resource_group
  LEFT JOIN of_namespace s ON s.resource_group = v.resource_group AND s.ns = v.ns
  LEFT JOIN nowhere_by b ON b.everybody = t.everybody AND b.ns = v.ns AND b.person = v.person
  LEFT JOIN nowhere_in i ON i.everybody = t.everybody AND i.ns = v.ns
),
-- A count may have 32 bits: adding a zero of 64 to the factor makes the product one of 64.
judged AS (
  SELECT
    c.resource_group, c.approvals, c.doubt, c.person, c.own,
    CASE
      WHEN c.approvals >= p.rev_04_min_n
        AND c.own * (100 + p.period_end_ms * 0) > (c.approvals + c.loose) * p.rev_04_max_share_percent THEN 1
      ELSE 0
    END AS surely,
    CASE
      WHEN c.approvals + c.loose >= p.rev_04_min_n
        AND (c.own + c.elsewhere + c.theirs) * (100 + p.period_end_ms * 0) > (c.approvals + c.theirs) * p.rev_04_max_share_percent
        AND (c.own + c.elsewhere + c.theirs) * (100 + p.period_end_ms * 0) > p.rev_04_min_n * p.rev_04_max_share_percent THEN 1
      ELSE 0
    END AS perhaps,
    CASE WHEN c.approvals >= p.rev_04_min_n THEN 1 ELSE 0 END AS enough
  FROM counted c
  CROSS JOIN param p
),
-- Of what names no group, how much one person may have given.
possible AS (
  SELECT b.everybody, b.approvals + o.loose - i.approvals AS approvals
  FROM nowhere_by b
  INNER JOIN nowhere o ON o.everybody = b.everybody
  INNER JOIN nowhere_in i ON i.everybody = b.everybody AND i.ns = b.ns
),
foremost AS (
  SELECT everybody, MAX(approvals) AS most
  FROM possible
  GROUP BY everybody
),
by_group AS (
  SELECT
    resource_group, MAX(surely) AS surely, MAX(perhaps) AS perhaps, MAX(enough) AS enough, MIN(doubt) AS doubt
  FROM judged
  GROUP BY resource_group
)
SELECT
  g.resource_group AS subject_id,
  CASE
    WHEN g.surely = 1 OR g.perhaps = 0 THEN 'testable'
    ELSE 'untestable:' || COALESCE(g.doubt, 'decision.reviewer_principal_ns')
  END AS testability
FROM by_group g
WHERE g.enough = 1 OR g.perhaps = 1
UNION ALL
SELECT
  'a group that is not known' AS subject_id,
  CASE
    WHEN o.loose >= p.rev_04_min_n
      AND COALESCE(f.most, o.loose) * (100 + p.period_end_ms * 0) > p.rev_04_min_n * p.rev_04_max_share_percent THEN 'untestable:' || o.doubt
    ELSE 'testable'
  END AS testability
FROM nowhere o
CROSS JOIN param p
LEFT JOIN foremost f ON f.everybody = o.everybody
