-- Approvals that surely are one of too many of one person within the window.
WITH approval AS (
  SELECT
    d.decision_id, d.ts_ms, d.ts_ms - d.ts_ms % p.rev_02_window_ms AS bucket_ms, 'all' AS everybody,
    d.reviewer_principal_ns AS ns, d.reviewer_principal_id AS person, d.reviewer_id, d.request_id,
    CASE
      WHEN d.outcome IS NULL THEN 'decision.outcome'
      WHEN d.phase IS NULL THEN 'decision.phase'
      WHEN d.reviewer_kind IS NULL THEN 'decision.reviewer_kind'
      WHEN d.reviewer_principal_id IS NULL THEN 'decision.reviewer_principal_id'
    END AS doubt
  FROM decision d
  CROSS JOIN param p
  WHERE COALESCE(d.ts_ms, p.period_start_ms) >= p.period_start_ms
    AND COALESCE(d.ts_ms, p.period_start_ms) < p.period_end_ms
    AND COALESCE(d.phase, 'pre') = 'pre'
    AND COALESCE(d.outcome, 'approve') = 'approve'
    AND COALESCE(d.reviewer_kind, 'human') = 'human'
    AND d.batch_id IS NULL
),
-- Each approval in its own stretch of time and in the one before, so that a window finds all that it may hold.
offered AS (
  SELECT a.decision_id, a.ts_ms, a.bucket_ms, a.ns, a.person, a.doubt
  FROM approval a
  UNION ALL
  SELECT a.decision_id, a.ts_ms, a.bucket_ms - p.rev_02_window_ms AS bucket_ms, a.ns, a.person, a.doubt
  FROM approval a
  CROSS JOIN param p
),
-- A window opens at every approval. Of those within it, which are surely the same person's, and which may be?
held AS (
  SELECT
    a.decision_id AS opener, b.decision_id AS member,
    CASE WHEN a.doubt IS NULL AND b.doubt IS NULL AND b.ns = a.ns THEN 1 ELSE 0 END AS surely,
    CASE
      WHEN a.doubt IS NOT NULL THEN a.doubt
      WHEN b.doubt IS NOT NULL THEN b.doubt
      WHEN b.ns = a.ns THEN NULL
      ELSE 'decision.reviewer_principal_ns'
    END AS doubt
  FROM approval a
  INNER JOIN offered b ON b.bucket_ms = a.bucket_ms
  CROSS JOIN param p
  WHERE b.ts_ms >= a.ts_ms
    AND b.ts_ms - a.ts_ms < p.rev_02_window_ms
    AND CASE WHEN b.ns = a.ns AND b.person <> a.person THEN 0 ELSE 1 END = 1
),
opened AS (
  SELECT opener, COUNT(*) AS perhaps, COUNT(CASE WHEN surely = 1 THEN 1 END) AS surely, MIN(doubt) AS doubt
  FROM held
  GROUP BY opener
),
member AS (
  SELECT h.member, MAX(o.surely) AS approvals
  FROM held h
  INNER JOIN opened o ON o.opener = h.opener
  WHERE h.surely = 1
  GROUP BY h.member
)
SELECT
  a.decision_id AS subject_id,
  'one of many approvals at once' AS reason,
  a.ts_ms AS decided_at_ms,
  m.approvals AS approvals_within_the_window,
  a.reviewer_id AS reviewer,
  a.request_id AS request
FROM approval a
INNER JOIN member m ON m.member = a.decision_id
CROSS JOIN param p
WHERE m.approvals >= p.rev_02_min_approvals
