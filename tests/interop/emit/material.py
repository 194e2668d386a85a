"""What the records say: plain ones, and text that has tripped a canonicaliser or a parser somewhere."""

import random

AWKWARD = [
    "a < b & c > d",
    "line\u2028paragraph\u2029end",
    "café",
    "cafe\u0301",
    "party \U0001f389 time",
    "pipe|in|text",
    "quote \" backslash \\ slash /",
    "tab\tnewline\nreturn\r",
    "\u0001\u001f\u007f\u0085",
    "ﬀ\ue000\ufeff",
    "",
    "__proto__",
    "'; DROP TABLE audit; --",
    "\u202eevil",
    "ключ 鍵",
]
TOOLS = ["deploy", "db.write", "iam.grant", "export.csv", "secrets.read"]
DECISIONS = ["allow", "deny", "requires_approval", "audit", None]


def records(count, seed, floats=False):
    """`count` records, the same for the same seed."""
    chance = random.Random(seed)
    return [_record(chance, index, floats) for index in range(count)]


def _record(chance, index, floats):
    awkward = AWKWARD[index % len(AWKWARD)]
    decision = chance.choice(DECISIONS)
    return {
        "event": chance.choice(["policy_evaluation", "tool_invocation", "tool_blocked"]),
        "agent": f"did:agentmesh:agent-{index % 3}" + ("|x" if index % 7 == 3 else ""),
        "owner": chance.choice(["acme", "Ünïcode & Co"]),
        "action": f"{chance.choice(TOOLS)} {awkward}".strip(),
        "resource": None if index % 4 == 1 else f"db/{awkward}",
        "target": None if index % 3 == 0 else f"did:agentmesh:target-{index}",
        "data": _details(chance, index, awkward, floats),
        "outcome": chance.choice(["success", "denied", "failure"]),
        "decision": decision,
        "rule": None if decision is None else f"rule-{chance.randrange(9)}",
        "trace": None if index % 2 else f"trace-{index}",
        "session": None if index % 5 == 4 else f"session-{index // 5}",
    }


def _details(chance, index, awkward, floats):
    if index % 6 == 5:
        return {}
    details = {
        "text": awkward,
        "count": chance.randrange(-(2**31), 2**31),
        "none": None,
        "flag": chance.random() < 0.5,
        "nested": {"zeta": [1, [2, {"ключ": awkward}], None], "Alpha": {"\U0001f389": 1, "\ufb00": 2, "é": 3}},
        "10": "ten",
        "9": "nine",
    }
    if floats:
        details["numbers"] = [0.1, -0.0, 1e21, 1e-7, 5e-324, 123456789012345.6, 2.0]
    return details
