"""`samples/broken`: three signed logs; one edited after signing, one with a line taken out, one intact."""

import re

import gate
from chain import Chain
from keys import TestKey
from moment import HOUR, at, days
from people import mail, people_csv, roster, roster_rows
from plan import Plan
from traffic import gate_day
from workspace import BROKEN
from write import table

SEED = 20_260_504
START, END = at("2026-05-04"), at("2026-05-11")

TRUST_KEY = '''[[key]]
file    = "keys/{log}-TEST-KEY.pub"
owner   = "Acme Payments, {log} (test key)"
purpose = "log"
logs    = ["{log}"]
'''


def log_lines(name, seed):
    """Returns the lines of one log as they were written, and its key."""
    plan = Plan(seed, START, END, roster())
    plan.channels = ["gate-eu"]
    for day in days(START, END):
        gate_day(plan, day, 2, 2, 0)
    gate.number_items(plan)
    key = TestKey(f"{name}-TEST-KEY")
    chain = Chain(name, key)
    return [chain.line(ms, event) for ms, event in gate.Gate(plan, own=None, every=6 * HOUR).events()], key


def first(lines, words, after):
    """Returns the index of the first line past `after` that holds `words`."""
    return next(index for index, line in enumerate(lines) if index > after and words in line)


def build():
    """Returns the files of the sample by path, and None for the plan: these logs are for verification."""
    files, trust, report = {}, [], []
    places = {}
    for number, name in enumerate(("payments-gate", "deploy-gate", "identity-gate")):
        lines, key = log_lines(name, SEED + number)
        path = f"logs/{name}.jsonl"
        verdict = "altered"
        if name == "payments-gate":
            at_line = first(lines, b'"decider":', 50)
            edited = re.sub(rb'("decider":\{[^}]*"id":")[^"]*', rb"\g<1>" + mail("hana.sato").encode(), lines[at_line])
            assert edited != lines[at_line]
            lines[at_line] = edited
            places["edited"] = at_line + 1
            found = {"kind": "altered", "object": path, "line": at_line + 1, "seq": at_line}
            why = "the approver's address was replaced in the file; hash and signature are those of the old text"
        elif name == "deploy-gate":
            at_line = first(lines, b'"kind":"execution"', 40)
            del lines[at_line]
            places["after"] = at_line + 1
            found = {"kind": "gap", "object": path, "line": at_line + 1, "seq": at_line + 1}
            why = f"the line of sequence number {at_line} was taken out; the break shows at the line that follows"
        else:
            verdict, found = "verified", None
        report.append(table("log", log=name, verdict=verdict))
        if found:
            report.append(table("break", log=name, **found, why=why))
        files[path] = b"".join(line + b"\n" for line in lines)
        trust.append(TRUST_KEY.format(log=name))
        files.update({f"keys/{file}": data for file, data in key.files().items()})
    rows = [row for row in roster_rows(roster()) if row[5] != mail("oncall")]
    files["reference/people.csv"] = people_csv(rows)
    files["trust.toml"] = ("# Test keys.\n\n" + "\n".join(trust)).encode()
    files["countersign.toml"] = BROKEN.format(**places).encode()
    files["BROKEN.toml"] = ("# What `countersign verify` must find, written by samples/generate when it broke the logs.\n\n" + "\n".join(report)).encode()
    return files, None
