-- Requests in which one person surely combined roles that must be apart.
WITH act AS (
  SELECT
    r.request_id, r.ts_ms, r.principal_id AS person, r.principal_ns AS ns, 'requester' AS part, 'request.ts_ms' AS undated,
    'none' AS doubt,
    CASE WHEN r.principal_id IS NULL THEN 'request.principal_id' ELSE 'request.principal_ns' END AS nobody
  FROM request r
  UNION ALL
  SELECT
    d.request_id, d.ts_ms, d.reviewer_principal_id AS person, d.reviewer_principal_ns AS ns, 'approver' AS part,
    'decision.ts_ms' AS undated,
    CASE WHEN d.outcome IS NULL THEN 'decision.outcome' ELSE 'none' END AS doubt,
    CASE
      WHEN d.reviewer_principal_id IS NULL THEN 'decision.reviewer_principal_id'
      ELSE 'decision.reviewer_principal_ns'
    END AS nobody
  FROM decision d
  WHERE COALESCE(d.outcome, 'approve') = 'approve'
  UNION ALL
  SELECT
    e.request_id, e.ts_ms, e.principal_id AS person, e.principal_ns AS ns, 'executor' AS part, 'execution.ts_ms' AS undated,
    'none' AS doubt,
    CASE WHEN e.principal_id IS NULL THEN 'execution.principal_id' ELSE 'execution.principal_ns' END AS nobody
  FROM execution e
),
-- What had happened by the end of the period.
acted AS (
  SELECT
    a.request_id, a.ts_ms, a.person, a.part, a.undated, a.doubt, a.nobody, 'all' AS everybody,
    CASE WHEN a.person IS NOT NULL AND a.ns = 'people' THEN 'yes' ELSE 'no' END AS known,
    CASE WHEN a.ts_ms >= p.period_start_ms THEN 1 ELSE 0 END AS surely,
    CASE WHEN COALESCE(a.ts_ms, p.period_start_ms) >= p.period_start_ms THEN 1 ELSE 0 END AS maybe
  FROM act a
  CROSS JOIN param p
  WHERE COALESCE(a.ts_ms, p.period_start_ms) < p.period_end_ms
    AND a.request_id IS NOT NULL
),
chain AS (
  SELECT
    request_id, MAX(surely) AS surely, MAX(maybe) AS maybe,
    MIN(CASE WHEN ts_ms IS NULL THEN undated END) AS undated
  FROM acted
  GROUP BY request_id
),
-- The parts that people played, and the roles that they held meanwhile.
had AS (
  SELECT a.request_id, a.person, a.part AS role, a.doubt
  FROM acted a
  WHERE a.known = 'yes'
  UNION ALL
  SELECT
    a.request_id, a.person, g.role,
    CASE
      WHEN a.doubt = 'none' AND a.ts_ms IS NULL AND (g.valid_from_ms IS NOT NULL OR g.valid_to_ms IS NOT NULL) THEN a.undated
      ELSE a.doubt
    END AS doubt
  FROM acted a
  INNER JOIN role_assignment g ON g.principal_id = a.person
  WHERE a.known = 'yes'
    AND (a.ts_ms IS NULL OR g.valid_from_ms IS NULL OR a.ts_ms >= g.valid_from_ms)
    AND (a.ts_ms IS NULL OR g.valid_to_ms IS NULL OR a.ts_ms < g.valid_to_ms)
),
-- Both roles held at one moment of the period: two spans and the period have a moment in common where each two have.
static AS (
  SELECT g.principal_id AS person, s.role_a, s.role_b
  FROM sod_rule s
  INNER JOIN role_assignment g ON g.role = s.role_a
  INNER JOIN role_assignment h ON h.role = s.role_b AND h.principal_id = g.principal_id
  CROSS JOIN param p
  WHERE s.mode = 'static'
    AND COALESCE(g.valid_from_ms, p.period_start_ms) < COALESCE(h.valid_to_ms, p.period_end_ms)
    AND COALESCE(h.valid_from_ms, p.period_start_ms) < COALESCE(g.valid_to_ms, p.period_end_ms)
    AND COALESCE(g.valid_from_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(h.valid_from_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(g.valid_to_ms, p.period_end_ms) > p.period_start_ms
    AND COALESCE(h.valid_to_ms, p.period_end_ms) > p.period_start_ms
),
conflict AS (
  SELECT
    x.request_id, x.person, s.role_a, s.role_b, 'duties that must be apart combined by one person' AS reason,
    CASE WHEN x.doubt = 'none' THEN y.doubt ELSE x.doubt END AS doubt
  FROM sod_rule s
  INNER JOIN had x ON x.role = s.role_a
  INNER JOIN had y ON y.role = s.role_b AND y.request_id = x.request_id AND y.person = x.person
  WHERE s.mode = 'dynamic'
  UNION ALL
  SELECT
    a.request_id, a.person, s.role_a, s.role_b, 'taken part in by a person who held conflicting roles' AS reason, a.doubt
  FROM static s
  INNER JOIN acted a ON a.person = s.person
  WHERE a.known = 'yes'
)
SELECT
  r.event_id AS subject_id,
  c.reason AS reason,
  r.ts_ms AS requested_at_ms,
  c.person AS accountable,
  c.role_a AS role,
  c.role_b AS conflicting_role
FROM conflict c
INNER JOIN chain k ON k.request_id = c.request_id
INNER JOIN request r ON r.request_id = c.request_id
WHERE c.doubt = 'none'
  AND k.surely = 1
