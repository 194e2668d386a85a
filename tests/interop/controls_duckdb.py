#!/usr/bin/env python3
"""Compares the control tests on Polars, as countersign runs them, with DuckDB, which knows nothing of countersign.

Two rounds. First every case of every test runs on DuckDB and must give the states that the case expects; the
Rust suite holds Polars to the same. Then random tables with nulls, ties and every value of every enum run on both,
and every item must have the same state.

Usage: controls_duckdb.py [--countersign PROGRAM] [--seeds N] [--rows N]
Needs Python 3.11 and the PyPI package duckdb.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import tomllib

import duckdb

CONTROLS = pathlib.Path(__file__).resolve().parents[2] / "controls"
TYPES = {"text": "VARCHAR", "integer": "BIGINT", "flag": "BOOLEAN"}
PERIOD = {"period_start_ms": 0, "period_end_ms": 1_000_000_000, "as_of_ms": 1_000_000_000}


def base_parameters():
    """Returns the columns of `param` that the base profile sets."""
    profile = tomllib.loads((CONTROLS / "parameters/base.toml").read_text())
    values = {}
    for parameter in profile["parameter"]:
        prefix = parameter["test"].lower().replace("-", "_") + "_" if "test" in parameter else ""
        values[prefix + parameter["name"]] = parameter["value"]
    return values


class Database:
    """DuckDB with the published tables."""

    def __init__(self, schema):
        self.schema = schema
        self.connection = duckdb.connect()
        for table, columns in schema.items():
            spec = ", ".join(f'{column["name"]} {TYPES[column["type"]]}' for column in columns)
            self.connection.execute(f"CREATE TABLE {table} ({spec})")

    def fill(self, tables):
        for table, columns in self.schema.items():
            self.connection.execute(f"DELETE FROM {table}")
            rows = tables.get(table, [])
            if not rows:
                continue
            names = [column["name"] for column in columns]
            unknown = set().union(*rows) - set(names)
            assert not unknown, f"{table} has no column {unknown}"
            marks = ", ".join("?" for _ in names)
            values = [[row.get(name) for name in names] for row in rows]
            self.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", values)

    def states(self, test):
        """Runs both queries and returns the state of every item, as cases write it."""
        folder = CONTROLS / "tests" / test.lower()
        population = self.connection.execute((folder / "population.sql").read_text()).fetchall()
        found = self.connection.execute((folder / "exceptions.sql").read_text()).fetchall()
        states = {}
        for subject, testability in population:
            assert subject is not None and testability is not None, f"{test}: null in population"
            assert subject not in states, f"{test}: {subject} stands twice in the population"
            states[subject] = "ok" if testability == "testable" else testability
        for row in found:
            subject, reason = row[0], row[1]
            assert subject in states, f"{test}: {subject} is an exception outside the population"
            if states[subject] == "ok":
                states[subject] = f"exception: {reason}"
        return states

    def save(self, folder):
        for table in self.schema:
            self.connection.execute(f"COPY {table} TO '{folder}/{table}.parquet' (FORMAT parquet)")


def tests():
    return sorted(folder.name.upper() for folder in (CONTROLS / "tests").iterdir() if folder.is_dir())


def case_tables(folder, path):
    """Reads the tables of a case, with the defaults beside it."""
    case = tomllib.loads(path.read_text())
    defaults_path = folder / "defaults.toml"
    defaults = tomllib.loads(defaults_path.read_text()).get("table", {}) if defaults_path.exists() else {}
    tables = {"param": [base_parameters() | PERIOD | case.get("param", {})]}
    for table, rows in case.get("table", {}).items():
        tables[table] = []
        for row in rows:
            full = defaults.get(table, {}) | row
            for name in full.pop("null", []):
                full.pop(name, None)
            tables[table].append(full)
    return case, tables


def run_cases(database):
    wrong, count = [], 0
    for test in tests():
        folder = CONTROLS / "tests" / test.lower() / "cases"
        for path in sorted(folder.glob("*.toml")):
            if path.name == "defaults.toml":
                continue
            case, tables = case_tables(folder, path)
            database.fill(tables)
            found = database.states(test)
            count += 1
            if found != case["expect"]:
                wrong.append(f"{test} {path.stem}: expected {case['expect']}, found {found}")
    return wrong, count


class World:
    """Random tables, small in values so that everything meets everything."""

    SIZES = [1, 1, 1, 1, 0.02, 0]
    NULLS = [0.02, 0.1, 0.0, 0.3]

    def __init__(self, seed, rows):
        self.random = random.Random(seed)
        self.seed = seed
        self.rows = int(rows * self.SIZES[seed % len(self.SIZES)])
        self.nulls = self.NULLS[seed % len(self.NULLS)]
        # With a roster, everybody has a name in one namespace.
        self.namespaces = ["people"] if seed % 2 == 0 else ["people", "people", "email", "slack:T1"]

    def pick(self, *values):
        """Returns one of `values`, or null."""
        return None if self.random.random() < self.nulls else self.random.choice(values)

    def time(self):
        base = self.random.choice([0, 1_000, 2_000, 50_000, 100_000, 200_000, 259_200_000, 999_999_000])
        return self.pick(base + self.random.choice([-1, 0, 1, 500, 1_999, 2_000, 2_001, 5_000]))

    def person(self):
        return self.pick("ada", "ben", "dan"), self.pick(*self.namespaces)

    def login(self):
        return self.pick("ada", "ben", "dan", "bot"), self.pick("email", "email", "slack:T1")

    def place(self):
        source = self.random.choice(["gate", "gate", "slack"])
        chain = self.random.choice([None, f"{source}/main"])
        return {"source_id": source, "chain": chain, "seq": self.pick(*range(20))}

    def request_id(self):
        return self.pick(*(f"R-{number}" for number in range(1 + self.rows // 3)))

    def execution(self, number):
        actor, actor_ns = self.login()
        person, person_ns = self.person()
        request = self.request_id()
        link = self.pick("linked", "linked", "linked", "declared", "weak") if request else self.pick("none", "not_logged", "ambiguous")
        return self.place() | {
            "execution_id": f"e{number}", "event_id": f"ve{number}", "native_id": f"S-{number}",
            "request_id": request, "request_link": link, "ts_ms": self.time(),
            "actor_id": actor, "actor_ns": actor_ns, "principal_id": person, "principal_ns": person_ns,
            "identity": self.pick("resolved", "unresolved", "ambiguous", "uncertain", "no_roster", "absent"),
            "command_digest": self.pick("aa", "bb"), "canonicalisation": self.pick("raw", "raw", "jcs"),
            "requires_approval": self.pick(True, True, True, False),
            "break_glass": self.pick(True, False, False), "quorum": self.pick(1, 1, 2, 3, 0),
            "actor_kind": self.pick("human", "agent", "service"), "bypass": self.pick(True, False, False),
            "session_id": self.random.choice([None, None, "S-1", "S-2"]), "actor_ended_ms": self.ended(),
            "resource_stated": self.pick(True, True, True, False), "row_count": self.pick(0, 999, 1_000, 50_000),
            "destructive": self.pick(True, False, False),
        } | self.target()

    def decision(self, number):
        reviewer, reviewer_ns = self.login()
        person, person_ns = self.person()
        return self.place() | {
            "decision_id": f"d{number}", "event_id": f"vd{number}", "request_id": self.request_id(),
            "ts_ms": self.time(), "reviewer_id": reviewer, "reviewer_ns": reviewer_ns,
            "reviewer_principal_id": person, "reviewer_principal_ns": person_ns,
            "reviewer_kind": self.pick("human", "human", "human", "agent", "service"),
            "outcome": self.pick("approve", "approve", "approve", "deny", "revoke", "expire", "auto_approve"),
            "phase": self.pick("pre", "pre", "pre", "post"),
            "expires_ms": self.random.choice([None, None, self.time()]),
            "command_digest": self.pick("aa", "bb"), "canonicalisation": self.pick("raw", "raw", "jcs"),
            "reviewer_identity": self.pick("resolved", "resolved", "unresolved", "ambiguous", "uncertain", "no_roster", "absent"),
            "reviewer_ended_ms": self.ended(), "native_id": f"D-{number}",
            "basis": self.pick("human", "human", "policy", "break_glass"),
            "scope": self.random.choice([None, "once", "run", "session", "window", "window", "permanent"]),
            "use_limit": self.random.choice([None, None, None, 1, 20, 21]),
            "batch_id": self.random.choice([None, None, None, None, "B-1"]),
            "shown_ms": self.random.choice([None, None, self.time()]), "shown_bytes": self.random.choice([None, 0, 5_000]),
            "policy_digest": self.pick("aa", "aa", "bb", "cc"),
        } | self.reason()

    def ended(self):
        """Returns when somebody had left, mostly nobody."""
        return self.random.choice([None, None, None, self.time()])

    def reason(self):
        text = self.random.choice([None, None, "fixes", "0123456789", "Month-end correction"])
        return {"reason": text, "reason_state": "given" if text else self.pick("none", "none", "not_logged")}

    def target(self):
        return {"resource_id": self.pick("ledger-eu", "ledger-us"), "resource_group": self.pick("ledger", "treasury"),
                "env": self.pick("prod", "staging"), "action_class": self.pick("read", "write"),
                "action_name": self.pick("adjust", "look up")}

    def access_grant(self, number):
        kind = self.pick("request", "request", "session", "actor")
        return {
            "id": f"g{number}", "event_id": f"vg{number}", "source_id": "gate", "ts_ms": self.time(), "end_ms": self.time(),
            "start_ms": self.random.choice([None, None, self.time()]),
            "target_kind": kind, "target_id": self.target_id(kind), "withdrawals_complete": self.pick(True, True, True, False),
        }

    def target_id(self, kind):
        return {"session": self.pick("S-1", "S-2"), "actor": self.pick("email:actor:ada", "email:actor:ben")}.get(kind, self.request_id())

    def revocation(self, number):
        kind = self.pick("request", "request", "session", "actor")
        at = self.time()
        # One without a target may be of anything, so that there are few.
        target = None if self.random.random() < 0.002 else self.target_id(kind) or "R-0"
        return {
            "id": f"w{number}", "event_id": f"vw{number}", "source_id": self.random.choice(["gate", "gate", "slack"]),
            "ts_ms": at, "effective_ms": at, "target_kind": kind, "target_id": target,
        }

    def cancellation(self, number):
        return {"id": f"c{number}", "event_id": f"vc{number}", "source_id": "gate", "ts_ms": self.time(),
                "target_kind": self.pick("request", "session"), "target_id": self.request_id()}

    def change(self, number, name):
        actor, _ = self.login()
        person, person_ns = self.person()
        return {
            "id": f"{name}{number}", "event_id": f"v{name}{number}", "source_id": "gate", "ts_ms": self.time(),
            "actor_id": actor, "actor_kind": self.pick("human", "human", "agent"), "principal_id": person,
            "principal_ns": person_ns, "kind": self.pick("bypass", "rule"), "bypass": self.pick(True, True, False),
            "request_id": self.random.choice([None, self.request_id()]), "to_digest": self.pick("aa", "bb", "cc"), "requests_complete": self.pick(True, True, True, False),
        }

    def external_activity(self, number):
        actor, _ = self.login()
        # Somebody whom the gate has never seen, so that not everything is matched.
        person, person_ns = self.pick("ada", "ben", "eve"), self.pick(*self.namespaces)
        return {
            "activity_id": f"x{number}", "event_id": f"vx{number}", "source_id": "audit", "system": "audit",
            "ts_ms": self.time(), "actor_id": actor, "principal_id": person, "principal_ns": person_ns,
            "requires_approval": self.pick(True, True, False), "executions_complete": self.pick(True, True, True, False),
            "correlation_id": self.random.choice([None, None, "S-1", self.request_id()]),
        } | {name: value for name, value in self.target().items() if name in ("resource_id", "action_name")}

    def reviewer_grant(self, number):
        # Some of them never decide, so that there are idle ones in every world.
        return {
            "principal_id": self.pick("ada", "ben", "dan", f"p{number}", f"p{number}"), "resource_group": self.pick("*", "ledger", "treasury"),
            "action_class": self.pick("*", "*", "read"), "valid_from_ms": self.random.choice([None, None, self.time()]),
            "valid_to_ms": self.random.choice([None, None, self.time()]),
        }

    def span(self):
        return {"valid_from_ms": self.random.choice([None, None, self.time()]), "valid_to_ms": self.random.choice([None, None, self.time()])}

    def role_assignment(self, number):
        return {"principal_id": self.pick("ada", "ben", f"p{number}"), "role": self.pick("author", "deployer", "admin")} | self.span()

    def sod_rule(self, number):
        # Rules about held roles reach everybody, so that they are not in every world.
        roles = self.random.choice([("requester", "approver"), ("approver", "executor"), ("author", "deployer"), ("requester", "admin")])
        if self.parts_only:
            roles = ("requester", "approver")
        held = not {"requester", "approver"} & set(roles)
        return {"role_a": self.pick(*roles[:1]), "role_b": self.pick(*roles[1:]), "mode": self.pick("dynamic", "static") if held else "dynamic"}

    def agent_manifest(self, number):
        return {
            "actor_id": self.pick("bot", "ada"), "actor_ns": self.pick("email", "email", "slack:T1"), "action_class": self.pick("*", "read", "write"),
            "resource_group": self.pick("*", "ledger", "treasury"), "env": self.pick("*", "prod", "staging"),
        } | self.span()

    def policy_version(self, number):
        return {"policy_id": "gates", "policy_digest": self.pick("aa", "bb"), "approved_by": self.pick("ada", "ben")} | self.span()

    def request(self, number):
        actor, actor_ns = self.login()
        person, person_ns = self.person()
        beneficiary, beneficiary_ns = self.person()
        return {
            "request_id": f"R-{number}", "event_id": f"vr{number}", "native_id": f"R-{number}",
            "source_id": "gate", "ts_ms": self.time(), "actor_id": actor, "actor_ns": actor_ns,
            "actor_kind": self.pick("human", "human", "agent", "service"),
            "principal_id": person, "principal_ns": person_ns,
            "identity": self.pick("resolved", "unresolved", "ambiguous", "uncertain", "no_roster", "absent"),
            "on_behalf_of": self.pick(None, None, "x"),
            "beneficiary_principal_id": self.random.choice([None, None, beneficiary]),
            "beneficiary_principal_ns": beneficiary_ns, "break_glass": self.pick(True, False, False),
            "actor_ended_ms": self.ended(), "scope": self.random.choice([None, None, "once", "permanent"]),
        } | self.reason() | self.target()

    def integrity(self, number):
        kinds = ("altered", "bad-signature", "malformed", "missing-object", "silence", "gap", "duplicate",
                 "reordered", "fork", "truncated-head", "truncated-tail", "silence", "silence")
        status = self.pick("ok", "ok", "damaged", "missing", "rejected")
        return {
            "integrity_id": f"i{number}", "source_id": f"gate{number % 40}", "log": "gate", "ts_ms": self.time(),
            "to_ms": self.time(), "subject": self.pick("record", "record", "range"), "status": status,
            "kind": None if status == "ok" else self.pick(*kinds), "line": self.pick(1, 2), "seq": self.pick(1, 2),
            "sequenced": self.pick(True, False), "protected": self.pick(True, False),
        }

    def expected_source(self, number):
        return {
            "expected_id": f"s{number}", "source_id": f"gate{number % 70}", "log": f"log{number}",
            "declared": self.pick(True, True, False), "from_ms": self.pick(0), "to_ms": self.pick(1_000_000),
            "records": self.pick(0, 0, 1, 50), "first_ms": self.pick(0, 10_000, 10_001),
            "last_ms": self.pick(1_000_000, 990_000, 989_999), "may_be_empty": self.pick(True, False),
            "max_silence_ms": self.pick(10_000),
        }

    def event(self, number):
        secret = self.random.choice([None, None, "password", "cloud-key,password"])
        return {
            "event_id": f"v{number}", "kind": self.pick("execution", "decision", "request"), "native_id": f"N-{number}",
            "source_id": "gate", "ts_ms": self.time(), "text_fields": self.pick(0, 1, 5),
            "observed_ms": self.random.choice([None, None, self.time()]),
            "secret_fields": "command" if secret else None, "secret_classes": secret,
        }

    def tables(self):
        # A few requests stay away, so that decisions and executions name what is not there.
        present = [number for number in range(1 + self.rows // 3) if self.random.random() < 0.9]
        some = self.rows // 3
        self.parts_only = self.random.random() < 0.5
        tables = {
            "execution": [self.execution(number) for number in range(self.rows)],
            "decision": [self.decision(number) for number in range(2 * self.rows)],
            "request": [self.request(number) for number in present],
            "integrity": [self.integrity(number) for number in range(some)],
            "expected_source": [self.expected_source(number) for number in range(some)],
            "access_grant": [self.access_grant(number) for number in range(some)],
            "revocation": [self.revocation(number) for number in range(some)],
            "cancellation": [self.cancellation(number) for number in range(some)],
            "control_event": [self.change(number, "o") for number in range(some)],
            "policy_change": [self.change(number, "p") for number in range(some)],
            "external_activity": [self.external_activity(number) for number in range(some)],
            "reviewer_grant": [self.reviewer_grant(number) for number in range(40)],
            "role_assignment": [self.role_assignment(number) for number in range(8)],
            "sod_rule": [self.sod_rule(number) for number in range(self.random.choice([1, 3]))],
            "agent_manifest": [self.agent_manifest(number) for number in range(3)],
            "policy_version": [self.policy_version(number) for number in range(3)],
        }
        for table in tables:
            if self.random.random() < 0.05:
                tables[table] = []
        far = self.seed % 8 == 6
        tables["param"] = [base_parameters() | {
            "period_start_ms": self.random.choice([0, 1_000, 50_000]),
            "period_end_ms": 900_000_000,
            "as_of_ms": self.random.choice([900_000_000, 259_300_000, 259_201_000]),
            "sod_02_owner_may_approve_own_agent": self.random.choice([0, 0, 1]),
            # Windows of which a random table can fill some, and not all.
            "rev_02_min_approvals": self.random.choice([3, 40, 120]), "rev_02_window_ms": self.random.choice([100, 1_000, 60_000]),
            "rev_07_window_ms": self.random.choice([640_900_000, 640_900_000, 640_900_000, 640_000_000, 899_000_000]),
            "rev_06_grace_ms": self.random.choice([0, 14_400_000]), "authz_05_grace_ms": self.random.choice([0, 1_000, 60_000]),
            "log_08_match_window_ms": self.random.choice([1_000, 300_000]),
            # Numbers and shares that people, pairs, and groups of a random table reach; in one world of eight nobody does.
            "sod_07_min_each": 400 if far else 2, "sod_07_min_share_percent": self.random.choice([20, 30]),
            "rev_03_min_n": self.random.choice([3, 20]), "rev_03_max_share_percent": 99 if far else self.random.choice([50, 75]),
            "rev_04_min_n": self.random.choice([3, 20]), "rev_04_max_share_percent": 80 if far else 20,
            "bg_02_min_count": 3, "bg_02_warn_share_percent": 90 if far else 33, "bg_02_high_share_percent": 40,
            "authz_11_wait_ms": self.random.choice([1_000, 86_400_000]), "log_06_max_delay_ms": self.random.choice([1_000, 300_000]),
            # Below the share of what is filled, so that records without a time decide.
            "log_11_identity_time_permille": round(1_000 - 1_150 * self.nulls), "log_11_others_permille": round(1_000 - 1_150 * self.nulls),
        }]
        tables["event"] = [self.event(number) for number in range(self.rows)]
        return tables


def run_random(database, program, seeds, rows):
    wrong, items, kinds = [], 0, {}
    for seed in range(seeds):
        database.fill(World(seed, rows).tables())
        with tempfile.TemporaryDirectory() as folder:
            database.save(folder)
            result = subprocess.run([program, "controls", "test", "--tables", folder], capture_output=True, text=True)
        if result.returncode:
            wrong.append(f"seed {seed}: {result.stderr.strip()}")
            continue
        polars = json.loads(result.stdout)["tests"]
        for test in tests():
            here = database.states(test)
            items += len(here)
            for state in here.values():
                key = (test, state)
                kinds[key] = kinds.get(key, 0) + 1
            for subject in sorted(here.keys() | polars[test].keys()):
                if here.get(subject) != polars[test].get(subject):
                    wrong.append(f"seed {seed} {test} {subject}: DuckDB {here.get(subject)}, Polars {polars[test].get(subject)}")
    return wrong, items, kinds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--countersign", default="target/debug/countersign")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--rows", type=int, default=1_500)
    parser.add_argument("--verbose", action="store_true", help="print how often each state was seen")
    arguments = parser.parse_args()
    schema = subprocess.run([arguments.countersign, "controls", "schema"], capture_output=True, text=True, check=True)
    database = Database(json.loads(schema.stdout)["tables"])

    wrong, count = run_cases(database)
    print(f"{count - len(wrong)} of {count} cases as expected on DuckDB {duckdb.__version__}")
    differing, items, kinds = run_random(database, arguments.countersign, arguments.seeds, arguments.rows)
    print(f"{items} random items, {len(differing)} differences between Polars and DuckDB, {len(kinds)} kinds of state")
    if arguments.verbose:
        for (test, state), number in sorted(kinds.items()):
            print(f"{number:7} {test} {state}")
    for line in (wrong + differing)[:40]:
        print(line, file=sys.stderr)
    # Tables on which no test finds anything would agree as well.
    seen = {(test, state.split(":")[0]) for test, state in kinds}
    thin = [f"{test} {state}" for test in tests() for state in ("ok", "exception", "untestable") if (test, state) not in seen]
    if thin:
        print(f"never seen in random tables: {', '.join(thin)}", file=sys.stderr)
    return 1 if wrong or differing or thin else 0


if __name__ == "__main__":
    sys.exit(main())
