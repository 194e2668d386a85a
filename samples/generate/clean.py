"""`samples/clean`: one month, two sources, no exception, nothing untestable but the reasons that hoop does not ask for."""

import gate
import hoop
from chain import Chain
from keys import TestKey
from moment import HOUR, MINUTE, at, days, is_weekend
from oracle import Oracle
from people import people_csv, roster, roster_rows
from plan import Plan
from traffic import break_glass, gate_day, hoop_day
from workspace import CLEAN, CLEAN_GATED, CLEAN_TRUST

SEED = 20_260_601
START, END = at("2026-06-01"), at("2026-07-01")


def build():
    """Returns the files of the sample by path, and the plan."""
    people = roster()
    plan = Plan(SEED, START, END, people)
    plan.channels = ["gate-eu"]
    for day in days(START, END):
        if not is_weekend(day):
            gate_day(plan, day, plan.rng.randrange(2, 5), plan.rng.randrange(1, 4), plan.rng.randrange(0, 2))
            hoop_day(plan, day, 1, plan.rng.randrange(1, 4), plan.rng.randrange(0, 2), interactive=0)
    break_glass(plan, at("2026-06-13T03:20:00Z"), "tomas.dvorak", "platform", plan.who("grace.okafor"), 9 * HOUR)
    rows = [row for row in roster_rows(people) if row[5] != "oncall@acme.example"]
    oracle = Oracle(plan, rows, CLEAN_GATED, END)
    oracle.check_against([], [])
    assert set(oracle.untestable) == {("REV-09", "hoop", "request.reason")}, oracle.untestable
    gate.number_items(plan)
    hoop.number_items(plan, SEED)

    key = TestKey("gate-eu-TEST-KEY")
    chain = Chain("gate-eu", key)
    lines = [chain.line(ms, event) + b"\n" for ms, event in gate.Gate(plan, every=6 * HOUR).events()]
    lines.append(chain.line(END - MINUTE, {"kind": "close"}) + b"\n")
    objects = hoop.objects(plan)
    files = {
        "logs/gate-eu/gate-eu-2026-06.jsonl": b"".join(lines),
        "heads/gate-eu.head": chain.head(),
        "trust.toml": CLEAN_TRUST.encode(),
        "reference/people.csv": people_csv(rows),
        "countersign.toml": CLEAN.format(gate=len(lines), hoop=len(plan.sessions)).encode(),
    }
    files.update({f"exports/hoop/{name}": data for name, data in objects.items()})
    files.update({f"keys/{name}": data for name, data in key.files().items()})
    assert max(run.ended for run in plan.executions) < END - MINUTE
    return files, plan
