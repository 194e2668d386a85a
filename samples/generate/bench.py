"""Writes a workspace with many signed events, for measurements: `python3 samples/generate/bench.py --events N --out DIR`.

One log of chained, signed lines of about 600 bytes: in every four events a request, its approval, its execution, and a
read that needs none. One case in two thousand is planned as an exception; EXPECTED.toml says which. The same number of
events gives the same bytes. A million events take about a minute.
"""

import argparse
import hashlib
import sys
from pathlib import Path

from keys import TestKey
from moment import DAY, MINUTE, at, rfc3339
from write import replace_folder, table

START, END = at("2026-07-01"), at("2026-10-01")
LOG = "bench"
BLOCK = 32
PLANNED_EACH = 2_000
PEOPLE, AGENTS = 200, 60
CANONICALISATION = "raw/1"

WORKSPACE = '''schema = "countersign/workspace/1"
entity = "Bench"
system = "measurement"
period = {{ from = 2026-07-01T00:00:00Z, to = 2026-10-01T00:00:00Z }}
trust  = "trust.toml"
people = "reference/people.csv"

[[source]]
id        = "bench"
profile   = "countersign"
objects   = ["logs/bench.jsonl"]
head      = "heads/bench.head"
extracted = {{ by = "bench.py", at = 2026-10-01T00:00:00Z, how = "bench.py --events {events}", records = {events} }}

[[gated]]
action_class = ["read"]
approval     = false

[[gated]]
action_class = ["write"]
env          = ["prod"]
'''

TRUST = '''[[key]]
file    = "keys/bench-TEST-KEY.pub"
owner   = "bench.py (test key)"
purpose = "log"
logs    = ["bench"]
'''


def people_csv():
    """Returns a roster of people and of agents that they own."""
    lines = ["person,name,kind,owner,ns,id,from,until,reviews"]
    for number in range(PEOPLE):
        lines.append(f"p{number:03d},Person {number},human,,email,p{number:03d}@bench.example,,,*")
    for number in range(AGENTS):
        lines.append(f"a{number:02d},Agent {number},agent,p{number:03d},bench,a{number:02d},,,")
    return ("\n".join(lines) + "\n").encode()


def human(number):
    """Returns a person as the log names it."""
    return f'{{"kind":"human","ns":"email","id":"p{number % PEOPLE:03d}@bench.example"}}'


def agent(number):
    """Returns an agent as the log names it."""
    return f'{{"kind":"agent","id":"a{number % AGENTS:02d}"}}'


class Case:
    """One request with its approval and execution. `plan` says in what it strays from the rules, if it does."""

    PLANS = ["unapproved", "self-approval", "other-command", "late"]

    def __init__(self, number):
        self.number = number
        self.owner = number % AGENTS
        planned = number % PLANNED_EACH == PLANNED_EACH // 2
        self.plan = self.PLANS[number // PLANNED_EACH % len(self.PLANS)] if planned else None
        self.reviewer = self.owner if self.plan == "self-approval" else AGENTS + number % (PEOPLE - AGENTS)
        self.digest = hashlib.sha256(b"case %d" % number).hexdigest()

    def target(self):
        """Returns the target."""
        return f'{{"id":"db-{self.number % 40}","group":"g{self.number % 9}","env":"prod"}}'

    def request(self):
        """Returns the request event."""
        return (
            f'{{"kind":"request","id":"r-{self.number}","corr":{{"request":"r-{self.number}"}},"requester":{agent(self.owner)},'
            f'"action":{{"name":"db.write","class":"write"}},"target":{self.target()},'
            f'"justification":[{{"text":"batch {self.number % 977}","by":"requester"}}]}}'
        )

    def decision(self):
        """Returns the decision event."""
        outcome = "denied" if self.plan == "unapproved" else "approved"
        return (
            f'{{"kind":"decision","id":"d-{self.number}","corr":{{"request":"r-{self.number}"}},"decider":{human(self.reviewer)},'
            f'"action":{{"command_digest":"{self.digest}","canonicalisation":"{CANONICALISATION}"}},'
            f'"decision":{{"outcome":"{outcome}"}}}}'
        )

    def execution(self):
        """Returns the execution event."""
        digest = self.digest[::-1] if self.plan == "other-command" else self.digest
        return (
            f'{{"kind":"execution","id":"x-{self.number}","corr":{{"request":"r-{self.number}"}},"executor":{agent(self.owner)},'
            f'"action":{{"name":"db.write","class":"write","command_digest":"{digest}","canonicalisation":"{CANONICALISATION}"}},'
            f'"target":{self.target()},"execution":{{"state":"succeeded"}}}}'
        )

    def read(self):
        """Returns a read that needs no approval."""
        return (
            f'{{"kind":"execution","id":"y-{self.number}","executor":{agent(self.number // 7)},'
            f'"action":{{"name":"db.read","class":"read"}},"target":{self.target()},"execution":{{"state":"succeeded","rows":{self.number % 5000}}}}}'
        )

    def expected(self):
        """Returns (test, native id) pairs."""
        run, vote = f"x-{self.number}", f"d-{self.number}"
        return {
            None: [],
            "unapproved": [("AUTHZ-01", run), ("AUTHZ-04", run)],
            "self-approval": [("SOD-02", vote), ("AUTHZ-01", run)],
            "other-command": [("AUTHZ-06", run)],
            "late": [("AUTHZ-02", run), ("AUTHZ-01", run)],
        }[self.plan]


def events(count, expected):
    """Yields exactly `count` events, block by block: requests, then approvals, then executions and reads."""
    number = made = 0
    while made < count:
        cases = [Case(number + offset) for offset in range(min(BLOCK, -(-(count - made) // 4)))]
        number += len(cases)
        block = [case.request() for case in cases]
        block += [case.decision() for case in cases if case.plan != "late"]
        for case in cases:
            block += [case.execution(), case.read()]
        block += [case.decision() for case in cases if case.plan == "late"]
        if made + len(block) > count:
            # The rest is too short for whole cases: reads only, which are never exceptions.
            block = [Case(number + offset).read() for offset in range(count - made)]
        else:
            for case in cases:
                expected.extend(case.expected())
        yield from block
        made += len(block)


def write_log(path, count, key, expected):
    """Writes the log and returns its head. Same lines as `chain.Chain`, without its JSON step."""
    prefix = b"countersign-log/1\n"
    prev, seq, size = "0" * 64, 0, 0
    sign, sha256 = key.private.sign, hashlib.sha256
    # A case runs within three blocks, and well within the day for which an approval holds.
    step = min((END - START - DAY) / count, 5 * MINUTE)
    with open(path, "wb", buffering=1 << 20) as out:
        for seq, event in enumerate(events(count, expected)):
            head = (
                f'{{"v":"countersign-log/1","log":"{LOG}","seq":{seq},"time":"{rfc3339(START + int(seq * step))}",'
                f'"key":"{key.id}","prev":"{prev}","event":{event}'
            ).encode()
            line = head + b',"sig":"' + sign(prefix + head).hex().encode() + b'"}'
            prev = sha256(line).hexdigest()
            size += out.write(line) + out.write(b"\n")
    print(f"{count} events, {size} bytes, {size / count:.0f} a line", file=sys.stderr)
    return f"{LOG} {seq} {prev}\n".encode()


def main():
    """Writes the workspace."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--events", type=int, default=1_000_000, help="how many events")
    parser.add_argument("--out", type=Path, required=True, help="folder to write; it must not exist, or be an earlier one")
    args = parser.parse_args()
    if args.events < 1:
        parser.error("--events must be at least 1")
    if args.out.exists() and not (args.out / "logs" / "bench.jsonl").exists():
        parser.error(f"{args.out} exists and was not written by bench.py")
    key = TestKey("bench-TEST-KEY")
    files = {"countersign.toml": WORKSPACE.format(events=args.events).encode(), "trust.toml": TRUST.encode()}
    files.update({f"keys/{name}": data for name, data in key.files().items()})
    files["reference/people.csv"] = people_csv()
    replace_folder(args.out, files)
    (args.out / "logs").mkdir()
    (args.out / "heads").mkdir()
    expected = []
    head = write_log(args.out / "logs" / "bench.jsonl", args.events, key, expected)
    (args.out / "heads" / "bench.head").write_bytes(head)
    rows = [table("exception", test=test, source="bench", native_id=native_id) for test, native_id in sorted(expected)]
    (args.out / "EXPECTED.toml").write_text('as_of = "2026-10-01T00:00:00Z"\n\n' + "\n".join(rows))


if __name__ == "__main__":
    main()
