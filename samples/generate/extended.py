"""A second reading of the extended tests that look at more than one item: people, groups of resources, fields of a source.

Like `oracle`, it reads the plan's facts, never a log. Its answers are counts: how many rows are for review or limit reliance
(`noted`), and how many items cannot be told (`untestable`, by test, source, and column).
"""

from collections import Counter, defaultdict

from moment import DAY

# Parameters of the base profile.
MIN_DECISIONS, SATURATED = 300, 99
MIN_APPROVALS, MOST = 50, 50
MIN_EACH, RECIPROCAL = 10, 80
EMERGENCIES, RARE = 3, 5
WAIT = DAY
LIFETIME = DAY
FILLED = 995


class Extended:
    """Answers for the whole plan. `group_of` gives the group of a request or an execution, None where its product logs none."""

    def __init__(self, plan, roster, end, group_of):
        self.plan = plan
        self.end = end
        self.roster = roster
        self.group_of = group_of
        self.noted = Counter()
        self.untestable = Counter()
        people = [d for d in plan.decisions if d.phase == "pre" and d.reviewer and roster.kind_of(d.reviewer, d.ts) == "human"]
        self.approvals = [d for d in people if d.outcome == "approve"]
        self.saturated([d for d in people if d.outcome in ("approve", "deny")])
        self.concentrated()
        self.reciprocal()
        self.emergencies()
        self.open_ended()
        self.named_targets()

    def person(self, actor, ms):
        return self.roster.principal(actor, ms) if actor else None

    def saturated(self, votes):
        """REV-03: whoever approves nearly everything."""
        decided, approved = Counter(), Counter()
        for vote in votes:
            who = self.person(vote.reviewer, vote.ts)
            decided[who] += 1
            approved[who] += vote.outcome == "approve"
        assert decided[None] < MIN_DECISIONS and max(decided.values()) + decided[None] < MIN_DECISIONS, "REV-03 has its occasion now"

    def concentrated(self):
        """REV-04: one person's groups. An approval of no known group may be of any."""
        groups, nowhere = defaultdict(Counter), Counter()
        for vote in self.approvals:
            who = self.person(vote.reviewer, vote.ts)
            assert who, vote
            group = self.group_of(vote.request)
            (nowhere if group is None else groups[group])[who] += 1
        loose = sum(nowhere.values())
        for group, given in groups.items():
            size = sum(given.values())
            if size >= MIN_APPROVALS and max(given.values()) * 100 > (size + loose) * MOST:
                self.noted["REV-04"] += 1
            elif any(self.most(given[who] + nowhere[who], size + nowhere[who], size + loose) for who in given | nowhere):
                self.untestable["REV-04", "", "request.resource_group"] += 1
        if any(self.most(count, count, loose) for count in nowhere.values()):
            self.untestable["REV-04", "", "request.resource_group"] += 1

    def most(self, own, size, at_most):
        """Tells whether somebody with `own` may have given most of a group that holds at least `size` and at most `at_most`."""
        return at_most >= MIN_APPROVALS and own * 100 > max(size, MIN_APPROVALS) * MOST

    def reciprocal(self):
        """SOD-07: two people who approve each other."""
        pairs, asked, unnamed = defaultdict(set), defaultdict(set), Counter()
        for vote in self.approvals:
            requester = self.person(vote.request.actor, vote.request.ts)
            if requester is None:
                unnamed["all"] += 1
                continue
            pairs[requester, self.person(vote.reviewer, vote.ts)].add(vote.request)
            asked[requester].add(vote.request)
        loose = unnamed["all"]
        assert loose < MIN_EACH, "the pair that nobody named has its occasion now"
        for (one, other), held in pairs.items():
            back = pairs.get((other, one), set())
            if one < other and min(len(held), len(back)) + loose >= MIN_EACH:
                shares = [(len(held), len(asked[one])), (len(back), len(asked[other]))]
                if all((count + loose) * 100 >= (of + loose) * RECIPROCAL for count, of in shares):
                    raise AssertionError(f"SOD-07 has a pair now: {one}, {other}")

    def emergencies(self):
        """BG-02: groups in which emergencies are no longer rare. Every product here says of a run whether it was one."""
        ran, urgent = Counter(), Counter()
        for run in self.plan.executions:
            group = self.group_of(run)
            ran[group] += 1
            urgent[group] += run.break_glass
        assert urgent[None] == 0, "an emergency of no known group"
        for group in ran:
            if urgent[group] >= EMERGENCIES and urgent[group] * 100 > ran[group] * RARE:
                assert urgent[group] * 100 > (ran[group] + ran[None]) * RARE, f"{group} cannot be told"
                self.noted["BG-02"] += 1

    def open_ended(self):
        """AUTHZ-11: approvals of which nothing came. Where runs that name no request may be it, nobody can tell."""
        closed = {run.request: run.ts for run in sorted(self.plan.executions, key=lambda run: -run.ts) if run.request and run.extra.get("link") != "orphan"}
        ends = [end for end in getattr(self.plan, "resolutions", [])] + [d for d in self.plan.decisions if d.outcome in ("deny", "expire", "revoke")]
        for end in sorted(ends, key=lambda end: -end.ts):
            closed[end.request] = min(end.ts, closed.get(end.request, end.ts))
        stray = [run.ts for run in self.plan.executions if run.request is None and run.extra.get("link", "none") != "none"]
        for vote in self.plan.decisions:
            if vote.phase != "pre" or vote.outcome not in ("approve", "auto_approve"):
                continue
            until = (vote.expires if vote.expires is not None else vote.ts + LIFETIME) + WAIT
            if closed.get(vote.request, until + 1) > until and until - WAIT < self.end:
                assert until < self.end, f"{vote} is pending"
                assert stray and max(stray) >= vote.ts and min(stray) <= until, f"{vote} came to nothing"
                self.untestable["AUTHZ-11", vote.source, "execution.request_id"] += 1

    def named_targets(self):
        """LOG-11: sources whose runs mostly don't say on what. Nothing else that the tests need is left empty."""
        runs, named = Counter(), Counter()
        for run in self.plan.executions:
            runs[run.source] += 1
            named[run.source] += bool(run.action.resource)
        for source in runs:
            self.noted["LOG-11"] += named[source] * 1_000 < runs[source] * FILLED
        self.noted = +self.noted
