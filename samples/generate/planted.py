"""The planned exceptions of `acme`: each function adds one kind and notes what it is an exception of, and why.

The tests' definitions are `docs/controls/`. Many cases are exceptions of two tests (an execution after nothing but a
self-approval is unapproved as well); every one of them is noted here, and `oracle` has to agree.
"""

from actions import gated_action, read_action
from model import Action, digest
from moment import DAY, HOUR, MINUTE, SECOND, at
from people import GATE, HOOP, SHARED, SLACK, TELEPORT, Actor, mail
from plan import stranger
from traffic import break_glass, hoop_prod_action, reason, teleport_access

SLACK_SOURCE = "slack-approvals"


def day(text):
    """Returns the moment `2026-<text>Z`."""
    return at(f"2026-{text}Z")


def ask(plan, moment, person, group, name=None, env="prod", actor=None, **rest):
    """Adds a request on the gate and returns it."""
    action = gated_action(plan.rng, group, f"2026-{moment[:5]}", env, name)
    if actor is None:
        actor = plan.who(person, "email" if plan.people[person].kind == "human" else GATE)
    return plan.request("gate-eu", day(moment), actor, action, **{**reason(plan, group), **rest})


def vote(plan, request, after, reviewer, source="gate-eu", **rest):
    """Adds a vote `after` the request; `reviewer` is a person id or an identity."""
    if isinstance(reviewer, str):
        ns = SLACK if source == SLACK_SOURCE else "email" if plan.people[reviewer].kind == "human" else GATE
        reviewer = plan.who(reviewer, ns)
    rest.setdefault("expires", request.ts + after + 8 * HOUR if rest.get("outcome", "approve") == "approve" else None)
    return plan.decide(source, request.ts + after, request, reviewer, **rest)


def execute(plan, request, after, **rest):
    """Adds the execution of a request on the gate."""
    action = rest.pop("action", request.action)
    return plan.run("gate-eu", request.ts + after, rest.pop("actor", request.actor), action, request, **rest)


def unapproved(plan):
    """AUTHZ-01: executed with fewer effective approvals than needed."""
    for moment, person, ns, group, name, why in (
        ("07-09T13:20:11", "infra-pilot", GATE, "platform", "terraform.apply", "an agent applied a plan that nobody was asked about"),
        ("08-06T10:02:45", "aylin.yilmaz", "email", "payouts", "payouts.release-batch", "a person released a batch without a request"),
    ):
        action = gated_action(plan.rng, group, f"2026-{moment[:5]}", name=name)
        plan.expect(why, (plan.run("gate-eu", day(moment), plan.who(person, ns), action), "AUTHZ-01"))

    request = ask(plan, "09-03T09:41:07", "ledger-reconciler", "ledger")
    plan.decide("gate-eu", request.ts + 55, request, None, "auto_approve", basis="standing_rule")
    plan.expect("a standing rule let a production write through", (execute(plan, request, 2 * SECOND), "AUTHZ-01"))

    request = ask(plan, "09-22T15:10:30", "payout-router", "payouts")
    plan.decide("gate-eu", request.ts + 15 * MINUTE, request, None, "auto_approve", basis="timeout")
    plan.expect("the gate let it through when nobody answered", (execute(plan, request, 15 * MINUTE + 3 * SECOND), "AUTHZ-01"))

    request = ask(plan, "07-22T08:55:19", "payout-router", "treasury")
    vote(plan, request, 12 * MINUTE, "marta.nunez")
    plan.expect("one approval where the treasury needs two", (execute(plan, request, 20 * MINUTE), "SOD-04 AUTHZ-01"))

    request = ask(plan, "08-26T13:31:02", "marta.nunez", "treasury")
    vote(plan, request, 7 * MINUTE, "omar.haddad")
    vote(plan, request, 9 * MINUTE, Actor("email", f"adm-{mail('omar.haddad')}", "human", "عمر حداد"))
    plan.expect("two approvals by one person under two addresses", (execute(plan, request, 20 * MINUTE), "SOD-04 AUTHZ-01"))

    request = ask(plan, "09-08T09:18:50", "payout-router", "treasury")
    vote(plan, request, 16 * MINUTE, "hana.sato", SLACK_SOURCE)
    plan.expect("one Slack approval where the treasury needs two", (execute(plan, request, 25 * MINUTE), "SOD-04 AUTHZ-01"))

    request = ask(plan, "08-18T14:07:33", "support-copilot", "support")
    vote(plan, request, 4 * MINUTE, "aylin.yilmaz")
    vote(plan, request, 9 * MINUTE, "aylin.yilmaz", outcome="revoke", reason="Merchant called back")
    plan.expect("the only approval had been taken back", (execute(plan, request, 14 * MINUTE), "AUTHZ-01"))


def unapproved_elsewhere(plan):
    """AUTHZ-01 as hoop and Teleport can show it."""
    for moment, person, connection in (
        ("07-16T11:25:08", "lee.hartmann", "ledger-rw"),
        ("09-10T16:40:51", "ines.carvalho", "payouts-rw"),
    ):
        session = plan.hoop(day(moment), plan.who(person), hoop_prod_action(plan, connection))
        run = plan.hoop_run(session, session.start + 4 * MINUTE)
        plan.expect("a production session that hoop did not put under review", (run, "AUTHZ-01"))

    session = plan.hoop(day("08-12T09:12:40"), plan.who("dana.reyes"), hoop_prod_action(plan, "ledger-rw"))
    plan.hoop_review(session, quorum=2)
    moment = plan.free(session.start + 12 * MINUTE)
    for group in ("dba", "finance-ops"):
        plan.hoop_vote(session, group, moment, plan.who("lee.hartmann"))
    run = plan.hoop_run(session, session.start + 31 * MINUTE)
    plan.expect("two groups approved, but one person clicked for both", (run, "SOD-04 AUTHZ-01"))

    for moment, person, role in (("07-28T07:58:14", "tomas.dvorak", "prod-ssh"), ("09-17T12:33:29", "lee.hartmann", "prod-dba")):
        run = plan.run("teleport", day(moment), plan.who(person, TELEPORT), teleport_access(plan, role), length=11 * MINUTE)
        plan.expect("a production session without an access request", (run, "AUTHZ-01"))

    access = teleport_access(plan, "prod-ssh")
    request = plan.teleport_request(day("08-20T10:20:17"), "nikos.georgiou", "prod-ssh", access, reason="Log rotation")
    bot = Actor(TELEPORT, "@teleport-access-approval-bot", "service")
    plan.teleport_vote(request.ts + 2 * SECOND, request, bot, "auto_approve", basis="policy")
    run = plan.run("teleport", request.ts + 5 * MINUTE, request.actor, access, request, length=8 * MINUTE)
    plan.expect("approved by the product's own rule, by no person", (run, "AUTHZ-01"))


def late_approval(plan):
    """AUTHZ-02: approved only after it had run."""
    for moment, person, group, reviewer, source, after in (
        ("07-14T12:44:10", "infra-pilot", "platform", "tomas.dvorak", "gate-eu", 26 * MINUTE),
        ("09-01T08:31:56", "bjorn.asgeirsson", "ledger", "dana.reyes", "gate-eu", 3 * HOUR),
        ("08-05T14:15:42", "kyc-triage", "risk", "sofia.papadopoulou", SLACK_SOURCE, 15 * MINUTE),
        ("09-24T09:03:27", "data-export-agent", "data", "zofia.wisniewska", SLACK_SOURCE, 41 * MINUTE),
    ):
        request = ask(plan, moment, person, group)
        run = execute(plan, request, 3 * MINUTE)
        vote(plan, request, 3 * MINUTE + after, reviewer, source)
        plan.expect("the only approval came after the run", (run, "AUTHZ-02 AUTHZ-01"))


def expired_approval(plan):
    """AUTHZ-03: every approval had expired when it ran."""
    for moment, person, group, reviewer, source, late in (
        ("07-21T07:45:03", "payout-router", "payouts", "aylin.yilmaz", "gate-eu", 40 * MINUTE),
        ("08-27T10:11:12", "infra-pilot", "platform", "nikos.georgiou", "gate-eu", 0),
        ("08-13T13:36:59", "ledger-reconciler", "ledger", "lee.hartmann", SLACK_SOURCE, 95 * MINUTE),
    ):
        request = ask(plan, moment, person, group)
        decision = vote(plan, request, 6 * MINUTE, reviewer, source)
        run = execute(plan, request, 4 * HOUR)
        decision.expires = run.ts - late
        why = "ran at the very moment at which its approval ended" if late == 0 else "ran after its approval had ended"
        plan.expect(why, (run, "AUTHZ-03 AUTHZ-01"))

    request = ask(plan, "09-09T10:05:38", "noa.levi", "identity")
    vote(plan, request, 9 * MINUTE, "david.cohen", expires=None)
    run = execute(plan, request, 9 * MINUTE + 30 * HOUR)
    plan.expect("no end was stated, and the run came 30 hours after the approval", (run, "AUTHZ-03"))

    session = plan.hoop(day("07-30T08:22:44"), plan.who("aylin.yilmaz"), hoop_prod_action(plan, "payouts-rw"), "connect")
    plan.hoop_review(session, "jit", 30 * MINUTE)
    plan.hoop_vote(session, "dba", plan.free(session.start + 5 * MINUTE), plan.who("marta.nunez"))
    run = plan.hoop_run(session, session.start + 55 * MINUTE)
    plan.expect("the session went on after its time-limited approval had ended", (run, "AUTHZ-03 AUTHZ-01"))

    session = plan.hoop(day("09-16T15:02:20"), plan.who("zofia.wisniewska"), hoop_prod_action(plan, "warehouse-rw"))
    plan.hoop_review(session)
    plan.hoop_vote(session, "data-leads", plan.free(session.start + 20 * MINUTE), plan.who("irina.sokolova"))
    run = plan.hoop_run(session, session.start + 44 * HOUR)
    plan.expect("no end was stated, and the run came 44 hours after the approval", (run, "AUTHZ-03"))


def after_denial(plan):
    """AUTHZ-04: executed although the last word was a denial."""
    for moment, person, group, reviewer, source in (
        ("07-23T11:50:25", "access-concierge", "identity", "noa.levi", "gate-eu"),
        ("09-15T08:47:13", "payout-router", "payouts", "chloe.durand", SLACK_SOURCE),
    ):
        request = ask(plan, moment, person, group)
        vote(plan, request, 8 * MINUTE, reviewer, source, outcome="deny", reason="Not without the customer’s consent")
        plan.expect("denied, and run all the same", (execute(plan, request, 12 * MINUTE), "AUTHZ-04 AUTHZ-01"))

    request = ask(plan, "08-19T09:26:48", "infra-pilot", "platform")
    vote(plan, request, 5 * MINUTE, "tomas.dvorak")
    vote(plan, request, 11 * MINUTE, "oleksandr.kovalenko", outcome="deny", reason="Freeze until the incident is closed")
    plan.expect("one approved, a second person then denied, and it ran", (execute(plan, request, 13 * MINUTE), "AUTHZ-04"))

    request = ask(plan, "09-04T13:14:36", "zofia.wisniewska", "data", env="staging")
    vote(plan, request, 21 * MINUTE, "irina.sokolova", outcome="deny", reason="Staging holds a copy of live data this week")
    plan.expect("denied and run; outside production, so only the denial counts", (execute(plan, request, 25 * MINUTE), "AUTHZ-04"))

    access = teleport_access(plan, "prod-dba")
    request = plan.teleport_request(day("08-11T14:02:09"), "bjorn.asgeirsson", "prod-dba", access, reason="Check a balance")
    plan.teleport_vote(request.ts + 10 * MINUTE, request, plan.who("dana.reyes", TELEPORT), "deny", reason="Use the read replica")
    run = plan.run("teleport", request.ts + 18 * MINUTE, request.actor, access, request, length=6 * MINUTE)
    plan.expect("a session under a request that had been denied", (run, "AUTHZ-04 AUTHZ-01"))


def other_command(plan):
    """AUTHZ-06: what ran is not what was approved."""
    for moment, person, group, reviewer, source, tail in (
        ("07-10T10:40:31", "data-export-agent", "data", "linh.nguyen", "gate-eu", " WITH (mask = off)"),
        ("09-11T15:22:05", "lee.hartmann", "ledger", "bjorn.asgeirsson", "gate-eu", " OR true"),
        ("08-24T11:08:57", "infra-pilot", "platform", "tomas.dvorak", SLACK_SOURCE, " --force"),
    ):
        request = ask(plan, moment, person, group)
        vote(plan, request, 9 * MINUTE, reviewer, source)
        other = Action(**{**request.action.__dict__, "command": request.action.command + tail})
        run = execute(plan, request, 14 * MINUTE, action=other)
        plan.expect("another command than the approved one", (run, "AUTHZ-06"))

    request = ask(plan, "08-07T09:33:18", "kyc-triage", "risk")
    decision = vote(plan, request, 10 * MINUTE, "sofia.papadopoulou")
    decision.extra["edited"] = Action(**{**request.action.__dict__, "command": request.action.command + " --limit 1"})
    run = execute(plan, request, 17 * MINUTE)
    plan.expect("the reviewer changed the command, and the first version ran", (run, "AUTHZ-06"))


def self_approval(plan):
    """SOD-01: requester and reviewer are the same identity."""
    request = ask(plan, "07-17T08:19:44", "tomas.dvorak", "platform")
    decision = vote(plan, request, 90 * SECOND, "tomas.dvorak")
    run = execute(plan, request, 4 * MINUTE)
    plan.expect("approved the own request", (decision, "SOD-01 SOD-02"), (run, "SOD-05 AUTHZ-01"))

    request = ask(plan, "07-07T16:03:12", "dana.reyes", "ledger")
    decision = vote(plan, request, 2 * MINUTE, "dana.reyes")
    plan.resolve(request.ts + 11 * MINUTE, request, "cancelled")
    plan.expect("approved the own request, which was then cancelled", (decision, "SOD-01 SOD-02"))

    request = ask(plan, "09-02T12:57:21", "noa.levi", "identity")
    decision = vote(plan, request, 3 * MINUTE, "noa.levi")
    vote(plan, request, 8 * MINUTE, "david.cohen")
    run = execute(plan, request, 15 * MINUTE)
    plan.expect("approved the own request; a colleague approved as well", (decision, "SOD-01 SOD-02"), (run, "SOD-05"))

    request = ask(plan, "08-28T14:45:50", "support-copilot", "support")
    decision = vote(plan, request, 20 * SECOND, "support-copilot")
    run = execute(plan, request, 50 * SECOND)
    plan.expect("an agent approved its own request", (decision, "SOD-01 SOD-02 SOD-03"), (run, "SOD-05 AUTHZ-01"))

    for moment, connection, person, groups in (
        ("08-04T10:36:02", "payouts-rw", "ines.carvalho", ["payments-leads"]),
        ("09-23T13:49:15", "identity-admin", "david.cohen", ["security", "platform-leads"]),
    ):
        session = plan.hoop(day(moment), plan.who(person), hoop_prod_action(plan, connection))
        plan.hoop_review(session)
        at_once = plan.free(session.start + 3 * MINUTE)
        votes = [plan.hoop_vote(session, group, at_once, plan.who(person)) for group in groups]
        run = plan.hoop_run(session, session.start + 12 * MINUTE)
        plan.expect("a hoop administrator approved the own session", *[(v, "SOD-01 SOD-02") for v in votes], (run, "SOD-05 AUTHZ-01"))

    access = teleport_access(plan, "prod-dba")
    request = plan.teleport_request(day("08-25T09:15:37"), "lee.hartmann", "prod-dba", access, reason="Index rebuild")
    decision = plan.teleport_vote(request.ts + 4 * MINUTE, request, plan.who("lee.hartmann", TELEPORT), reason="ok")
    run = plan.run("teleport", request.ts + 9 * MINUTE, request.actor, access, request, length=22 * MINUTE)
    plan.expect("reviewed the own access request", (decision, "SOD-01 SOD-02"), (run, "SOD-05 AUTHZ-01"))


def same_person(plan):
    """SOD-02: another identity, and the same accountable person."""
    for moment, person, group, owner, source in (
        ("07-15T09:52:16", "ledger-reconciler", "ledger", "dana.reyes", "gate-eu"),
        ("08-10T12:21:33", "infra-pilot", "platform", "jurgen.gross", SLACK_SOURCE),
        ("09-14T15:30:08", "support-copilot", "support", "chloe.durand", SLACK_SOURCE),
        ("09-18T07:39:54", "oleksandr.kovalenko", "platform", "oleksandr.kovalenko", SLACK_SOURCE),
    ):
        request = ask(plan, moment, person, group)
        decision = vote(plan, request, 6 * MINUTE, owner, source)
        run = execute(plan, request, 11 * MINUTE)
        why = "asked on the gate and approved in Slack, both by one person" if person == owner else "the owner approved the own agent’s request"
        plan.expect(why, (decision, "SOD-02"), (run, "SOD-05 AUTHZ-01"))

    request = ask(plan, "08-03T10:58:41", "david.cohen", "identity")
    decision = vote(plan, request, 5 * MINUTE, Actor("email", f"adm-{mail('david.cohen')}", "human", "דוד כהן"))
    run = execute(plan, request, 9 * MINUTE)
    plan.expect("approved under the person’s second address", (decision, "SOD-02"), (run, "SOD-05 AUTHZ-01"))

    request = ask(plan, "09-07T11:16:20", "access-concierge", "identity", name="iam.grant-role", beneficiary=plan.who("noa.levi"))
    decision = vote(plan, request, 13 * MINUTE, "noa.levi")
    execute(plan, request, 16 * MINUTE)
    plan.expect("approved access for oneself that somebody else had asked for", (decision, "SOD-02"))

    session = plan.hoop(day("07-24T14:28:30"), plan.who("data-export-agent", HOOP), hoop_prod_action(plan, "warehouse-rw"))
    plan.hoop_review(session)
    decision = plan.hoop_vote(session, "data-leads", plan.free(session.start + 6 * MINUTE), plan.who("irina.sokolova"))
    run = plan.hoop_run(session, session.start + 14 * MINUTE)
    plan.expect("the owner approved the own agent’s session", (decision, "SOD-02"), (run, "SOD-05 AUTHZ-01"))


def machine_reviewer(plan):
    """SOD-03: the reviewer is no person."""
    for moment, person, group, source in (
        ("07-27T13:05:59", "kyc-triage", "risk", "gate-eu"),
        ("08-31T09:44:01", "payout-router", "payouts", SLACK_SOURCE),
    ):
        request = ask(plan, moment, person, group)
        decision = vote(plan, request, 30 * SECOND, "review-assistant", source)
        run = execute(plan, request, 2 * MINUTE)
        plan.expect("an agent approved another agent’s request", (decision, "SOD-03"), (run, "AUTHZ-01"))

    request = ask(plan, "08-14T08:38:22", "jurgen.gross", "identity", name="iam.rotate-key")
    decision = vote(plan, request, 10 * SECOND, "svc-key-rotator")
    vote(plan, request, 14 * MINUTE, "david.cohen")
    execute(plan, request, 18 * MINUTE)
    plan.expect("a service approved; a person approved as well", (decision, "SOD-03"))

    access = teleport_access(plan, "prod-ssh")
    request = plan.teleport_request(day("09-21T11:27:43"), "tomas.dvorak", "prod-ssh", access, reason="Certificate renewal")
    decision = plan.teleport_vote(request.ts + 15 * SECOND, request, plan.who("review-assistant", TELEPORT), reason="looks routine")
    run = plan.run("teleport", request.ts + 6 * MINUTE, request.actor, access, request, length=9 * MINUTE)
    plan.expect("an agent reviewed an access request", (decision, "SOD-03"), (run, "AUTHZ-01"))


def emergency(plan):
    """BG-01: an emergency run that no second person reviewed in time; BG-03: one that was reviewed by whoever ran it."""
    def planted(moment, reviewer, after, why, person="nikos.georgiou", own=False):
        run, review = break_glass(plan, day(moment), person, "platform", reviewer, after)
        plan.expect(why, (run, "BG-01"), *([(review, "BG-03")] if own else []))

    planted("07-11T03:12:09", None, 0, "nobody reviewed it")
    planted("08-01T23:47:35", plan.who("grace.okafor"), 96 * HOUR, "reviewed after four days, three are allowed")
    planted("08-22T01:29:58", plan.who("nikos.georgiou"), 5 * HOUR, "reviewed by whoever ran it", own=True)
    planted("09-12T04:51:14", plan.who("review-assistant", GATE), HOUR, "reviewed by an agent only")
    planted("09-19T22:18:06", Actor("email", f"adm-{mail('oleksandr.kovalenko')}", "human", "Олександр Коваленко"), 7 * HOUR, "reviewed under the second address of whoever ran it", "oleksandr.kovalenko", own=True)

    for moment, person, reviewer in (("07-18T02:33:47", "bjorn.asgeirsson", "ruth.abara"), ("09-05T21:56:13", "dana.reyes", "grace.okafor")):
        session = plan.hoop(day(moment), plan.who(person), hoop_prod_action(plan, "ledger-rw"))
        plan.hoop_review(session, quorum=2)
        plan.hoop_vote(session, "dba", plan.free(session.start + 2 * MINUTE), plan.who(reviewer), forced=True)
        run = plan.hoop_run(session, session.start + 9 * MINUTE)
        plan.expect("a forced approval in hoop, never looked at afterwards", (run, "BG-01"))

    run, _ = break_glass(plan, day("09-29T02:06:31"), "tomas.dvorak", "platform", None, 0)
    return run


def unknown_identity(plan):
    """AGT-01: an identity that the roster does not name at that time, or names twice."""
    ghost = stranger(GATE, "agent:shadow-pilot", "agent")
    request = ask(plan, "07-13T10:13:26", None, "platform", actor=ghost)
    vote(plan, request, 10 * MINUTE, "tomas.dvorak", outcome="deny", reason="Who is this?")
    plan.expect("an agent that is not on the roster asked", (request, "AGT-01"))

    for moment, group in (("07-29T18:42:00", "platform"), ("09-28T06:15:27", "data")):
        run = plan.run("gate-eu", day(moment), ghost, read_action(plan.rng, group, "2026-07-29"))
        plan.expect("an agent that is not on the roster read", (run, "AGT-01"))

    run = plan.run("gate-eu", day("08-21T20:09:40"), ghost, gated_action(plan.rng, "platform", "2026-08-21", name="k8s.scale"))
    plan.expect("an agent that is not on the roster changed production, and nobody was asked", (run, "AGT-01 AUTHZ-01"))

    request = ask(plan, "08-17T09:07:11", None, "platform", actor=Actor("email", SHARED[0], "human", "On-call"))
    vote(plan, request, 25 * MINUTE, "noa.levi", outcome="deny", reason="Please ask under your own name")
    plan.expect("the pager account stands for two people", (request, "AGT-01"))

    request = ask(plan, "09-25T12:36:52", "oleksandr.kovalenko", "platform", name="deploy.release")
    vote(plan, request, 7 * MINUTE, "tomas.dvorak")
    run = execute(plan, request, 12 * MINUTE, actor=stranger(GATE, "svc-deployer-2", "service"))
    plan.expect("approved, and carried out by a service that is not on the roster", (run, "AGT-01"))

    for moment, actor, resource, env in (
        ("08-13T08:04:18", plan.who("victor.almeida"), "payouts-dev", "dev"),
        ("09-15T14:51:39", stranger(HOOP, "ledger-reconciler-v2", None), "ledger-ro", "prod"),
    ):
        action = Action("hoop.exec", "exec", "SELECT 1", resource, "postgres", "ledger", env)
        session = plan.hoop(day(moment), actor, action)
        run = plan.hoop_run(session, session.start + 3 * MINUTE)
        why = "a session by somebody who had left" if env == "dev" else "an API key that is not on the roster"
        plan.expect(why, (run, "AGT-01 REV-06" if "left" in why else "AGT-01"))

    run = plan.run("teleport", day("08-19T16:24:55"), plan.who("mateusz.zak", TELEPORT), teleport_access(plan, "prod-dba"), length=14 * MINUTE)
    plan.expect("a session without a request by a contractor whose contract had ended", (run, "AGT-01 REV-06 AUTHZ-01"))

    access = teleport_access(plan, "prod-ssh")
    request = plan.teleport_request(day("09-02T15:39:04"), None, "prod-ssh", access, actor=stranger(TELEPORT, "temp.helper@vendor.example", "human"), reason="Vendor visit")
    plan.teleport_vote(request.ts + 30 * MINUTE, request, plan.who("jurgen.gross", TELEPORT), "deny", reason="No such engagement")
    plan.expect("access asked for by somebody who is not on the roster", (request, "AGT-01"))


def plant(plan):
    """Adds every planned exception; returns the items that are still pending at the end of the period, with their test."""
    unapproved(plan)
    unapproved_elsewhere(plan)
    late_approval(plan)
    expired_approval(plan)
    after_denial(plan)
    other_command(plan)
    self_approval(plan)
    same_person(plan)
    machine_reviewer(plan)
    open_run = emergency(plan)
    unknown_identity(plan)
    return [("BG-01", open_run)]
