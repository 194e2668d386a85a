"""`samples/globex`: one quarter, eight sources of eight products, cases that cross them by declared and by weak links."""

import json

import globex_planted
import globex_print
from extended import Extended
from globex_people import roster_rows
from globex_plan import END, EVENTS, REPOS, Quarter
from globex_workspace import GATED, GLOBEX
from moment import DAY, HOUR, MINUTE, SECOND, at, month, rfc3339
from oracle import TEMPORARY, Oracle
from people import people_csv
from write import table

# Sources whose records do not say that nobody was asked.
SILENT = {"cloudtrail", "kubernetes", "github", "litellm"}
# What a test on an execution needs when its request is not known.
JOINED = ["AUTHZ-01", "AUTHZ-02", "AUTHZ-03", "AUTHZ-04", "AUTHZ-06", "AUTHZ-07", "AUTHZ-09", "SOD-05"]
# How long after its end a role may still be held, and how soon after the request a vote is too soon.
GRACE = HOUR
FLOOR = 5 * SECOND
TOLERANCE = 2 * SECOND

UNABLE = {
    "decision.reason": "the product asks for no reason, or does not log it",
    "decision.scope": "a click on a button does not say how much it grants",
    "execution.command_digest": "the product logs no digest of what ran",
    "execution.identity": "actors whom the roster never named, which AGT-01 notes; nobody knows who answers for them",
    "execution.quorum": "the request that was named is not there, and with it how many approvals it needed",
    "execution.request_id": "the record names no request, and no link tells which it was",
    "execution.row_count": "neither AWS nor the cluster says how many rows were read",
    "request.identity": "somebody whom the roster never named, which AGT-01 notes",
    "request.reason": "the product asks for no reason",
    "request.request_id": "the card’s session is not in the export of hoop",
    "request.resource_id": "what was asked for has another name in this product, is a role, or is not there",
    "request.ts_ms": "two clocks: whether the click came too soon is within what they may differ by",
}


class CrossOracle(Oracle):
    """The second reading, for facts that lie in several products."""

    def __init__(self, plan, rows, gated, as_of):
        super().__init__(plan, rows, gated, as_of)
        # What is no exception of an item: evidence that is lacking, and what is to be looked at.
        self.noted = dict.fromkeys(("AUTHZ-10", "LOG-01", "REV-01", "REV-07"), 0)
        taken_back = min(end.ts for end in plan.resolutions)
        for run in plan.executions:
            if run.source == "entra":
                self.withdrawal(run)
            # What names no request, and may have one, may be of any that was taken back a minute before.
            if run.request is None and run.extra["link"] != "none" and run.ts - MINUTE > taken_back:
                self.untestable["AUTHZ-05", run.source, "execution.request_id"].add(run)
            if run.action.klass == "read":
                self.untestable["DAT-01", run.source, "execution.row_count"].add(run)
            self.noted["AUTHZ-10"] += run.request is not None and run.extra["link"] == "orphan"
        for decision in plan.decisions:
            self.noted["AUTHZ-10"] += decision.request.actor is None
            if decision.outcome == "approve" and decision.phase == "pre" and decision.basis == "human":
                self.haste(decision)
        # A record that no reading can use, and the hole that it leaves.
        self.noted["LOG-01"] = 2 * sum(map(len, REJECTED.values()))
        voters = {self.roster.principal(d.reviewer, d.ts) for d in plan.decisions if d.ts >= as_of - 90 * DAY}
        self.noted["REV-07"] = len({p for p, spans in self.roster.of_person.items() if any(groups for _, _, groups in spans)} - voters)

    def withdrawal(self, run):
        """Applies JIT-01 to the grant that comes with an activation."""
        if run.request.extra["until"] - run.ts > TEMPORARY:
            self.found["JIT-02"].add(run)
        limit = run.request.extra["until"] + GRACE
        assert limit < self.as_of, run
        if not any(end.request is run.request and run.ts <= end.ts <= limit for end in self.plan.resolutions):
            self.found["JIT-01"].add(run)

    def theirs(self, run, person):
        """Where the request is not there, nobody knows whose it was."""
        if run.extra["link"] == "orphan":
            self.untestable["AUTHZ-09", run.source, "request.request_id"].add(run)
        else:
            super().theirs(run, person)

    def haste(self, decision):
        """Applies REV-01 to one approval."""
        request = decision.request
        took = None if request.actor is None else decision.ts - request.ts
        if took is None or (decision.source != request.source and -TOLERANCE <= took - FLOOR < TOLERANCE):
            self.untestable["REV-01", decision.source, "request.ts_ms"].add(decision)
        elif took < FLOOR:
            self.noted["REV-01"] += 1

    def asked_because(self, request):
        """Returns the reason of a request; hoop and the bot ask for none."""
        return None if request.source in ("hoop", "slack") else request.reason

    def excuse(self, decision):
        """Applies REV-09 to a denial, or to an emergency. Entra repeats what was given with the request."""
        self.reason(decision, "decision", decision.request.reason if decision.source == "entra" else None)

    def standing(self, decision):
        """A session of hoop is one use, whoever answers; any other card grants nobody knows how much."""
        if decision.source == "slack" and (decision.request.source == "slack" or decision.request.actor is None):
            self.untestable["STD-01", decision.source, "decision.scope"].add(decision)
        if "until" in decision.request.extra:
            assert decision.request.extra["until"] - decision.ts <= 8 * HOUR, decision

    def target(self, run):
        """Where the request is not there, nobody knows what it named."""
        if run.extra["link"] == "orphan":
            self.untestable["AUTHZ-07", run.source, "request.resource_id"].add(run)
            return
        super().target(run)

    def execution(self, run):
        """Items whose request nobody can name cannot be tested."""
        if run.request is None and run.source in SILENT and run.extra["link"] in ("not_logged", "ambiguous"):
            gated = self.rule(run) > 0
            for test in JOINED if gated else JOINED[3:4] * (run.extra["link"] == "ambiguous"):
                self.untestable[test, run.source, "execution.request_id"].add(run)
            return
        super().execution(run)

    def separation(self, decision):
        """A vote on a request that is nowhere on record cannot be held against its requester."""
        if decision.request.actor is None:
            for test in ("SOD-01", "SOD-02"):
                self.untestable[test, decision.source, "request.request_id"].add(decision)
            return
        super().separation(decision)


def fill(q):
    """Adds the ordinary quarter, and as many requests of machines as make the events a round number."""
    for _ in range(980):
        q.hoop_flow()
    for _ in range(1300):
        q.hoop_read()
    for _ in range(780):
        q.teleport_flow()
    backup = q.people["svc-backup"]
    for day in q.days:
        for hour in range(0, 24, 2):
            q.teleport_session(day + hour * 60 * MINUTE + q.rng.randrange(MINUTE), next_actor(backup), None)
    for _ in range(380):
        q.deploy()
    for _ in range(360):
        q.job()
    for _ in range(420):
        q.tool()
    for _ in range(6200):
        q.lookup()
    for _ in range(330):
        q.activate()
    for _ in range(7000):
        service = q.people[q.rng.choice(["svc-autoscaler", "svc-config"])]
        q.call(service, q.day() + q.rng.randrange(DAY), read=service.id == "svc-config")
    for _ in range(1800):
        q.call(q.rng.choice(q.analysts), q.day() + q.rng.randrange(8, 17) * 60 * MINUTE + q.rng.randrange(60 * MINUTE), read=True)
    for _ in range(1500):
        person = q.person()
        q.noise.append((q.day() + q.rng.randrange(DAY), person.actor("github"), q.rng.choice(REPOS)))


def next_actor(person):
    """Returns the first identity of a person."""
    ns, _ = person.aliases[0]
    return person.actor(ns)


def events(q):
    """Counts the events that the records make, each fact once, by source: read off the products' formats, not off the profiles."""
    counts = dict.fromkeys(globex_print.SOURCES, 0)
    for request in q.requests:
        # A card is no record: its request comes with the first click. Teleport and hoop write theirs.
        if request.source in ("hoop", "teleport", "entra"):
            counts[request.source] += 1
    carded = set()
    for vote in q.decisions:
        counts[vote.source] += 1
        if vote.source == "teleport":
            counts["teleport"] += 1  # the review that decides also says what the request is now
        if vote.source == "slack" and (vote.request.source == "slack" or vote.request.extra["card"]):
            carded.add(id(vote.request))
    for run in q.executions:
        counts[run.source] += 1
        if run.source in ("teleport", "entra"):
            counts[run.source] += 1  # the end of a session; the grant that comes with an activation
    for end in q.resolutions:
        counts[end.source] += 1
    # Cards of hoop repeat a request that hoop has.
    counts["slack"] += len(carded - {id(request) for request in q.requests if request.source == "hoop"})
    return counts


# Records that no reading can use, by source: what becomes of them, and why.
REJECTED = {
    "kubernetes": [({"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": f"bad-{n}", "stage": "Finished", "verb": "get", "user": {"username": "x"}, "requestReceivedTimestamp": "2026-08-1%dT10:00:00.000000Z" % n, "stageTimestamp": "2026-08-1%dT10:00:00.000000Z" % n}, at("2026-08-1%dT10:00:00Z" % n), "a stage that Kubernetes does not have") for n in (1, 2)],
    "litellm": [({"litellm_call_id": "bad-1", "call_type": "call_mcp_tool", "status": "maybe", "startTime": at("2026-09-03T12:00:00Z") / 1000, "metadata": {}}, at("2026-09-03T12:00:00Z"), "a status that says neither success nor failure")],
}


def lines(records):
    """Returns records as JSON lines."""
    return "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records).encode()


def objects(q):
    """Returns the objects by path, the number of records of each source, and those that were exported twice."""
    files, counts, twice = {}, {}, {}
    for source, show in globex_print.SOURCES.items():
        records = list(show(q)) + [(ms, record) for record, ms, _ in REJECTED.get(source, [])]
        records.sort(key=lambda pair: pair[0])
        months = {}
        for ms, record in records:
            months.setdefault(month(min(ms, END - 1)), []).append(record)
        counts[source] = len(records)
        for name, rows in sorted(months.items()):
            if source == "cloudtrail":
                files[f"exports/cloudtrail/trail-{name}.json.zst"] = json.dumps({"Records": rows}, separators=(",", ":")).encode()
            else:
                files[f"exports/{source}/{source}-{name}.jsonl.zst"] = lines(rows)
        # Exports that overlap: the last day of August came twice. hoop shows a row anew, with a member more.
        again = [record for ms, record in records if rfc3339(ms)[:10] == "2026-08-31"]
        if source == "hoop":
            again = [record | {"session_size": 0} for record in again]
        if source in ("teleport", "slack", "hoop", "github"):
            files[f"exports/{source}/{source}-again-2026-08-31.jsonl.zst"] = lines(again)
            counts[source] += len(again)
            twice[source] = [record for record in again if record.get("action") != "git.fetch"]
    return files, counts, twice


def repeats(q, twice):
    """Returns how many records stand in two objects, and how many events repeat a fact in other words, by source."""
    shown = [1 + (1 + len(r["review"]["review_groups_data"]) if r["review"] else 0) for r in twice["hoop"]]
    cards = [d.request for d in q.decisions if d.source == "slack" and (d.request.source == "slack" or d.request.extra["card"])]
    first = {id(request) for request in cards}
    # One card clicked twice states its request twice, and a card of hoop what hoop has stated; the start and the end
    # of an exec are one run.
    of_hoop = {id(request) for request in cards if request.source == "hoop"}
    execs = sum(1 for run in q.executions if run.source == "kubernetes" and "/" in run.action.name)
    duplicates = {source: len(records) for source, records in twice.items() if source != "hoop"}
    return duplicates, {"hoop": sum(shown), "slack": len(cards) - len(first) + len(of_hoop), "kubernetes": execs}


def results_of_links(q):
    """Returns what each link must say: joined, ambiguous, orphaned."""
    link = {"clicks": [0, 0, 0], "deployments": [0, 0, 0], "tools": [0, 0, 0], "cluster": [0, 0, 0], "roles": [0, 0, 0], "calls": [0, 0, 0]}
    seen = set()
    for vote in q.decisions:
        if vote.source == "slack" and vote.request.source == "hoop":
            ghost = vote.request.actor is None
            link["clicks"][2 if ghost else 0] += 1
            if not ghost and vote.request.extra["card"] and id(vote.request) not in seen:
                seen.add(id(vote.request))
                link["clicks"][0] += 1
    for run in q.executions:
        state = run.extra["link"]
        name = {"github": "deployments", "litellm": "tools", "kubernetes": "cluster"}.get(run.source)
        if name and (run.request is not None or (state == "orphan" and run.action.klass == "deploy")):
            link[name][2 if state == "orphan" else 0] += 1
        if run.source == "cloudtrail":
            if run.extra.get("tag"):
                link["roles"][2 if state == "orphan" else 0] += 1
            elif run.actor.kind != "service":
                link["calls"][{"weak": 0, "ambiguous": 1, "not_logged": 2}[state]] += 1
    return link


def expected_toml(q, oracle, counts, duplicates, repeated):
    """Returns what must be found, from the plan alone."""
    out = [
        "# What must be found in this sample: nothing may be missing, and nothing more may be found.\n"
        "# Written by samples/generate from its plan, checked there against a second reading of the definitions; never\n"
        "# from the output of countersign.\n\n"
        f'as_of = "2026-10-01T00:00:00Z"\nevents = {EVENTS}\n'
    ]
    for test, source, native_id, why in sorted((e.test, e.item.source, native(e.item), e.why) for e in q.expected):
        out.append(table("exception", test=test, source=source, native_id=native_id, why=why))
    extended = Extended(q, oracle.roster, END, group_of)
    unable = {key: len(items) for key, items in oracle.untestable.items()} | extended.untestable
    for (test, source, column), items in sorted(unable.items()):
        out.append(table("untestable", test=test, source=source, column=column, items=items))
    for test, items in sorted((oracle.noted | extended.noted).items()):
        out.append(table("noted", test=test, items=items))
    for source in globex_print.SOURCES:
        out.append(table("source", id=source, records=counts[source], duplicates=duplicates.get(source, 0), repeated_events=repeated.get(source, 0), rejected=len(REJECTED.get(source, []))))
    for name, (joined, ambiguous, orphaned) in results_of_links(q).items():
        out.append(table("link", id=name, joined=joined, ambiguous=ambiguous, orphaned=orphaned))
    for ns, name in sorted({(i.actor.ns, i.actor.id) for i in q.requests + q.executions if not oracle.roster.lookup(i.actor, i.ts)}):
        out.append(table("unresolved", ns=ns, id=name))
    return "\n".join(out).encode()


def group_of(item):
    """Returns the group of a run, or of a request: only hoop says to which account a connection belongs."""
    asked = not hasattr(item, "ended")
    return None if item.actor is None or (asked and item.source != "hoop") else item.action.group


def native(item):
    """Returns the id under which the product knows an item; a click has none, so it is the request and the user."""
    if item.source != "slack" or not hasattr(item, "reviewer"):
        return item.id
    request = item.request
    name = f"hoop/{request.extra['session']}" if request.source == "hoop" else request.id
    return f"{name}/{item.reviewer.id}"


def unable_toml(untestable):
    """Returns the `[[expected_unable]]` tables, with some room in the number of items."""
    out = []
    for (test, source, column), items in sorted(untestable.items()):
        ceiling = (len(items) + 49) // 50 * 50
        out.append(table("expected_unable", test=test, source=source, column=column, max_items=ceiling, reason=UNABLE[column], until="2027-06-30").replace('"2027-06-30"', "2027-06-30"))
    return "\n".join(out)


def build():
    """Returns the files of the sample by path, and the plan."""
    q = Quarter()
    globex_planted.plant(q)
    fill(q)
    for _ in range(EVENTS - sum(events(q).values())):
        q.machine()
    assert sum(events(q).values()) == EVENTS
    globex_planted.emptied_tables(q)
    files, counts, again = objects(q)
    rows = roster_rows(q.people)
    oracle = CrossOracle(q, rows, GATED, END)
    oracle.check_against(q.expected, [])
    duplicates, repeated = repeats(q, again)
    files["countersign.toml"] = GLOBEX.format(unable=unable_toml(oracle.untestable), **counts).encode()
    files["reference/people.csv"] = people_csv(rows)
    files["EXPECTED.toml"] = expected_toml(q, oracle, counts, duplicates, repeated)
    return files, q
