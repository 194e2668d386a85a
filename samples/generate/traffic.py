"""The ordinary days: everything here follows the rules, so none of it is an exception of any test."""

from actions import AGENT_OF, REASONS, TEAM, WEIGHT, gated_action, read_action
from model import Action
from moment import DAY, HOUR, MINUTE, SECOND, any_time, at, days, is_weekend, office_time, rfc3339
from people import GATE, HOOP, SLACK, TELEPORT, mail

HOOP_PROD = {
    "ledger-rw": ("ledger", "postgres", "UPDATE entries SET note = 'see {n}' WHERE id = {n}", ["dba", "finance-ops"]),
    "payouts-rw": ("payouts", "postgres", "UPDATE payments SET state = 'retry' WHERE id = {n}", ["dba", "payments-leads"]),
    "warehouse-rw": ("data", "postgres", "DELETE FROM mart.staging WHERE load_id = {n}", ["data-leads"]),
    "identity-admin": ("identity", "custom", "ldapmodify -f change-{n}.ldif", ["security", "platform-leads"]),
}
HOOP_READ = {"ledger-ro": "SELECT * FROM entries WHERE id = {n}", "payouts-ro": "SELECT state FROM payments WHERE id = {n}"}
HOOP_DEV = {"ledger-dev": "TRUNCATE entries  -- {n}", "payouts-dev": "CALL seed_payments({n})"}
HOOP_TEAM = {
    "ledger": ["dana.reyes", "bjorn.asgeirsson", "lee.hartmann"],
    "payouts": ["aylin.yilmaz", "ines.carvalho", "chloe.durand"],
    "data": ["zofia.wisniewska", "irina.sokolova"],
    "identity": ["noa.levi", "david.cohen"],
}
HOOP_AGENT = {"ledger": "ledger-reconciler", "payouts": "payout-router", "data": "data-export-agent"}

TELEPORT_ROLES = {
    "prod-dba": ("ledger", "db", ["ledger-eu-primary", "payouts-eu-primary"]),
    "prod-ssh": ("platform", "node", ["bastion-eu1", "card-gateway-01", "card-gateway-02"]),
}

# Text that a report must show as text, whatever it looks like.
HOSTILE = [
    '=HYPERLINK("https://acme.example/","click")',
    "<script>alert('x')</script> **bold** [link](javascript:alert(1))",
    "::error file=a.rs::not an error \u001b[31mred\u001b[0m \u202egnirts",
]


EMERGENCIES = ["07-05T02:14:00", "07-19T22:41:00", "08-02T04:03:00", "08-15T23:20:00", "08-30T01:55:00", "09-06T03:31:00", "09-13T21:08:00", "09-20T05:47:00"]
POLICY_CHANGES = [("07-06T08:00:00", 15), ("08-10T08:00:00", 16), ("09-14T08:00:00", 17)]


def reason(plan, group):
    """Returns a reason and sometimes a ticket."""
    ticket = f"CH-{plan.rng.randrange(1200, 9800)}" if plan.rng.random() < 0.7 else ""
    return {"reason": plan.rng.choice(REASONS[group]), "ticket": ticket}


def requester_of(plan, group, moment):
    """Returns who asks: the group's agent more often than a person of its team."""
    if plan.rng.random() < 0.62:
        return AGENT_OF[group]
    return plan.rng.choice([p for p in TEAM[group] if plan.people[p].active(moment)])


def pick_group(plan):
    """Returns a resource group, weighted."""
    return plan.rng.choices(list(WEIGHT), weights=list(WEIGHT.values()))[0]


def gate_day(plan, day, gated, reads, dev):
    """Adds one day of the gate: `gated` approved cases, `reads` reads, `dev` runs outside production."""
    for _ in range(gated):
        moment = office_time(plan.rng, day)
        group = pick_group(plan)
        person = requester_of(plan, group, moment)
        action = gated_action(plan.rng, group, rfc3339(day)[:10])
        executor = "svc-deployer" if action.klass == "deploy" and plan.rng.random() < 0.5 else None
        via = plan.rng.choice(plan.channels)
        late = day + DAY >= plan.end
        wait = plan.rng.randrange(9 * HOUR, 20 * HOUR) if not late and plan.rng.random() < 0.02 else None
        request, votes, execution = plan.gate_flow(moment, person, action, via, wait=wait, executor=executor, **reason(plan, group))
        if wait:
            for vote in votes:
                vote.expires = vote.ts + DAY
        execution.state = "failed" if plan.rng.random() < 0.03 else "succeeded"
    for _ in range(reads):
        group = plan.rng.choice(["ledger", "payouts", "platform", "data", "risk", "support"])
        agent = AGENT_OF[group]
        plan.run("gate-eu", any_time(plan.rng, day), plan.who(agent, GATE), read_action(plan.rng, group, rfc3339(day)[:10]))
    for _ in range(dev):
        group = plan.rng.choice(["platform", "ledger", "data"])
        person = plan.rng.choice([p for p in TEAM[group] if plan.people[p].active(day)])
        action = gated_action(plan.rng, group, rfc3339(day)[:10], plan.rng.choice(["dev", "staging"]))
        plan.run("gate-eu", office_time(plan.rng, day), plan.who(person), action)


def gate_side_paths(plan, day):
    """Adds what a gate also sees: reads let through by a rule, denials, and requests that lapse."""
    rng = plan.rng
    text = rfc3339(day)[:10]
    if rng.random() < 0.9:
        group = rng.choice(["data", "risk", "support"])
        action = read_action(rng, group, text)
        request = plan.request("gate-eu", office_time(rng, day), plan.who(AGENT_OF[group], GATE), action, **reason(plan, group))
        plan.decide("gate-eu", request.ts + 40, request, None, "auto_approve", basis=rng.choice(["policy", "standing_rule"]))
        plan.run("gate-eu", request.ts + rng.randrange(300, 4000), request.actor, action, request)
    draw = rng.random()
    if draw < 0.62:
        group = pick_group(plan)
        moment = office_time(rng, day)
        person = requester_of(plan, group, moment)
        action = gated_action(rng, group, text)
        request = plan.request("gate-eu", moment, plan.who(person, "email" if plan.people[person].kind == "human" else GATE), action, **reason(plan, group))
        if draw < 0.36:
            via = rng.choice(["gate-eu", "slack-approvals"])
            ns = SLACK if via == "slack-approvals" else "email"
            reviewer = plan.pick_reviewers(1, group, moment, ns, [person])[0]
            plan.decide(via, moment + rng.randrange(2 * MINUTE, HOUR), request, plan.who(reviewer, ns), "deny", reason="Not now, see the change calendar")
        elif draw < 0.50:
            plan.resolve(moment + 4 * HOUR, request, "expired")
        else:
            plan.resolve(moment + rng.randrange(MINUTE, HOUR), request, rng.choice(["cancelled", "withdrawn"]))


def gate_second_thoughts(plan, day):
    """Adds two clean cases that look odd: a denial taken back by the same reviewer, and an approval with changes."""
    rng = plan.rng
    text = rfc3339(day)[:10]
    moment = office_time(rng, day)
    action = gated_action(rng, "payouts", text)
    request = plan.request("gate-eu", moment, plan.who("payout-router", GATE), action, **reason(plan, "payouts"))
    reviewer = plan.who(plan.pick_reviewers(1, "payouts", moment, "email", ["payout-router"])[0])
    plan.decide("gate-eu", moment + 5 * MINUTE, request, reviewer, "deny", reason="Amount looks wrong")
    plan.decide("gate-eu", moment + 22 * MINUTE, request, reviewer, expires=moment + 4 * HOUR, reason="Checked with the merchant")
    plan.run("gate-eu", moment + 31 * MINUTE, request.actor, action, request)

    moment = office_time(rng, day)
    action = gated_action(rng, "risk", text)
    changed = Action(**{**action.__dict__, "command": action.command + " --dry-run=false --limit 1"})
    request = plan.request("gate-eu", moment, plan.who("kyc-triage", GATE), action, **reason(plan, "risk"))
    reviewer = plan.who(plan.pick_reviewers(1, "risk", moment, "email", ["kyc-triage"])[0])
    vote = plan.decide("gate-eu", moment + 6 * MINUTE, request, reviewer, expires=moment + 4 * HOUR)
    vote.extra["edited"] = changed
    plan.run("gate-eu", moment + 9 * MINUTE, request.actor, changed, request)


def break_glass(plan, moment, person, group, reviewer, after, via="gate-eu"):
    """Adds an emergency run; `reviewer` looks at it `after` later, or nobody does. Returns run and review."""
    action = gated_action(plan.rng, group, rfc3339(moment)[:10])
    request = plan.request("gate-eu", moment, plan.who(person), action, break_glass=True, reason="Card traffic is down", ticket="INC-" + str(plan.rng.randrange(300, 990)))
    execution = plan.run("gate-eu", moment + 9 * SECOND, request.actor, action, request)
    review = None
    if reviewer:
        review = plan.decide(via, execution.ts + after, request, reviewer, phase="post", reason="Run looked at afterwards")
    return execution, review


def gate_emergencies(plan, moments):
    """Adds emergencies that somebody else reviewed within three days, on the gate and in Slack by turns."""
    for number, moment in enumerate(moments):
        person = ["tomas.dvorak", "nikos.georgiou", "oleksandr.kovalenko"][number % 3]
        via, ns = [("gate-eu", "email"), ("slack-approvals", SLACK)][number % 2]
        reviewer = plan.pick_reviewers(1, "platform", moment, ns, [person])[0]
        after = plan.rng.randrange(3 * HOUR, 60 * HOUR)
        break_glass(plan, moment, person, "platform", plan.who(reviewer, ns), after, via)


def hoop_prod_action(plan, connection):
    """Returns a reviewed action on a production connection."""
    group, kind, template, _ = HOOP_PROD[connection]
    command = template.format(n=plan.rng.randrange(10_000, 99_999))
    return Action("hoop.exec", "exec", command, connection, kind, group)


def hoop_user(plan, group, moment):
    """Returns who opens a session, as hoop names them: a person, or an agent with an API key."""
    agent = HOOP_AGENT.get(group)
    if agent and plan.rng.random() < 0.35:
        return agent, plan.who(agent, HOOP)
    person = plan.rng.choice([p for p in HOOP_TEAM[group] if plan.people[p].active(moment)])
    return person, plan.who(person)


def hoop_day(plan, day, reviewed, reads, dev, listed=False, interactive=0.3):
    """Adds one day of hoop sessions. `interactive` is the share of reviewed ones that have no script."""
    rng = plan.rng
    for _ in range(reviewed):
        moment = office_time(rng, day)
        connection = rng.choice(list(HOOP_PROD))
        group, _, _, groups = HOOP_PROD[connection]
        person, actor = hoop_user(plan, group, moment)
        session = plan.hoop(moment, actor, hoop_prod_action(plan, connection))
        session.listed = listed
        two = len(groups) == 2 and rng.random() < 0.2
        jit = not two and rng.random() < interactive
        if jit:
            session.verb = "connect"
            plan.hoop_review(session, "jit", rng.choice([30 * MINUTE, HOUR, 2 * HOUR]))
        else:
            plan.hoop_review(session, quorum=2 if two else 1)
        if listed:
            session.request.quorum = None
        session.asked = list(groups)
        voted = session.start + rng.randrange(MINUTE, 50 * MINUTE)
        reviewers = plan.pick_reviewers(2, group, moment, "email", [person])
        draw = rng.random()
        if draw < 0.06:
            plan.hoop_vote(session, groups[0], plan.free(voted), plan.who(reviewers[0]), "deny")
            continue
        if draw < 0.07:
            plan.hoop_vote(session, groups[0], plan.free(voted), plan.who(reviewers[0]), "revoke")
            continue
        first = plan.free(voted)
        plan.hoop_vote(session, groups[0], first, plan.who(reviewers[0]))
        if two:
            voted += rng.randrange(MINUTE, 20 * MINUTE)
            plan.hoop_vote(session, groups[1], plan.free(voted), plan.who(reviewers[1]))
        elif len(groups) == 2 and rng.random() < 0.1:
            # One click counts for each group that the reviewer belongs to, at the same moment.
            plan.hoop_vote(session, groups[1], first, plan.who(reviewers[0]))
        longest = session.duration - MINUTE if jit else 2 * HOUR
        plan.hoop_run(session, voted + rng.randrange(20 * SECOND, longest))
    for _ in range(reads):
        connection = rng.choice(list(HOOP_READ))
        group = connection.removesuffix("-ro")
        moment = office_time(rng, day)
        _, actor = hoop_user(plan, group, moment)
        command = HOOP_READ[connection].format(n=rng.randrange(10_000, 99_999))
        session = plan.hoop(moment, actor, Action("hoop.exec", "exec", command, connection, "postgres", group))
        session.listed = listed
        plan.hoop_run(session, session.start + rng.randrange(400, 20 * MINUTE))
    for _ in range(dev):
        connection = rng.choice(list(HOOP_DEV))
        group = connection.removesuffix("-dev")
        moment = office_time(rng, day)
        _, actor = hoop_user(plan, group, moment)
        command = HOOP_DEV[connection].format(n=rng.randrange(10_000, 99_999))
        session = plan.hoop(moment, actor, Action("hoop.exec", "exec", command, connection, "postgres", group, "dev"))
        session.listed = listed
        plan.hoop_run(session, session.start + rng.randrange(400, 20 * MINUTE))


def teleport_access(plan, role, name=None):
    """Returns the access that a Teleport request asks for."""
    group, kind, names = TELEPORT_ROLES[role]
    return Action("teleport.access", "access", "", name or plan.rng.choice(names), kind, group)


def teleport_day(plan, day, cases):
    """Adds one day of Teleport: requests with reviews and sessions, some denied or left to lapse."""
    rng = plan.rng
    for _ in range(cases):
        role = rng.choice(list(TELEPORT_ROLES))
        group = TELEPORT_ROLES[role][0]
        moment = office_time(rng, day)
        person = rng.choice([p for p in TEAM[group] if plan.people[p].active(moment)])
        access = teleport_access(plan, role)
        request = plan.teleport_request(moment, person, role, access, hours=rng.choice([6, 8]), **reason(plan, group))
        reviewers = [plan.who(p, TELEPORT) for p in plan.pick_reviewers(2, group, moment, TELEPORT, [person])]
        draw = rng.random()
        if draw < 0.06:
            continue
        voted = moment + rng.randrange(MINUTE, 40 * MINUTE)
        if draw < 0.16:
            plan.teleport_vote(voted, request, reviewers[0], "deny", reason="Use the read replica")
            continue
        first = plan.teleport_vote(voted, request, reviewers[0], reason="Ticket checked")
        if rng.random() < 0.2:
            first.extra["state"] = "PENDING"
            voted += rng.randrange(MINUTE, 15 * MINUTE)
            plan.teleport_vote(voted, request, reviewers[1], reason="Second look")
        for _ in range(rng.choice([1, 1, 2, 3])):
            voted += rng.randrange(30 * SECOND, 50 * MINUTE)
            execution = plan.run("teleport", voted, request.actor, access, request, length=rng.randrange(MINUTE, 20 * MINUTE))
            voted = execution.ended
    if rng.random() < 0.98:
        # A machine with standing access: out of scope by rule, and counted as such.
        bot = plan.who("bot-backup", TELEPORT)
        plan.run("teleport", day + 90 * MINUTE + rng.randrange(MINUTE), bot, teleport_access(plan, "prod-dba"), length=rng.randrange(5 * MINUTE, 15 * MINUTE))
    for person in rng.sample(TEAM["platform"] + TEAM["ledger"], 2):
        if plan.people[person].active(day):
            plan.logins.append((plan.free(office_time(rng, day)), mail(person)))


def fill_quarter(plan):
    """Adds every ordinary day of the quarter."""
    rng = plan.rng
    for day in days(plan.start, plan.end):
        weekend = is_weekend(day)
        holiday = "2026-08-08" <= rfc3339(day)[:10] <= "2026-08-23"
        busy = 1 if weekend else rng.randrange(6, 10) if holiday else rng.randrange(8, 13)
        gate_day(plan, day, busy, rng.randrange(7, 12), 0 if weekend else rng.randrange(1, 5))
        gate_side_paths(plan, day)
        if not weekend:
            hoop_day(plan, day, 3 if holiday else 4, rng.randrange(3, 6), rng.randrange(0, 3), listed=day >= plan.end - 2 * DAY)
            teleport_day(plan, day, rng.randrange(2, 4))
        else:
            teleport_day(plan, day, 0)
    for day in ("2026-07-08", "2026-08-05", "2026-09-16"):
        gate_second_thoughts(plan, at(day))
    gate_emergencies(plan, [at(f"2026-{text}Z") for text in EMERGENCIES])
    plan.policy_changes += [(plan.free(at(f"2026-{text}Z")), version) for text, version in POLICY_CHANGES]
    for number, text in enumerate(HOSTILE):
        ordinary = [r for r in plan.requests if r.source == ("gate-eu", "gate-eu", "teleport")[number] and r.reason]
        plan.rng.choice(ordinary).reason = text
