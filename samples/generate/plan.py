"""The plan: what happened at the invented company in one period, as facts without a log format.

`Plan` keeps the facts and hands out free milliseconds; `traffic` adds the ordinary days, `planted` the exceptions.
"""

import random

from model import Actor, Decision, Execution, Expected, Request, Resolution, digest
from moment import DAY, HOUR, MINUTE, SECOND
from people import GATE, SLACK, TELEPORT


class HoopSession:
    """One hoop session: at most one review with group rows, and at most one run."""

    def __init__(self, actor, action, start, verb="exec"):
        self.actor = actor
        self.action = action
        self.start = start
        self.verb = verb
        self.id = ""
        self.request = None
        self.decisions = []
        self.execution = None
        self.asked = []
        self.kind = "onetime"
        self.duration = 0
        self.status = "done"
        self.review_status = None
        self.listed = False

    def digest(self):
        """Returns the digest of the script, where hoop logs it: not in a `connect` session, and not in the list form."""
        return digest(self.action.command) if self.verb == "exec" and not self.listed else None


class Plan:
    """All facts of one workspace."""

    def __init__(self, seed, start, end, people):
        self.rng = random.Random(seed)
        self.start = start
        self.end = end
        self.people = people
        self.requests = []
        self.decisions = []
        self.executions = []
        self.resolutions = []
        self.sessions = []
        self.policy_changes = []
        self.logins = []
        self.expected = []
        self.taken = set()
        self.channels = ["gate-eu", "slack-approvals"]

    # Time and people

    def free(self, ms):
        """Returns the first free millisecond from `ms`: no two facts share one, so no order is a matter of taste."""
        ms = int(ms)
        while ms in self.taken:
            ms += 1
        self.taken.add(ms)
        return ms

    def who(self, person, ns="email"):
        """Returns the identity of a person id in a namespace."""
        return self.people[person].actor(ns)

    def accountable(self, person):
        """Returns the accountable human of a person id."""
        while self.people[person].owner:
            person = self.people[person].owner
        return person

    def reviewers(self, group, ms, ns, without):
        """Returns the ids of people who may review `group` at `ms`, know `ns`, and are none of `without`."""
        barred = {self.accountable(person) for person in without}
        return [
            person.id
            for person in self.people.values()
            if person.kind == "human"
            and person.may_review(group)
            and person.active(ms)
            and person.known_in(ns)
            and person.id not in barred
        ]

    def pick_reviewers(self, count, group, ms, ns, without):
        """Returns `count` different reviewers."""
        return self.rng.sample(self.reviewers(group, ms, ns, without), count)

    # Facts

    def request(self, source, ts, actor, action, **rest):
        """Adds a request; its quorum is the action's unless said otherwise."""
        rest.setdefault("quorum", action.quorum)
        item = Request(source, self.free(ts), actor, action, **rest)
        self.requests.append(item)
        return item

    def decide(self, source, ts, request, reviewer, outcome="approve", **rest):
        """Adds a decision. The gate and its Slack bot log a digest of what they approved, Teleport does not."""
        if source in ("gate-eu", "slack-approvals"):
            rest.setdefault("digest", digest(request.action.command))
        item = Decision(source, self.free(ts), request, reviewer, outcome, **rest)
        self.decisions.append(item)
        return item

    def run(self, source, ts, actor, action, request=None, **rest):
        """Adds an execution that starts at `ts`."""
        if source == "gate-eu":
            rest.setdefault("digest", digest(action.command))
        length = rest.pop("length", None) or self.rng.randrange(180, 40 * SECOND)
        item = Execution(source, self.free(ts), actor, action, request, **rest)
        item.ended = self.free(item.ts + length)
        if request is not None:
            item.break_glass = item.break_glass or request.break_glass
        self.executions.append(item)
        return item

    def resolve(self, ts, request, state):
        """Adds the end of a request that nobody carried out."""
        item = Resolution(request.source, self.free(ts), request, state)
        self.resolutions.append(item)
        return item

    def expect(self, why, *pairs):
        """Notes planned exceptions as (item, tests) pairs."""
        for item, tests in pairs:
            for test in tests.split():
                self.expected.append(Expected(test, item, why))

    # hoop

    def hoop(self, start, actor, action, verb="exec"):
        """Adds a hoop session without a review."""
        session = HoopSession(actor, action, self.free(start), verb)
        self.sessions.append(session)
        return session

    def hoop_review(self, session, kind="onetime", duration=0, quorum=1):
        """Puts the session under review."""
        session.kind = kind
        session.duration = duration
        session.request = self.request("hoop", session.start + 120, session.actor, session.action, quorum=quorum)
        session.review_status = "PENDING"
        session.status = "open"
        return session.request

    def hoop_vote(self, session, group, ts, reviewer, outcome="approve", forced=False):
        """Adds the vote of a reviewer for one group of the review."""
        expires = ts + session.duration if session.kind == "jit" and outcome == "approve" else None
        item = Decision("hoop", ts, session.request, reviewer, outcome, expires=expires, digest=session.digest())
        item.extra = {"group": group, "forced": forced}
        self.decisions.append(item)
        session.decisions.append(item)
        if group not in session.asked:
            session.asked.append(group)
        if forced:
            session.request.break_glass = True
        session.review_status = {"approve": "APPROVED", "deny": "REJECTED", "revoke": "REVOKED"}[outcome]
        session.status = "ready" if outcome == "approve" else "done"
        return item

    def hoop_run(self, session, end):
        """Ends the session at `end`, which is the only bound on its run that hoop logs."""
        end = self.free(end)
        item = Execution("hoop", end, session.actor, session.action, session.request, session.digest())
        item.ended = end
        item.break_glass = bool(session.request and session.request.break_glass)
        item.state = "failed" if self.rng.random() < 0.05 else "succeeded"
        self.executions.append(item)
        session.execution = item
        session.status = "done"
        if session.request:
            session.review_status = "EXECUTED"
        return item

    # Shapes that both the ordinary days and the exceptions use

    def gate_flow(self, ts, person, action, via, lag=None, wait=None, executor=None, **rest):
        """Adds request, enough approvals, and execution on the gate, in good order; returns the three."""
        ns = GATE if self.people[person].kind != "human" else "email"
        request = self.request("gate-eu", ts, self.who(person, ns), action, **rest)
        longest = 20 * MINUTE if ts > self.end - 18 * HOUR else 3 * HOUR
        lag = lag or min(20 * SECOND + int(self.rng.expovariate(1 / (11 * MINUTE))), longest)
        reviewer_ns = SLACK if via == "slack-approvals" else "email"
        window = self.rng.choice([4 * HOUR, 8 * HOUR, DAY]) if request.quorum == 1 else DAY
        votes = []
        moment = request.ts
        for reviewer in self.pick_reviewers(request.quorum, action.group, ts, reviewer_ns, [person]):
            moment += lag
            votes.append(
                self.decide(via, moment, request, self.who(reviewer, reviewer_ns), expires=moment + window)
            )
        wait = wait or min(12 * SECOND + int(self.rng.expovariate(1 / (6 * MINUTE))), longest)
        runner = self.who(executor, GATE) if executor else request.actor
        execution = self.run("gate-eu", moment + wait, runner, action, request)
        return request, votes, execution

    def teleport_request(self, ts, person, role, resource, hours=8, actor=None, **rest):
        """Adds a Teleport access request; `access_until` is the end of the access asked for."""
        actor = actor or self.who(person, TELEPORT)
        request = self.request("teleport", ts, actor, resource, quorum=rest.pop("quorum", None), **rest)
        request.extra = {"role": role, "access_until": request.ts - request.ts % MINUTE + hours * HOUR}
        return request

    def teleport_vote(self, ts, request, reviewer, outcome="approve", **rest):
        """Adds a Teleport review."""
        expires = request.extra["access_until"] if outcome == "approve" else None
        return self.decide("teleport", ts, request, reviewer, outcome, expires=expires, **rest)


def stranger(ns, name, kind):
    """Returns an identity that no roster row names."""
    return Actor(ns, name, kind, None)
