#!/usr/bin/env python3
"""Compares the queries of the control tests with their definitions, by trying every value of what is missing.

Small worlds of one execution, one request and up to three decisions lack some values: an outcome, a phase, a kind,
the person behind a login, which of two things came first. The definitions below know no missing value: they are
asked once for each way to fill the gaps. Where all ways agree, the query must say so; where they do not, the item
must be untestable. A query that is surer than that is wrong. One that is less sure is listed, and must be rare.

The queries run on DuckDB; controls_duckdb.py shows that Polars gives the same. It makes the tables here too.

Usage: controls_oracle.py [--countersign PROGRAM] [--worlds N] [--seed N]
"""

import argparse
import itertools
import json
import random
import subprocess
import sys

from controls_duckdb import PERIOD, Database, base_parameters

TESTS = [
    "AUTHZ-01", "AUTHZ-02", "AUTHZ-03", "AUTHZ-04", "AUTHZ-06", "AUTHZ-09", "BG-01", "BG-03", "DAT-03", "SOD-01", "SOD-02", "SOD-03",
    "SOD-05",
]
TOLERANCE = base_parameters()["clock_tolerance_ms"]
LIFETIME = base_parameters()["authz_03_default_ttl_ms"]
REVIEW = base_parameters()["bg_01_max_review_ms"]
DESTRUCTIVE_QUORUM = base_parameters()["dat_03_quorum"]
PEOPLE = ["ada", "ben", "dan", "eve"]
LOGINS = [("email", "a"), ("email", "b"), ("email", "d"), ("slack", "a"), ("slack", "b")]
OWNERS = {("email", "a"): "ada", ("email", "b"): "ben", ("email", "d"): "dan", ("slack", "a"): "ada", ("slack", "b"): "ben"}
MOST_WAYS = 6_000


class Gap:
    """A missing value, and the values that it may have."""

    def __init__(self, *values):
        self.values = values


def make(rng):
    """Returns the rows of one world, with `Gap` where a value is missing, and the person behind each login."""
    def gap(value, *values, share=0.08):
        return Gap(*values) if rng.random() < share else value

    roster = rng.random() < 0.75
    people = {}
    for login in LOGINS:
        if not roster:
            people[login] = None
        else:
            people[login] = gap(OWNERS[login], *PEOPLE, share=0.12)
    kinds = {login: gap(rng.choice(["human"] * 5 + ["agent"]), "human", "agent") for login in LOGINS}

    def place(ts):
        source = rng.choice(["gate", "gate", "gate", "slack"])
        chained = rng.random() < 0.5
        return {"source_id": source, "chain": f"{source}/x" if chained else None, "seq": ts // 1_000 + rng.choice([0, 0, 0, -2, 2]), "ts_ms": ts}

    moment = lambda: 100_000 + rng.choice([-60_000, -20_000, -3_000, -1_000, 0, 1_000, 3_000, 20_000])
    login, asked_by = rng.choice(LOGINS), rng.choice(LOGINS)
    execution = place(100_000) | {
        "login": login, "requires_approval": gap(True, True, False), "break_glass": gap(rng.random() < 0.2, True, False),
        "quorum": gap(rng.choice([1, 1, 2]), 1, 2, 3), "command_digest": "aa", "canonicalisation": "raw",
        "kind": gap(rng.choice(["human"] * 4 + ["agent", "service"]), "human", "agent", "service"),
        "destructive": gap(rng.random() < 0.5, True, False),
    }
    request = None if rng.random() < 0.05 else {"login": asked_by, "actor_kind": kinds[asked_by]}
    decisions = []
    for _ in range(rng.choice([0, 1, 1, 2, 2, 3])):
        ts = moment()
        reviewer = rng.choice(LOGINS)
        decisions.append(place(ts) | {
            "login": reviewer, "kind": kinds[reviewer],
            "outcome": gap(rng.choice(["approve"] * 5 + ["deny", "deny", "revoke", "auto_approve", "expire"]),
                           "approve", "deny", "revoke", "auto_approve", "expire"),
            "phase": gap("pre" if rng.random() < 0.8 else "post", "pre", "post"),
            "expires_ms": rng.choice([None, None, None, 99_000, 100_000, 100_001, 500_000]),
            "command_digest": rng.choice(["aa", "bb"]), "canonicalisation": "raw",
        })
    beneficiary = None
    if request and rng.random() < 0.15:
        beneficiary = gap(rng.choice(PEOPLE), *PEOPLE, share=0.3)
    return {"roster": roster, "people": people, "execution": execution, "request": request,
            "decisions": decisions, "beneficiary": beneficiary, "setting": 0}


def known(value):
    return None if isinstance(value, Gap) else value


def rows(world, number):
    """Returns the world as rows of the published tables."""
    def person(login, prefix):
        ns, name = login
        owner = known(world["people"][login])
        if not world["roster"]:
            return {f"{prefix}principal_id": name, f"{prefix}principal_ns": ns}
        return {f"{prefix}principal_id": owner, f"{prefix}principal_ns": "people" if owner else None}

    where = lambda item: {name: item[name] for name in ("source_id", "chain", "seq", "ts_ms")}
    execution = world["execution"]
    tables = {"execution": [where(execution) | person(execution["login"], "") | {
        "execution_id": f"e{number}", "request_id": f"R-{number}", "request_link": "linked",
        "actor_ns": execution["login"][0], "actor_id": execution["login"][1],
        "requires_approval": known(execution["requires_approval"]), "break_glass": known(execution["break_glass"]),
        "actor_kind": known(execution["kind"]), "destructive": known(execution["destructive"]),
        "quorum": known(execution["quorum"]), "command_digest": execution["command_digest"], "canonicalisation": "raw",
    }], "decision": [], "request": []}
    if world["request"]:
        login = world["request"]["login"]
        row = person(login, "") | {"request_id": f"R-{number}", "actor_ns": login[0], "actor_id": login[1],
                                   "actor_kind": known(world["request"]["actor_kind"])}
        if world["beneficiary"]:
            owner = known(world["beneficiary"])
            row |= {"on_behalf_of": "x", "beneficiary_principal_id": owner, "beneficiary_principal_ns": "people" if owner else None}
        tables["request"].append(row)
    for index, decision in enumerate(world["decisions"]):
        tables["decision"].append(where(decision) | person(decision["login"], "reviewer_") | {
            "decision_id": f"d{number}.{index}", "request_id": f"R-{number}",
            "reviewer_ns": decision["login"][0], "reviewer_id": decision["login"][1],
            "reviewer_kind": known(decision["kind"]), "outcome": known(decision["outcome"]),
            "phase": known(decision["phase"]), "expires_ms": decision["expires_ms"],
            "command_digest": decision["command_digest"], "canonicalisation": "raw",
        })
    return tables


def sure_order(first, second, tie):
    """Returns -1, 1, or None: whether `first` came before `second`, by what both say. `tie` decides equal times."""
    apart = first["ts_ms"] - second["ts_ms"]
    if first["chain"] and first["chain"] == second["chain"]:
        by_number = (first["seq"] > second["seq"]) - (first["seq"] < second["seq"])
        if by_number:
            return None if apart * by_number < 0 and abs(apart) > TOLERANCE else by_number
    elif first["source_id"] != second["source_id"] and abs(apart) <= TOLERANCE:
        return None
    return tie if apart == 0 else (apart > 0) - (apart < 0)


def orders(world):
    """Yields every order of the decisions and the execution (last index) that contradicts no sure one."""
    items = world["decisions"] + [world["execution"]]
    last = len(items) - 1
    sure = {}
    for one, other in itertools.combinations(range(len(items)), 2):
        order = sure_order(items[one], items[other], -1 if other == last else None)
        if order:
            sure[(one, other) if order < 0 else (other, one)] = True
    for order in itertools.permutations(range(len(items))):
        rank = {index: place for place, index in enumerate(order)}
        if all(rank[one] < rank[other] for one, other in sure):
            yield rank


def ways(world):
    """Yields the world with every gap filled, each as a plain view; nothing if there are too many."""
    slots = []
    collect = lambda holder, key: slots.append((holder, key, holder[key].values)) if isinstance(holder[key], Gap) else None
    people = dict(world["people"])
    kinds = {}
    for decision in world["decisions"]:
        kinds[decision["login"]] = decision["kind"]
    if world["request"]:
        kinds[world["request"]["login"]] = world["request"]["actor_kind"]
    used = {world["execution"]["login"]} | set(kinds)
    if not world["roster"]:
        # Without a roster, a login stands for one person, different ones in one namespace, anybody across two.
        for login in used:
            people[login] = Gap(*PEOPLE)
    for login in sorted(used):
        collect(people, login)
    for login in sorted(kinds):
        collect(kinds, login)
    execution = dict(world["execution"])
    for key in ("requires_approval", "break_glass", "quorum", "kind", "destructive"):
        collect(execution, key)
    decisions = [dict(decision) for decision in world["decisions"]]
    for decision in decisions:
        collect(decision, "outcome")
        collect(decision, "phase")
    request = dict(world["request"]) if world["request"] else {"login": None}
    extra = {"beneficiary": world["beneficiary"]}
    collect(extra, "beneficiary")
    requester = {"person": None, "login": request["login"], "kind": None}
    if world["request"] is None:
        slots.append((requester, "person", tuple(PEOPLE)))
        slots.append((requester, "kind", ("human", "agent")))
    ranks = list(orders(world))
    count = len(ranks)
    for _, _, values in slots:
        count *= len(values)
    if count > MOST_WAYS:
        return
    for values in itertools.product(*(values for _, _, values in slots)):
        for (holder, key, _), value in zip(slots, values):
            holder[key] = value
        if not world["roster"]:
            pairs = itertools.combinations(sorted(used), 2)
            if any(one[0] == other[0] and people[one] == people[other] for one, other in pairs):
                continue
        if world["request"]:
            requester = {"person": people[request["login"]], "login": request["login"], "kind": kinds[request["login"]]}
        for decision in decisions:
            decision["person"] = people[decision["login"]]
            decision["kind"] = kinds[decision["login"]]
        for rank in ranks:
            yield {"execution": execution | {"person": people[execution["login"]]}, "requester": requester,
                   "decisions": decisions, "rank": rank, "beneficiary": extra["beneficiary"], "setting": world["setting"],
                   "request": world["request"] is not None}


# The definitions. Nothing is missing in `w`.

def is_own(w, decision):
    asked = w["requester"]
    if asked["login"] == decision["login"]:
        return True
    return decision["person"] == asked["person"] and not (w["setting"] and asked["kind"] == "agent")


def before(w, index):
    return w["rank"][index] < w["rank"][len(w["decisions"])]


def approvers(w):
    at = w["execution"]["ts_ms"]
    latest = {}
    for index, decision in sorted(enumerate(w["decisions"]), key=lambda pair: w["rank"][pair[0]]):
        vote = decision["phase"] == "pre" and decision["outcome"] in ("approve", "deny", "revoke")
        if vote and decision["kind"] == "human" and before(w, index):
            latest[decision["person"]] = decision
    return {person for person, decision in latest.items() if decision["outcome"] == "approve"
            and (decision["expires_ms"] is None or decision["expires_ms"] > at) and not is_own(w, decision)}


def authz_01(w):
    e = w["execution"]
    return e["requires_approval"] and not e["break_glass"] and len(approvers(w)) < e["quorum"]


def authz_02(w):
    e = w["execution"]
    late = [d for index, d in enumerate(w["decisions"]) if not before(w, index) and d["phase"] == "pre"
            and d["outcome"] == "approve" and d["kind"] == "human" and not is_own(w, d)
            and (d["expires_ms"] is None or d["expires_ms"] > e["ts_ms"])]
    return e["requires_approval"] and not e["break_glass"] and not approvers(w) and bool(late)


def dat_03(w):
    e = w["execution"]
    gated = e["requires_approval"] and not e["break_glass"]
    return gated and e["destructive"] and len(approvers(w)) < DESTRUCTIVE_QUORUM


def acted(w, decision):
    e = w["execution"]
    return e["login"] == decision["login"] or e["person"] == decision["person"]


def sod_05(w):
    e = w["execution"]
    approvals = [d for d in w["decisions"] if d["phase"] == "pre" and d["outcome"] == "approve"]
    by_hand = e["kind"] == "human" or (e["kind"] == "agent" and not w["setting"])
    return any(d["login"] == e["login"] or (by_hand and d["person"] == e["person"]) for d in approvals)


def authz_09(w):
    e, asked = w["execution"], w["requester"]
    theirs = e["login"] == asked["login"] or e["person"] in (asked["person"], w["beneficiary"])
    return e["kind"] != "service" and not theirs


def earlier(w, *outcomes):
    return [(w["rank"][index], d) for index, d in enumerate(w["decisions"])
            if before(w, index) and d["phase"] == "pre" and d["outcome"] in outcomes]


def authz_03(w):
    e = w["execution"]
    ends = [d["expires_ms"] if d["expires_ms"] is not None else d["ts_ms"] + LIFETIME for _, d in earlier(w, "approve")]
    return e["requires_approval"] and bool(ends) and all(end <= e["ts_ms"] for end in ends)


def authz_04(w):
    words = earlier(w, "approve", "auto_approve", "deny")
    return bool(words) and max(words, key=lambda word: word[0])[1]["outcome"] == "deny"


def authz_06(w):
    e = w["execution"]
    digests = [d["command_digest"] for _, d in earlier(w, "approve")]
    return e["requires_approval"] and bool(digests) and e["command_digest"] not in digests


def bg_01(w):
    e = w["execution"]
    reviews = [d for index, d in enumerate(w["decisions"]) if not before(w, index) and d["phase"] == "post"
               and d["outcome"] in ("approve", "deny", "revoke") and d["kind"] == "human"
               and d["ts_ms"] <= e["ts_ms"] + REVIEW and d["person"] not in (e["person"], w["requester"]["person"])]
    return e["break_glass"] and not reviews


def sod(w, index, fails):
    d = w["decisions"][index]
    return d["phase"] == "pre" and d["outcome"] == "approve" and fails(d)


def bg_03(w, index):
    d = w["decisions"][index]
    review = d["phase"] == "post" and d["outcome"] in ("approve", "deny", "revoke")
    return review and w["execution"]["break_glass"] and acted(w, d)


def sod_01(w, index):
    return sod(w, index, lambda d: w["requester"]["login"] == d["login"])


def sod_02(w, index):
    return sod(w, index, lambda d: is_own(w, d) or d["person"] == w["beneficiary"])


def sod_03(w, index):
    return sod(w, index, lambda d: d["kind"] != "human")


EXECUTION_TESTS = {"AUTHZ-01": authz_01, "AUTHZ-02": authz_02, "AUTHZ-03": authz_03, "AUTHZ-04": authz_04,
                   "AUTHZ-06": authz_06, "AUTHZ-09": authz_09, "BG-01": bg_01, "DAT-03": dat_03, "SOD-05": sod_05}
DECISION_TESTS = {"BG-03": bg_03, "SOD-01": sod_01, "SOD-02": sod_02, "SOD-03": sod_03}
# Stated readings that are no matter of filling gaps: without the request nobody is asked about, and without a
# word on break-glass BG-01 is untestable even where a review exists; two namespaces do not compare in SOD-01; whose
# hand it was is open in SOD-05 where a service ran it for which an approver answers.
STATED = {"SOD-01", "SOD-02", "BG-01", "SOD-05"}


def expected(world):
    """Returns the set of answers of every test over all ways, by (test, index of the decision or None)."""
    answers = {}
    for way in ways(world):
        for test, definition in EXECUTION_TESTS.items():
            answers.setdefault((test, None), set()).add(bool(definition(way)))
        for index in range(len(world["decisions"])):
            for test, definition in DECISION_TESTS.items():
                answers.setdefault((test, index), set()).add(bool(definition(way, index)))
    return answers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--countersign", default="target/debug/countersign")
    parser.add_argument("--worlds", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    schema = subprocess.run([arguments.countersign, "controls", "schema"], capture_output=True, text=True, check=True)
    database = Database(json.loads(schema.stdout)["tables"])
    rng = random.Random(arguments.seed)
    wrong, unsure, compared = [], {}, {}
    for setting in (0, 1):
        worlds = [make(rng) | {"setting": setting} for _ in range(arguments.worlds)]
        tables = {"param": [base_parameters() | PERIOD | {"sod_02_owner_may_approve_own_agent": setting}]}
        for number, world in enumerate(worlds):
            for table, some in rows(world, number).items():
                tables.setdefault(table, []).extend(some)
        database.fill(tables)
        states = {test: database.states(test) for test in TESTS}
        for number, world in enumerate(worlds):
            for (test, index), answers in expected(world).items():
                subject = f"e{number}" if index is None else f"d{number}.{index}"
                state = states[test].get(subject, "ok")
                compared[test] = compared.get(test, 0) + 1
                says = {"o": {False}, "e": {True}, "u": {False, True}}[state[0]]
                if not answers <= says:
                    wrong.append(f"{test} {subject}: the query says {state}, the definition {sorted(answers)}: {rows(world, number)}")
                elif answers != says:
                    unsure.setdefault(test, []).append((state, subject, rows(world, number)))
    print(f"{sum(compared.values())} items compared, {len(wrong)} surer than the definition allows")
    for test in TESTS:
        print(f"  {test}: {len(unsure.get(test, []))} of {compared[test]} untestable though every way agrees")
    for line in wrong[:10]:
        print(line, file=sys.stderr)
    # Being less sure than possible is safe, and must stay rare outside the stated readings.
    lax = [test for test in TESTS if test not in STATED and len(unsure.get(test, [])) > compared[test] // 50]
    for test in lax:
        for case in unsure[test][:3]:
            print(f"{test} less sure than it could be: {case}", file=sys.stderr)
    return 1 if wrong or lax else 0


if __name__ == "__main__":
    sys.exit(main())
