"""What went wrong at Globex, planned: each function adds one kind of case and notes which tests it is an exception of."""

from globex_people import ACCOUNTS, K8S, TELEPORT, outsider
from globex_plan import CALLS, stranger_person
from model import Action, Request, digest
from moment import HOUR, MINUTE, SECOND, at, office_time


def hoop_cases(q):
    """Cases whose request is hoop's and whose votes are clicks in Slack."""
    for _ in range(6):
        request, _, run = q.hoop(votes=0)
        q.expect("the card was never answered, and the session ran", (run, "AUTHZ-01"))
    for _ in range(4):
        request, votes, run = q.hoop(outcome="deny")
        q.expect("denied in Slack, and run in hoop", (run, "AUTHZ-01 AUTHZ-04"))
    for _ in range(4):
        request, votes, run = q.hoop(votes=0)
        late = q.click(run.ts + 20 * MINUTE, request, q.person([q.people[owner_of(q, request)]]), command=run.digest)
        q.expect("approved in Slack only after the session", (run, "AUTHZ-01 AUTHZ-02"))
        assert late.ts > run.ts
    for _ in range(3):
        request, votes, run = q.hoop(votes=0)
        own = q.people[owner_of(q, request)]
        vote = q.click(request.ts + 5 * SECOND, request, own, command=run.digest)
        run.ts = run.ended = request.ts + 5 * MINUTE
        q.expect("the requester clicked the own card, under the Slack id", (vote, "SOD-02"), (run, "SOD-05 AUTHZ-01"))
    for _ in range(3):
        request, votes, run = q.hoop(quorum=2, votes=1)
        q.expect("one click where two were needed", (run, "AUTHZ-01 SOD-04"))
    for _ in range(3):
        request, votes, run = q.hoop()
        votes[0].digest = digest("SELECT 1")
        q.expect("another statement ran than the one on the card", (run, "AUTHZ-06"))
    for _ in range(3):
        request, votes, run = q.hoop()
        votes[0].expires = run.ts - 30 * SECOND
        q.expect("the card’s approval had ended when the session ran", (run, "AUTHZ-01 AUTHZ-03"))
    for _ in range(4):
        person = q.person()
        run = q.hoop_read()
        run.actor, run.action = person.actor("email"), q.hoop_action("platform")
        run.digest = digest(run.action.command)
        q.expect("a session on a database that demands review, without one", (run, "AUTHZ-01"))
    person = stranger_person("email", "contractor@northwind.example")
    person.kind = None
    request, votes, run = q.hoop(person, "platform", office_time(q.rng, q.days[20]), votes=0)
    request.extra["card"] = False
    request.action.__dict__["group"] = run.action.__dict__["group"] = "sandbox"
    q.expect("somebody whom the roster does not name", (request, "AGT-01"), (run, "AGT-01 AUTHZ-01"))


def owner_of(q, request):
    """Returns the id of the person who asked."""
    return next(p.id for p in q.people.values() if (request.actor.ns, request.actor.id) in p.aliases)


def emergencies(q):
    """Sessions under force: hoop marks them, the review afterwards is a click in Slack."""
    for reviewed in (True, True, False):
        request, _, run = q.hoop(votes=0, break_glass=True)
        person = q.people[owner_of(q, request)]
        forced = q.vote("hoop", request.ts + MINUTE, request, q.person([person]).actor("email"), basis="break_glass", digest=run.digest)
        forced.id, forced.extra["forced"] = q.uuid(), True
        run.ts = run.ended = request.ts + 10 * MINUTE
        if reviewed:
            q.click(run.ts + 20 * HOUR, request, q.person([person]), phase="post")
        else:
            q.expect("an emergency that nobody looked at afterwards", (run, "BG-01"))


def aws_cases(q):
    """Calls that CloudTrail shows."""
    for _ in range(3):
        person = q.person()
        ghost = Request("hoop", at("2026-06-20"), person.actor("email"), Action("exec", "exec", "", "", "", ""), id="ghost", quorum=None)
        run = q.assume(office_time(q.rng, q.day()), person, "ledger", ghost, "orphan", tag=q.uuid())
        q.expect("the role was taken in the name of a session that hoop does not have", (run, "AUTHZ-01"))
    run = q.hoop_read()
    run.action = q.hoop_action("payments")
    run.digest = digest(run.action.command)
    person = next(p for p in q.people.values() if ("email", run.actor.id) in p.aliases)
    call = q.assume(run.ts - 10 * SECOND, person, "payments", None, "none", tag=run.id)
    q.expect("a session without a review, and what it did in AWS", (run, "AUTHZ-01"), (call, "AUTHZ-01"))
    for _ in range(3):
        request, votes, run = q.hoop(outcome="deny")
        person, account = q.people[owner_of(q, request)], next(k for k, v in ACCOUNTS.items() if v == request.action.group)
        call = q.assume(votes[-1].ts + 20 * SECOND, person, account, request)
        q.expect("denied in Slack, run in hoop, and carried on in AWS", (run, "AUTHZ-01 AUTHZ-04"), (call, "AUTHZ-01 AUTHZ-04"))
        call = q.aws(votes[-1].ts + MINUTE, person, account, q.rng.choice(CALLS), request=request)
        q.expect("denied in Slack, and by person, account, and time a part of it in AWS", (call, "AUTHZ-01 AUTHZ-04"))
    # Two sessions of one person on one account at one time: a call without a tag may be of either.
    for _ in range(2):
        person = q.person()
        ts = q.window(person, "ledger")
        q.hoop(person, "ledger", ts)
        _, votes, run = q.hoop(person, "ledger", ts + 3 * MINUTE)
        for _ in range(3):
            q.aws(run.ts - 15 * SECOND, person, "ledger", q.rng.choice(CALLS), link="ambiguous")
    for person in q.analysts[:4]:
        for _ in range(4):
            q.aws(office_time(q.rng, q.day()), person, "platform", q.rng.choice(CALLS), link="not_logged")


def cluster_cases(q):
    """Cases of Teleport, and of Kubernetes behind it."""
    for _ in range(4):
        person, request, vote = q.teleport(outcome="deny")
        run = q.exec(vote.ts + 5 * MINUTE, person.actor(K8S), request)
        q.expect("access was denied, and used in the cluster all the same", (run, "AUTHZ-01 AUTHZ-04"))
    for _ in range(3):
        person, request, vote = q.teleport()
        run = q.exec(request.extra["until"] + 10 * MINUTE, person.actor(K8S), request)
        q.expect("the access had ended when the pod was entered", (run, "AUTHZ-01 AUTHZ-03"))
    for _ in range(3):
        person = q.person()
        _, request, vote = q.teleport(person, reviewer=person)
        run = q.teleport_session(vote.ts + 3 * MINUTE, person.actor(TELEPORT), request)
        q.expect("approved the own request", (vote, "SOD-01 SOD-02"), (run, "SOD-05 AUTHZ-01"))
    for _ in range(3):
        _, request, _ = q.teleport(reason=f"CHG-{q.serial()}")
        q.expect("a number, and not a word of why", (request, "REV-09"))
    for _ in range(3):
        person = q.person()
        run = q.teleport_session(office_time(q.rng, q.day()), person.actor(TELEPORT), None)
        q.expect("standing access of a person", (run, "AUTHZ-01"))
    for _ in range(5):
        q.exec(office_time(q.rng, q.day()), q.person().actor(K8S), None, "not_logged")
    action = Action("get secrets", "read", "", "pay/secrets/api", "secrets", "pay")
    run = q.run("kubernetes", office_time(q.rng, q.day()), outsider(K8S, "system:serviceaccount:default:debug", "service"), action, None, "not_logged")
    q.expect("a service account that is not on the roster", (run, "AGT-01"))


def card_cases(q):
    """Deployments and tools whose card in Slack is the request."""
    for _ in range(3):
        _, vote, run = q.deploy(outcome="deny")
        q.expect("denied, and deployed all the same", (run, "AUTHZ-01 AUTHZ-04"))
    for _ in range(3):
        person = q.person()
        _, vote, run = q.deploy(person, person)
        q.expect("the author approved the own deployment", (vote, "SOD-02"), (run, "SOD-05 AUTHZ-01"))
    for _ in range(3):
        agent = q.rng.choice(q.agents)
        _, vote, run = q.tool(agent, q.people[agent.owner])
        q.expect("the owner approved what the own agent asked for", (vote, "SOD-02"), (run, "SOD-05 AUTHZ-01"))
    for _ in range(4):
        _, vote, run = q.tool(changed=True)
        q.expect("the agent called the tool with other arguments", (run, "AUTHZ-06"))
    for _ in range(4):
        agent = q.rng.choice(q.agents)
        action = Action("payout", "tool", "", "bank/payout", "tool", "tools")
        value, command = q.arguments("bank/payout")
        q.run("litellm", office_time(q.rng, q.day()), agent.actor("litellm"), action, None, "not_logged", id=f"call-{q.serial():06d}", digest=command, extra={"arguments": value})
    for _ in range(3):
        request = Request("slack", 0, q.person().actor("github"), Action("deploy", "deploy", "", "globex/pay", "r", "d"), id=f"globex/pay:{70_000 + q.serial()}", quorum=None)
        run = q.run("github", office_time(q.rng, q.day()), request.actor, request.action, request, "orphan")
        run.id, run.extra["repo"], run.extra["run"] = f"ga-{q.serial():06d}", "globex/pay", int(request.id.split(":")[1])
        q.expect("a deployment without a card", (run, "AUTHZ-01"))
    # A card of a session that hoop does not have: nobody can tell who asked.
    ghost = Request("hoop", 0, None, Action("exec", "exec", "", "", "", ""), id="ghost")
    ghost.extra = {"session": q.uuid(), "card": False}
    q.click(office_time(q.rng, q.day()), ghost, q.person(), command=digest("SELECT 2"))


def directory_cases(q):
    """Roles of Entra."""
    for _ in range(3):
        person = q.person()
        _, vote, run = q.activate(person, person)
        q.expect("approved the own activation", (vote, "SOD-01 SOD-02"), (run, "SOD-05 AUTHZ-01"))
    for _ in range(2):
        _, vote, run = q.activate(outcome="deny")
        q.expect("denied, and active all the same", (run, "AUTHZ-01 AUTHZ-04"))
    for _ in range(5):
        q.activate(outcome="deny", ran=False)
    for _ in range(3):
        _, _, run = q.activate(ends=False)
        q.expect("the role was never taken back", (run, "JIT-01"))
    for _ in range(2):
        request, _, _ = q.activate(reason="urgent")
        q.expect("one word, and no reason", (request, "REV-09"))


def emptied_tables(q):
    """Nobody at Globex asks two people before a table is emptied, unless the session took two anyway."""
    for run in q.executions:
        if run.source != "hoop" or run.action.klass != "exec" or run.break_glass or not run.action.command.startswith("TRUNCATE"):
            continue
        votes = [vote for vote in q.decisions if run.request and vote.request is run.request and vote.ts <= run.ts]
        valid = [vote for vote in votes if vote.outcome == "approve" and (vote.expires is None or run.ts < vote.expires)]
        people = {person.id for person in q.people.values() for vote in valid if (vote.reviewer.ns, vote.reviewer.id) in person.aliases}
        own = {person.id for person in q.people.values() if run.request and (run.request.actor.ns, run.request.actor.id) in person.aliases}
        if len(people - own) < 2:
            q.expect("a table was emptied, and fewer than two people had approved it", (run, "DAT-03"))


def plant(q):
    """Adds all of them."""
    hoop_cases(q)
    emergencies(q)
    aws_cases(q)
    cluster_cases(q)
    card_cases(q)
    directory_cases(q)
