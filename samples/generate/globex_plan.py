"""What happened at Globex in one quarter: requests in one product, votes in another, and what ran in a third.

The facts are those of `model`. `extra["link"]` of an execution says how its product names the request: not at all
(`none` where the product always would, `not_logged` where it does not), by a link that the workspace declares, or so
that only person, account, and time tell (`weak`); `ambiguous` fits two requests.
"""

import hashlib
import json
import random

from globex_people import ACCOUNTS, K8S, SLACK, TELEPORT, outsider, roster
from model import Action, Decision, Execution, Expected, Request, Resolution, digest
from moment import DAY, HOUR, MINUTE, SECOND, at, days, is_weekend, office_time

SEED = 20_260_913
START, END = at("2026-07-01"), at("2026-10-01")
EVENTS = 50_000
# A weak link takes a request of the same person on the same account, so long before the call at most.
WITHIN = 30 * MINUTE

STATEMENTS = [
    ("UPDATE invoices SET state = 'settled' WHERE batch = {}", "invoices"),
    ("DELETE FROM staging_transfers WHERE run = {}", "transfers"),
    ("UPDATE limits SET daily = daily + 100 WHERE merchant = {}", "limits"),
    ("TRUNCATE TABLE import_{}", "imports"),
]
CALLS = [
    ("rds.amazonaws.com", "ModifyDBInstance"),
    ("s3.amazonaws.com", "PutBucketPolicy"),
    ("secretsmanager.amazonaws.com", "PutSecretValue"),
    ("dynamodb.amazonaws.com", "UpdateTable"),
]
ROLES = ["Exchange Administrator", "Security Administrator", "Billing Administrator", "User Administrator"]
TOOLS = ["bank/refund", "bank/payout", "iam/grant_role", "iam/reset_mfa"]
REPOS = ["globex/pay", "globex/ledger", "globex/portal", "globex/risk"]
REASONS = ["month-end settlement", "stuck transfers of a merchant", "certificates that end this week", "a failed import, to be run again", "a limit that support asked for"]


class Quarter:
    """All facts, and what the tests must say of them."""

    def __init__(self):
        self.rng = random.Random(SEED)
        self.people = roster()
        self.humans = [p for p in self.people.values() if p.kind == "human"][:-8]
        self.analysts = [p for p in self.people.values() if p.kind == "human"][-8:]
        self.agents = [p for p in self.people.values() if p.kind == "agent"]
        self.requests, self.decisions, self.executions, self.expected = [], [], [], []
        self.resolutions = []
        self.days = [day for day in days(START, END) if not is_weekend(day)]
        self.busy = {}
        self.number = 0
        self.noise = []

    def person(self, without=()):
        """Returns a human who acts and is none of `without`, nor an owner of one of them."""
        barred = {p.owner or p.id for p in without}
        return self.rng.choice([p for p in self.humans if p.id not in barred])

    def day(self):
        """Returns a working day, away from the last one."""
        return self.rng.choice(self.days[:-1])

    def serial(self):
        """Returns the next number, by which ids are made."""
        self.number += 1
        return self.number

    def uuid(self):
        """Returns a random-looking id."""
        value = self.rng.getrandbits(128)
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"

    def reason(self):
        """Returns why somebody asks."""
        number = self.serial()
        return f"CHG-{number}: {REASONS[number % len(REASONS)]}"

    def expect(self, why, *pairs):
        """Notes planned exceptions as (item, tests) pairs."""
        for item, tests in pairs:
            self.expected += [Expected(test, item, why) for test in tests.split()]

    # Facts

    def ask(self, source, ts, actor, action, **rest):
        """Adds a request."""
        rest.setdefault("quorum", action.quorum)
        item = Request(source, ts, actor, action, **rest)
        self.requests.append(item)
        return item

    def vote(self, source, ts, request, reviewer, outcome="approve", **rest):
        """Adds a vote."""
        item = Decision(source, ts, request, reviewer, outcome, **rest)
        self.decisions.append(item)
        return item

    def run(self, source, ts, actor, action, request=None, link="declared", **rest):
        """Adds an execution."""
        item = Execution(source, ts, actor, action, request, **rest)
        item.ended = item.ended or ts
        item.extra = {"link": link, **item.extra}
        self.executions.append(item)
        return item

    # hoop, with its votes in Slack and what ran in AWS

    def window(self, person, account):
        """Returns a moment that keeps two sessions of one person on one account further apart than a weak link reaches."""
        taken = self.busy.setdefault((person.id, account), [])
        while True:
            ts = office_time(self.rng, self.day())
            if all(abs(ts - other) > 6 * HOUR for other in taken):
                taken.append(ts)
                return ts

    def hoop_action(self, account, verb="exec", quorum=1):
        """Returns a statement on the database of an account."""
        text, table = self.rng.choice(STATEMENTS)
        return Action(verb, "exec" if verb == "exec" else "access", text.format(self.serial()), f"{account}-{table}", "postgres", ACCOUNTS[account], quorum=quorum)

    def hoop(self, person=None, account=None, ts=None, quorum=1, verb="exec", votes=None, outcome="approve", wait=None, **rest):
        """Adds a session under review: hoop has the request and the run, Slack the votes. Returns all three."""
        person = person or self.person()
        account = account or self.rng.choice(list(ACCOUNTS))
        ts = ts or self.window(person, account)
        action = self.hoop_action(account, verb, quorum)
        request = self.ask("hoop", ts, person.actor("email"), action, id=self.uuid(), **rest)
        request.extra = {"session": self.uuid(), "card": True}
        barred, moment, cast = [person], ts, []
        command = digest(action.command) if verb == "exec" else None
        for _ in range(quorum if votes is None else votes):
            reviewer = self.person(barred)
            barred.append(reviewer)
            moment += 30 * SECOND + self.rng.randrange(6 * MINUTE)
            cast.append(self.click(moment, request, reviewer, outcome, command))
        end = moment + (wait or 2 * MINUTE + self.rng.randrange(10 * MINUTE))
        run = self.run("hoop", end, request.actor, action, request, digest=command, id=request.extra["session"], break_glass=request.break_glass)
        return request, cast, run

    def click(self, ts, request, reviewer, outcome="approve", command=None, **rest):
        """Adds a click on a card in Slack."""
        actor = reviewer.actor(SLACK) if hasattr(reviewer, "actor") else reviewer
        return self.vote("slack", ts, request, actor, outcome, digest=command, **rest)

    def aws(self, ts, person, account, call, klass="write", request=None, link="weak"):
        """Adds a call of the AWS API by a person. CloudTrail writes whole seconds."""
        ts -= ts % SECOND
        action = Action(f"{call[0]}:{call[1]}", klass, "", f"arn:aws:{call[0].split('.')[0]}:::{call[1].lower()}/{self.serial() % 97}", "aws", ACCOUNTS[account])
        return self.run("cloudtrail", ts, person.actor("email"), action, request, link, id=self.uuid())

    def assume(self, ts, person, account, request, link="declared", tag=None):
        """Adds a call that takes a role, with the session of hoop as a tag."""
        run = self.aws(ts, person, account, ("sts.amazonaws.com", "AssumeRole"), "access", request, link)
        run.extra["tag"] = tag or (request and request.extra["session"])
        run.action = Action(run.action.name, "access", "", f"arn:aws:iam::{ACCOUNTS[account]}:role/change", "aws", ACCOUNTS[account])
        return run

    def hoop_flow(self):
        """Adds an ordinary session; every third one goes on in AWS."""
        person, account = self.person(), self.rng.choice(list(ACCOUNTS))
        quorum = 2 if self.rng.random() < 0.12 else 1
        verb = "connect" if self.rng.random() < 0.15 else "exec"
        request, cast, run = self.hoop(person, account, quorum=quorum, verb=verb)
        first = cast[-1].ts + 20 * SECOND
        if self.rng.random() < 0.35:
            self.assume(first, person, account, request)
        if self.rng.random() < 0.30:
            for _ in range(self.rng.randrange(1, 4)):
                self.aws(self.rng.randrange(first, run.ts), person, account, self.rng.choice(CALLS), request=request)

    def hoop_read(self):
        """Adds a session on a read-only connection, which nobody reviews."""
        person = self.person()
        table = self.rng.choice(STATEMENTS)[1]
        action = Action("exec", "exec", f"SELECT count(*) FROM {table}", f"reports-{table}-ro", "postgres", "reports")
        ts = office_time(self.rng, self.day())
        return self.run("hoop", ts + 40 * SECOND, person.actor("email"), action, None, "none", digest=digest(action.command), id=self.uuid(), extra={"start": ts})

    # Teleport, and Kubernetes behind it

    def teleport(self, person=None, outcome="approve", reviewer=None, ts=None, **rest):
        """Adds an access request with one review."""
        person = person or self.person()
        ts = ts or office_time(self.rng, self.day())
        action = Action("access", "access", "", self.rng.choice(["pay-prod", "ledger-prod", "risk-prod"]), "kubernetes", "clusters")
        request = self.ask("teleport", ts, person.actor(TELEPORT), action, id=self.uuid(), **{"reason": self.reason(), **rest})
        request.extra["until"] = ts - ts % MINUTE + 4 * HOUR
        reviewer = reviewer or self.person([person])
        expires = request.extra["until"] if outcome == "approve" else None
        vote = self.vote("teleport", ts + MINUTE + self.rng.randrange(8 * MINUTE), request, reviewer.actor(TELEPORT), outcome, expires=expires)
        vote.id = f"{request.id}/{vote.reviewer.id}"
        return person, request, vote

    def teleport_session(self, ts, actor, request):
        """Adds a session of Teleport; it names its requests, always."""
        action = Action("session", "access", "", f"node-{self.serial() % 40}", "node", "nodes")
        item = self.run("teleport", ts, actor, action, request, "none" if request is None else "linked", id=self.uuid())
        item.ended = ts + self.rng.randrange(MINUTE, 20 * MINUTE)
        return item

    def exec(self, ts, actor, request, link="declared", tag=None):
        """Adds an exec into a pod through Teleport, which puts its request into the user's extras."""
        pod = f"{self.rng.choice(['api', 'worker', 'ledger'])}-{self.serial() % 12}"
        action = Action("create pods/exec", "exec", "", f"pay/pods/{pod}", "pods", "pay")
        run = self.run("kubernetes", ts, actor, action, request, link)
        run.ended = ts + self.rng.randrange(3 * SECOND, 3 * MINUTE)
        run.extra["tag"] = tag or (request.id if request else None)
        return run

    def teleport_flow(self):
        """Adds an ordinary request, its sessions, and what they do in the cluster."""
        person, request, vote = self.teleport()
        moment = vote.ts + 30 * SECOND
        for _ in range(self.rng.randrange(1, 3)):
            moment += self.rng.randrange(MINUTE, 20 * MINUTE)
            self.teleport_session(moment, person.actor(TELEPORT), request)
        for _ in range(self.rng.randrange(0, 4)):
            moment += self.rng.randrange(MINUTE, 20 * MINUTE)
            self.exec(moment, person.actor(K8S), request)

    # Deployments and tools: the card in Slack is the request, what runs is in GitHub or LiteLLM

    def deploy(self, person=None, reviewer=None, outcome="approve", ran=True, after=None, **rest):
        """Adds a deployment that the bot's card asked for."""
        person = person or self.person()
        repo, number = self.rng.choice(REPOS), 90_000 + self.serial()
        action = Action("deploy", "deploy", "", repo, "repository", "deployments")
        request = self.ask("slack", office_time(self.rng, self.day()), person.actor("github"), action, id=f"{repo}:{number}", **rest)
        request.extra = {"repo": repo, "run": number}
        vote = self.click(request.ts + MINUTE + self.rng.randrange(9 * MINUTE), request, reviewer or self.person([person]), outcome)
        if ran:
            run = self.run("github", vote.ts + (after or 45 * SECOND), person.actor("github"), action, request)
            run.id, run.extra["repo"], run.extra["run"] = f"ga-{self.serial():06d}", repo, number
            return request, vote, run
        return request, vote, None

    def job(self):
        """Adds a job without an environment, which needs no approval."""
        repo, number = self.rng.choice(REPOS), 40_000 + self.serial()
        action = Action("test", "exec", "", repo, "repository", "builds")
        run = self.run("github", office_time(self.rng, self.day()), self.people["svc-ci"].actor("github"), action, None, "not_logged")
        run.id, run.extra["repo"], run.extra["run"] = f"ga-{self.serial():06d}", repo, number

    def arguments(self, tool):
        """Returns the arguments of a tool and their digest in RFC 8785 form."""
        value = {"amount": self.rng.randrange(100, 90_000), "reference": f"RF-{self.serial()}", "tool": tool.split("/")[1]}
        text = json.dumps(value, sort_keys=True, separators=(",", ":"))
        return value, hashlib.sha256(text.encode()).hexdigest()

    def tool(self, agent=None, reviewer=None, outcome="approve", changed=False, **rest):
        """Adds a call of a dangerous tool by an agent, asked for on a card in Slack."""
        agent = agent or self.rng.choice(self.agents)
        name = self.rng.choice(TOOLS)
        value, command = self.arguments(name)
        action = Action(name.split("/")[1], "tool", "", name, "tool", "tools")
        request = self.ask("slack", office_time(self.rng, self.day()), agent.actor("litellm"), action, id=f"tool-{self.serial():05d}", **rest)
        vote = self.click(request.ts + 40 * SECOND + self.rng.randrange(5 * MINUTE), request, reviewer or self.person([agent]), outcome, command)
        vote.extra["canonicalisation"] = "jcs-sha256"
        if changed:
            value, command = self.arguments(name)
        run = self.run("litellm", vote.ts + 30 * SECOND, agent.actor("litellm"), action, request, digest=command)
        run.id, run.extra["arguments"] = f"call-{self.serial():06d}", value
        return request, vote, run

    def lookup(self):
        """Adds a harmless call of a tool."""
        agent = self.rng.choice(self.agents)
        action = Action("search", "tool", "", "kb/search", "tool", "tools")
        value = {"query": f"case {self.serial()}"}
        run = self.run("litellm", self.day() + self.rng.randrange(DAY), agent.actor("litellm"), action, None, "not_logged", extra={"arguments": value})
        run.id = f"call-{self.serial():06d}"

    # Entra

    def activate(self, person=None, reviewer=None, outcome="approve", ran=True, ends=True, reason=None):
        """Adds the activation of a role, and its end: PIM takes the role back on time, or the person before that."""
        person = person or self.person()
        ts = office_time(self.rng, self.day())
        action = Action("activate", "access", "", self.rng.choice(ROLES), "role", "directory")
        request = self.ask("entra", ts, person.actor("entra"), action, id=f"pim-{self.serial():06d}", reason=reason or self.reason())
        request.extra = {"who": person, "until": ts - ts % SECOND + 8 * HOUR}
        vote = self.vote("entra", ts + 2 * MINUTE + self.rng.randrange(8 * MINUTE), request, (reviewer or self.person([person])).actor("entra"), outcome, expires=request.extra["until"])
        vote.id = f"PIM_{self.serial():06d}"
        run = self.run("entra", vote.ts + 2 * SECOND, person.actor("entra"), action, request, "linked", id=f"PIM_{self.serial():06d}") if ran else None
        if ran and ends:
            early = self.rng.random() < 0.15
            end = run.ts + self.rng.randrange(20 * MINUTE, 6 * HOUR) if early else request.extra["until"] + self.rng.randrange(SECOND, 90 * SECOND)
            self.resolutions.append(Resolution("entra", end, request, "given up" if early else "expired", id=f"PIM_{self.serial():06d}"))
        return request, vote, run

    # What machines and lookers-on do

    def call(self, service, moment, read=False):
        """Adds a call of the AWS API by a service or by somebody who only looks."""
        name = ("ec2.amazonaws.com", "DescribeInstances") if read else ("autoscaling.amazonaws.com", "SetDesiredCapacity")
        account = self.rng.choice(list(ACCOUNTS))
        actor = service.actor("aws" if service.kind == "service" else "email")
        action = Action(f"{name[0]}:{name[1]}", "read" if read else "write", "", "", "aws", ACCOUNTS[account])
        self.run("cloudtrail", moment - moment % SECOND, actor, action, None, "not_logged", id=self.uuid())

    def machine(self):
        """Adds a request of a machine to the cluster."""
        service = self.people[self.rng.choice(["svc-kubelet", "svc-argo", "svc-metrics", "svc-metrics"])]
        write = service.id == "svc-argo" and self.rng.random() < 0.3
        action = Action("patch deployments" if write else "get pods", "write" if write else "read", "", f"{'pay/deployments' if write else 'pay/pods'}/api-{self.rng.randrange(40)}", "x", "pay")
        self.run("kubernetes", self.day() + self.rng.randrange(DAY), service.actor(K8S), action, None, "not_logged")


def stranger_person(ns, name):
    """Returns an outsider with the one alias that a flow asks for."""

    class Outsider:
        id, owner, kind = name, "", "human"

        @staticmethod
        def actor(_):
            return outsider(ns, name)

    return Outsider()
