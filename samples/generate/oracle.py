"""A second reading of the tests' definitions, on the plan's facts.

It never sees a log, and shares nothing with the Rust program: where its answer and the plan's own notes differ, the
generator stops. That catches the side effects of a planted case, and an ordinary case that is not so ordinary.
"""

from collections import defaultdict
from fnmatch import fnmatchcase

from model import digest
from moment import HOUR, at

TOLERANCE = 2_000
DEFAULT_TTL = 24 * HOUR
MAX_REVIEW = 72 * HOUR
REVOKED_GRACE = HOUR // 60
LEAVER_GRACE = 4 * HOUR
STANDING = 8 * HOUR
MIN_REASON = 10
DESTRUCTIVE_QUORUM = 2
TEMPORARY = 12 * HOUR


class Roster:
    """Roster rows as the workspace has them."""

    def __init__(self, rows):
        self.rows = defaultdict(list)
        self.owner = {}
        self.kind = {}
        self.of_person = defaultdict(list)
        for person, _, kind, owner, ns, alias, since, until, reviews in rows:
            span = (at(since) if since else None, at(until) if until else None)
            self.rows[ns, alias].append((person, *span))
            self.of_person[person].append((*span, {group for group in reviews.split(";") if group}))
            self.owner[person] = owner
            self.kind[person] = kind

    def lookup(self, actor, ms):
        """Returns the roster names of an identity at a moment: none, one, or several."""
        found = {p for p, since, until in self.rows[actor.ns, actor.id] if (since is None or since <= ms) and (until is None or ms < until)}
        return sorted(found)

    def left(self, actor, ms):
        """Returns when everybody whom an identity stood for had left, or None."""
        gone = {p for p, _, until in self.rows[actor.ns, actor.id] if until is not None and until <= ms}
        spans = [(since, until) for p in gone for since, until, _ in self.of_person[p]]
        if any((since is None or since <= ms) and (until is None or ms < until) for since, until in spans):
            return None
        return max((until for _, until in spans if until is not None and until <= ms), default=None)

    def may_review(self, person, ms):
        """Returns the resource groups that a person may approve for at a moment."""
        groups = set()
        for since, until, reviews in self.of_person[person]:
            if (since is None or since <= ms) and (until is None or ms < until):
                groups |= reviews
        return groups

    def principal(self, actor, ms):
        """Returns the accountable person, or None where the roster names nobody or several."""
        found = self.lookup(actor, ms)
        if len(found) != 1:
            return None
        person = found[0]
        while self.owner[person]:
            person = self.owner[person]
        return person

    def kind_of(self, actor, ms):
        """Returns the kind by the roster, else as the product states it."""
        found = self.lookup(actor, ms)
        return self.kind[found[0]] if len(found) == 1 else actor.kind


class Oracle:
    """Answers, for each test, which items are exceptions, untestable, or pending."""

    def __init__(self, plan, rows, gated, as_of):
        self.plan = plan
        self.roster = Roster(rows)
        self.gated = gated
        self.as_of = as_of
        self.votes = defaultdict(list)
        for decision in sorted(plan.decisions, key=lambda d: d.ts):
            self.votes[decision.request].append(decision)
        self.found = defaultdict(set)
        self.untestable = defaultdict(set)
        self.pending = defaultdict(set)
        self.sessions = {session.execution: session for session in getattr(plan, "sessions", []) if session.execution}
        for execution in plan.executions:
            self.execution(execution)
        self.reuse()
        for decision in plan.decisions:
            if decision.outcome == "approve" and decision.phase == "pre":
                self.separation(decision)
                self.authority(decision)
            if decision.outcome in ("approve", "auto_approve") and decision.phase == "pre":
                self.standing(decision)
            forced = decision.extra.get("forced", False)
            if decision.outcome == "deny" or (decision.outcome == "approve" and forced):
                self.excuse(decision)
        for item in plan.requests + plan.executions:
            if len(self.roster.lookup(item.actor, item.ts)) != 1:
                self.found["AGT-01"].add(item)
        for request in plan.requests:
            self.reason(request, "request", self.asked_because(request))
            self.actor(request, request.actor, "request.identity")
        for execution in plan.executions:
            self.actor(execution, execution.actor, "execution.identity")
        for decision in plan.decisions:
            if decision.reviewer is not None:
                self.actor(decision, decision.reviewer, "decision.reviewer_identity")

    def actor(self, item, actor, column):
        """Applies REV-06 and AGT-02 to whoever asked, decided, or ran something."""
        known = len(self.roster.lookup(actor, item.ts)) == 1
        left = None if known else self.roster.left(actor, item.ts)
        if left is not None:
            if item.ts - left > LEAVER_GRACE:
                self.found["REV-06"].add(item)
        elif not known:
            self.untestable["REV-06", item.source, column].add(item)
        # Hoop never says what an identity is, and Teleport does so for sessions only.
        unsaid = not known and (item.source == "hoop" or column == "request.identity" and item.source == "teleport")
        if unsaid or self.roster.kind_of(actor, item.ts) != "human":
            if not known:
                self.untestable["AGT-02", item.source, column].add(item)
            elif self.roster.principal(actor, item.ts) is None:
                self.found["AGT-02"].add(item)

    def asked_because(self, request):
        """Returns the reason of a request, None where the product does not log it."""
        return None if request.source == "hoop" else request.reason

    def excuse(self, decision):
        """Applies REV-09 to a denial, or to an approval under break-glass."""
        # A click on a Slack button carries no reason, and hoop asks for none in an emergency; a rejection in hoop
        # always has the rejecter's words, which are the product module's.
        silent = decision.source == "slack-approvals" or decision.extra.get("forced", False)
        if silent or decision.source != "hoop":
            self.reason(decision, "decision", None if silent else decision.reason)

    def reason(self, item, table, text):
        """Applies REV-09; `text` is None where the product does not log it."""
        if text is None:
            self.untestable["REV-09", item.source, f"{table}.reason"].add(item)
        elif len(text) < MIN_REASON:
            self.found["REV-09"].add(item)

    def authority(self, decision):
        """Applies REV-05 to one approval. Teleport does not say which group its roles belong to."""
        if self.roster.kind_of(decision.reviewer, decision.ts) != "human":
            return
        groups = self.roster.may_review(self.roster.principal(decision.reviewer, decision.ts), decision.ts)
        if "*" in groups:
            return
        if groups and decision.source == "teleport":
            self.untestable["REV-05", decision.source, "request.resource_group"].add(decision)
        elif decision.request.action.group not in groups:
            self.found["REV-05"].add(decision)

    def standing(self, decision):
        """Applies STD-01 to one approval: a click states an end and no scope, and Teleport opens a window."""
        if decision.source == "slack-approvals" and decision.expires - decision.ts > STANDING:
            self.untestable["STD-01", decision.source, "decision.scope"].add(decision)
        if decision.source == "teleport" and decision.request.extra["access_until"] - decision.ts > STANDING:
            self.found["STD-01"].add(decision)

    def rule(self, execution):
        """Returns the quorum of the first rule that matches, 0 where it asks for no approval."""
        action = execution.action
        facts = {
            "action_class": action.klass,
            "env": action.env,
            "source": execution.source,
            "resource": action.resource,
            "actor_kind": self.roster.kind_of(execution.actor, execution.ts),
        }
        for rule in self.gated:
            tests = {k: v for k, v in rule.items() if k in facts}
            if all(any(fnmatchcase(str(facts[k]), pattern) for pattern in v) for k, v in tests.items()):
                return rule.get("quorum", 1) if rule.get("approval", True) else 0
        raise AssertionError(f"no rule for {execution}")

    def before(self, decision, execution):
        """Tells whether the decision came at or before the run. The plan keeps clear of what nobody could tell."""
        if decision.source != execution.source:
            assert abs(decision.ts - execution.ts) > 5 * TOLERANCE, (decision, execution)
        assert decision.ts <= execution.ts or decision.ts >= execution.ended, (decision, execution)
        return decision.ts <= execution.ts

    def effective(self, decisions, execution, in_time=True):
        """Returns the principals whose latest vote before the run is an approval that counts."""
        request = execution.request
        requester = self.roster.principal(request.actor, request.ts)
        latest = {}
        for decision in decisions:
            if decision.phase == "pre" and decision.outcome in ("approve", "deny", "revoke"):
                latest[decision.reviewer.ns, decision.reviewer.id] = decision
        people = set()
        for decision in latest.values():
            if decision.outcome != "approve":
                continue
            person = self.roster.principal(decision.reviewer, decision.ts)
            human = self.roster.kind_of(decision.reviewer, decision.ts) == "human"
            assert person and requester, decision
            current = decision.expires is None or execution.ts < decision.expires
            if human and person != requester and (current or not in_time):
                people.add(person)
        return people

    def execution(self, run):
        """Applies AUTHZ-01, -02, -03, -04, -06, and BG-01 to one execution."""
        votes = self.votes[run.request] if run.request else []
        earlier = [d for d in votes if self.before(d, run)]
        later = [d for d in votes if not self.before(d, run)]
        approvals = [d for d in earlier if d.outcome == "approve" and d.phase == "pre"]
        if any(d.outcome == "revoke" and d.source == "hoop" and run.ts - d.ts > REVOKED_GRACE for d in earlier):
            self.found["AUTHZ-05"].add(run)
        quorum = self.rule(run)
        self.hands(run, votes)
        if run.break_glass:
            self.break_glass(run, votes)
        if any(d.outcome == "deny" and d.phase == "pre" for d in votes):
            words = [d for d in earlier if d.phase == "pre" and d.outcome in ("approve", "auto_approve", "deny")]
            if words and words[-1].outcome == "deny":
                self.found["AUTHZ-04"].add(run)
        if quorum == 0:
            return
        if not run.break_glass:
            self.approval(run, votes, earlier, later, quorum)
            self.destroyed(run, earlier)
        if approvals:
            if all((d.expires if d.expires is not None else d.ts + DEFAULT_TTL) <= run.ts for d in approvals):
                self.found["AUTHZ-03"].add(run)
            self.command(run, approvals)

    def approval(self, run, votes, earlier, later, quorum):
        """Applies AUTHZ-01, AUTHZ-02, AUTHZ-07, and SOD-04."""
        if run.request is None:
            self.found["AUTHZ-01"].add(run)
            return
        people = self.effective(earlier, run)
        self.target(run)
        if run.request.quorum is None:
            self.untestable["SOD-04", run.source, "execution.quorum"].add(run)
        elif len(people) < max(quorum, run.request.quorum, 2) <= max(quorum, run.request.quorum):
            self.found["SOD-04"].add(run)
        if run.request.quorum is None:
            if people:
                self.untestable["AUTHZ-01", run.source, "execution.quorum"].add(run)
            else:
                self.found["AUTHZ-01"].add(run)
        elif len(people) < max(quorum, run.request.quorum):
            self.found["AUTHZ-01"].add(run)
        if any(d.outcome == "approve" and d.phase == "pre" for d in votes):
            if not people and self.effective(later, run):
                self.found["AUTHZ-02"].add(run)

    def hands(self, run, votes):
        """Applies SOD-05 and AUTHZ-09: whose hands carried out what was asked."""
        kind = self.roster.kind_of(run.actor, run.ts)
        person = self.roster.principal(run.actor, run.ts)
        doubts = set()
        for decision in votes:
            if decision.outcome != "approve" or decision.phase != "pre":
                continue
            one_login = (decision.reviewer.ns, decision.reviewer.id) == (run.actor.ns, run.actor.id)
            if not one_login and person is None:
                doubts.add("execution.principal_id")
            elif not one_login and person != self.roster.principal(decision.reviewer, decision.ts):
                continue
            elif not one_login and kind == "service":
                # Its owner approved; who set it going is in no log.
                doubts.add("execution.actor_id")
            else:
                self.found["SOD-05"].add(run)
        if doubts and run not in self.found["SOD-05"]:
            self.untestable["SOD-05", run.source, min(doubts)].add(run)
        if run.request and kind != "service":
            self.theirs(run, person)

    def theirs(self, run, person):
        """Applies AUTHZ-09 to a run of a person or an agent."""
        request = run.request
        if (request.actor.ns, request.actor.id) == (run.actor.ns, run.actor.id):
            return
        people = {self.roster.principal(actor, request.ts) for actor in (request.actor, request.beneficiary) if actor}
        assert person and None not in people, run
        if person not in people:
            self.found["AUTHZ-09"].add(run)

    def destroyed(self, run, earlier):
        """Applies DAT-03: emptying or dropping takes two people, changing rows by a condition does not."""
        words = run.action.command.upper().split()
        whole = words[:1] in (["TRUNCATE"], ["DROP"]) or (words[:2] == ["DELETE", "FROM"] and "WHERE" not in words)
        session = self.sessions.get(run)
        connected = run.action.klass == "access" or (session and session.verb == "connect")
        unseen = session and session.listed
        if connected or not (whole or unseen):
            return
        if run.request is None or len(self.effective(earlier, run)) < DESTRUCTIVE_QUORUM:
            if unseen:
                self.untestable["DAT-03", run.source, "execution.destructive"].add(run)
            else:
                self.found["DAT-03"].add(run)

    def reuse(self):
        """Applies AUTHZ-08: what the gate itself ran after an approval for once, up to the next approval."""
        runs = defaultdict(list)
        for run in self.plan.executions:
            if run.request:
                runs[run.request].append(run)
        for request, ran in runs.items():
            own = [run for run in ran if run.source == request.source] or ran
            votes = [d for d in self.votes[request] if d.phase == "pre" and d.outcome in ("approve", "auto_approve")]
            latest = [max((d.ts for d in votes if d.ts <= run.ts), default=None) for run in own]
            for vote in votes:
                # Teleport, Entra, and time-limited reviews of hoop open a window.
                windowed = vote.source in ("teleport", "entra") or (vote.source == "hoop" and vote.expires)
                assert windowed or latest.count(vote.ts) <= 1, f"{vote}: say what AUTHZ-08 makes of it"

    def target(self, run):
        """Applies AUTHZ-07. Names of two products do not compare, and a role is not what it opens."""
        asked = run.request.action
        if run.action.resource == asked.resource:
            return
        if run.source != run.request.source or asked.klass == "access":
            self.untestable["AUTHZ-07", run.source, "request.resource_id"].add(run)
        else:
            self.found["AUTHZ-07"].add(run)

    def command(self, run, approvals):
        """Applies AUTHZ-06."""
        if run.digest is None:
            self.untestable["AUTHZ-06", run.source, "execution.command_digest"].add(run)
            return
        approved = set()
        for decision in approvals:
            edited = decision.extra.get("edited")
            approved.add(digest(edited.command) if edited else decision.digest)
        if run.digest not in approved:
            self.found["AUTHZ-06"].add(run)

    def break_glass(self, run, votes):
        """Applies BG-01."""
        involved = {self.roster.principal(run.actor, run.ts)}
        if run.request:
            involved.add(self.roster.principal(run.request.actor, run.request.ts))
        for decision in votes:
            if decision.phase != "post" or self.roster.kind_of(decision.reviewer, decision.ts) != "human":
                continue
            self.own_review(run, decision)
            other = self.roster.principal(decision.reviewer, decision.ts) not in involved
            if other and run.ts < decision.ts <= run.ts + MAX_REVIEW:
                return
        late = run.ts + MAX_REVIEW > self.as_of
        (self.pending if late else self.found)["BG-01"].add(run)

    def own_review(self, run, decision):
        """Applies BG-03 to a review by a person."""
        if self.roster.principal(decision.reviewer, decision.ts) == self.roster.principal(run.actor, run.ts):
            self.found["BG-03"].add(decision)

    def separation(self, decision):
        """Applies SOD-01, SOD-02, and SOD-03 to one approval."""
        request, reviewer = decision.request, decision.reviewer
        if (reviewer.ns, reviewer.id) == (request.actor.ns, request.actor.id):
            self.found["SOD-01"].add(decision)
        person = self.roster.principal(reviewer, decision.ts)
        requester = self.roster.principal(request.actor, request.ts)
        assert person and requester, decision
        beneficiary = request.beneficiary and self.roster.principal(request.beneficiary, request.ts)
        if person in (requester, beneficiary):
            self.found["SOD-02"].add(decision)
        if self.roster.kind_of(reviewer, decision.ts) != "human":
            self.found["SOD-03"].add(decision)

    def check_against(self, expected, pending):
        """Stops unless the plan's own notes are exactly what the definitions say."""
        noted = {(e.test, e.item) for e in expected}
        told = {(test, item) for test, items in self.found.items() for item in items}
        missing = [(t, i) for t, i in told - noted]
        extra = [(t, i) for t, i in noted - told]
        if missing or extra:
            raise AssertionError(f"the definitions say, the plan does not: {missing}\nthe plan says, the definitions do not: {extra}")
        late = {(test, item) for test, items in self.pending.items() for item in items}
        if late != set(pending):
            raise AssertionError(f"pending: {late} against {pending}")
