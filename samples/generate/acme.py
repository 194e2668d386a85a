"""`samples/acme`: one quarter, four sources, every shipped deviation test with something to find."""

import gate
import hoop
import planted
import slack
import teleport
from chain import Chain
from extended import Extended
from keys import TestKey
from moment import HOUR, at, month
from oracle import Oracle
from people import people_csv, roster, roster_rows
from plan import Plan
from traffic import fill_quarter
from workspace import ACME, ACME_GATED, ACME_TRUST
from write import table

SEED = 20_260_701
START, END = at("2026-07-01"), at("2026-10-01")
# What June left behind: the log had this many records before the quarter began.
BEFORE = 18_231
# A file of each kind, so that a run reads all of them.
GATE_FILES = {"2026-07": ".jsonl.gz", "2026-08": ".jsonl", "2026-09": ".jsonl.zst"}
PACKING = {"hoop": {"2026-07": ".zst", "2026-08": ".gz"}, "teleport": {"2026-07": ".gz", "2026-08": ".gz"}, "slack": {"2026-07": ".gz", "2026-08": ".zst"}}

# (test, source, column): why nobody can tell, as the workspace says it.
UNABLE = {
    ("AUTHZ-06", "teleport", "execution.command_digest"): "Teleport logs no digest of what runs in a session",
    ("AUTHZ-06", "hoop", "execution.command_digest"): "interactive hoop sessions have no script, and the list form of the export leaves it out",
    ("AUTHZ-01", "teleport", "execution.quorum"): "Teleport does not log how many approvals a role needs",
    ("AUTHZ-01", "hoop", "execution.quorum"): "the list form of hoop's export leaves out how many approvals were needed",
    ("SOD-04", "teleport", "execution.quorum"): "Teleport does not log how many approvals a role needs",
    ("SOD-04", "hoop", "execution.quorum"): "the list form of hoop's export leaves out how many approvals were needed",
    ("AGT-02", "gate-eu", "execution.identity"): "actors that are not on the roster, which AGT-01 notes; nobody knows who answers for them",
    ("AGT-02", "gate-eu", "request.identity"): "an actor that is not on the roster, which AGT-01 notes",
    ("AGT-02", "hoop", "execution.identity"): "hoop does not say what an identity is; AGT-01 notes those that are not on the roster",
    ("AGT-02", "teleport", "request.identity"): "somebody who is not on the roster, which AGT-01 notes",
    ("AGT-02", "teleport", "decision.reviewer_identity"): "Teleport's own approval bot is not on the roster",
    ("REV-05", "teleport", "request.resource_group"): "Teleport does not log which team a role belongs to",
    ("REV-06", "gate-eu", "execution.identity"): "actors whom the roster never named, which AGT-01 notes",
    ("REV-06", "gate-eu", "request.identity"): "actors whom the roster never named, or names twice, which AGT-01 notes",
    ("REV-06", "hoop", "execution.identity"): "an API key that the roster never named, which AGT-01 notes",
    ("REV-06", "teleport", "request.identity"): "somebody whom the roster never named, which AGT-01 notes",
    ("REV-06", "teleport", "decision.reviewer_identity"): "Teleport's own approval bot is not on the roster",
    ("REV-09", "hoop", "request.reason"): "hoop asks for no reason when a session is opened",
    ("REV-09", "hoop", "decision.reason"): "hoop asks for no reason in an emergency",
    ("REV-09", "slack-approvals", "decision.reason"): "a click on a button carries no reason",
    ("DAT-03", "hoop", "execution.destructive"): "the list form of hoop's export leaves out the script",
    ("SOD-05", "gate-eu", "execution.actor_id"): "the deployer is a service: nobody logs who set it going",
    ("SOD-05", "gate-eu", "execution.principal_id"): "a service that is not on the roster, which AGT-01 notes",
    ("STD-01", "slack-approvals", "decision.scope"): "a click on a button does not say how much it grants",
}


def build_plan():
    """Returns the plan of the quarter, checked against the oracle, with what the oracle found untestable."""
    people = roster()
    plan = Plan(SEED, START, END, people)
    fill_quarter(plan)
    pending = planted.plant(plan)
    rows = roster_rows(people)
    oracle = Oracle(plan, rows, ACME_GATED, END)
    oracle.check_against(plan.expected, pending)
    # Teleport does not say which group its roles belong to.
    extended = Extended(plan, oracle.roster, END, lambda item: None if item.source == "teleport" else item.action.group)
    assert not extended.noted, extended.noted
    return plan, rows, pending, oracle.untestable, extended.untestable


def gate_files(plan, key):
    """Returns the gate's files and heads. The last line of June is made to be linked to, and not shipped."""
    chain = Chain("gate-eu", key, BEFORE - 1, "f" * 64)
    chain.line(START - 2 * HOUR, {"kind": "heartbeat"})
    files = {"heads/q2/gate-eu.head": chain.head()}
    months = {}
    for ms, event in gate.Gate(plan).events():
        assert START <= ms < END, event
        months.setdefault(month(ms), []).append(chain.line(ms, event) + b"\n")
    for name, lines in months.items():
        files[f"logs/gate-eu/gate-eu-{name}{GATE_FILES[name]}"] = b"".join(lines)
    files["heads/gate-eu.head"] = chain.head()
    return files, sum(map(len, months.values()))


def export_files(source, objects):
    """Returns the objects of an export, compressed or not by month."""
    files = {}
    for name, data in objects.items():
        suffix = next((s for m, s in PACKING[source].items() if m in name), "")
        files[f"exports/{source}/{name}{suffix}"] = data
    return files


def expected_toml(plan, pending, untestable, extended):
    """Returns what the tests must find, from the plan alone."""
    out = [
        "# What the tests must find in this sample: nothing may be missing, and nothing more may be found.\n"
        "# Written by samples/generate from its plan, checked there against a second reading of the definitions; never\n"
        "# from the output of countersign. `native_id` is the product's own id: the execution for AUTHZ tests, BG-01, SOD-04,\n"
        "# and SOD-05, the decision for SOD-01 to SOD-03 and BG-03, the request, the decision, or the execution for AGT tests and\n"
        "# REV-06.\n\n"
        'as_of = "2026-10-01T00:00:00Z"\n'
    ]
    rows = [(e.test, e.item.source, e.item.id, e.why) for e in plan.expected]
    for test, source, native_id, why in sorted(rows):
        out.append(table("exception", test=test, source=source, native_id=native_id, why=why))
    for test, item in pending:
        out.append(table("pending", test=test, source=item.source, native_id=item.id, why="three days for the review had not passed"))
    counts = {key: len(items) for key, items in untestable.items()} | extended
    for (test, source, column), items in sorted(counts.items()):
        out.append(table("untestable", test=test, source=source, column=column, items=items))
    return "\n".join(out).encode()


def unable_toml(untestable):
    """Returns the `[[expected_unable]]` tables, with some room in the number of items."""
    out = []
    for (test, source, column), items in sorted(untestable.items()):
        ceiling = (len(items) + 49) // 50 * 50
        reason = UNABLE[test, source, column]
        out.append(table("expected_unable", test=test, source=source, column=column, max_items=ceiling, reason=reason, until="2027-06-30").replace('"2027-06-30"', "2027-06-30"))
    return "\n".join(out)


def build():
    """Returns the files of the sample by path, and the plan."""
    plan, rows, pending, untestable, extended = build_plan()
    gate.number_items(plan)
    hoop.number_items(plan, SEED)
    teleport.number_items(plan, SEED)
    slack.number_items(plan)
    gate_key, report_key = TestKey("gate-eu-TEST-KEY"), TestKey("acme-report-TEST-KEY")
    files, gate_records = gate_files(plan, gate_key)
    hoop_objects, teleport_objects, slack_objects = hoop.objects(plan), teleport.objects(plan, SEED), slack.objects(plan)
    files.update(export_files("hoop", hoop_objects))
    files.update(export_files("teleport", teleport_objects))
    files.update(export_files("slack", slack_objects))
    for key in (gate_key, report_key):
        files.update({f"keys/{name}": data for name, data in key.files().items()})
    text = ACME.format(
        gate=gate_records,
        hoop=len(plan.sessions),
        teleport=sum(data.count(b"\n") for data in teleport_objects.values()),
        slack=sum(data.count(b"\n") for data in slack_objects.values()),
        unable=unable_toml(untestable),
    )
    files["countersign.toml"] = text.encode()
    files["trust.toml"] = ACME_TRUST.encode()
    files["reference/people.csv"] = people_csv(rows)
    files["EXPECTED.toml"] = expected_toml(plan, pending, untestable, extended)
    return files, plan
