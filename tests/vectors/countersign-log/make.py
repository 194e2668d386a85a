#!/usr/bin/env python3
"""Makes the frozen vectors of countersign-log/1.

It follows docs/formats/countersign-log.md and shares no code with Countersign. Needs `cryptography` from PyPI.
The vectors of a released version are never made again; `make.py --check` says whether the files are still these.

    python3 make.py [--check]
"""

import hashlib
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HERE = Path(__file__).parent
ZEROS = "0" * 64
ORDER = 2**252 + 27742317777372353535851937790883648493


class Key:
    """A test key, made from its name; nobody must ever trust one."""

    def __init__(self, name):
        self.name = name
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        raw = self.private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.id = hashlib.sha256(raw).hexdigest()

    def pem(self):
        public = self.private.public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


ONE = Key("test-key-one-do-not-trust")
TWO = Key("test-key-two-do-not-trust")
STRANGER = Key("test-key-unknown-do-not-trust")


def time(minute):
    return f"2026-07-01T{minute // 60:02}:{minute % 60:02}:00.000Z"


def record(log, seq, minute, key, prev, event):
    body = (
        f'{{"v":"countersign-log/1","log":"{log}","seq":{seq},"time":"{time(minute)}","key":"{key.id}",'
        f'"prev":"{prev}","event":{event}'
    )
    signature = key.private.sign(b"countersign-log/1\n" + body.encode())
    return f'{body},"sig":"{signature.hex()}"}}'


def digest(line):
    return hashlib.sha256(line.encode()).hexdigest()


EVENTS = [
    '{"kind":"request","id":"R-1","requester":{"kind":"agent","ns":"agents","id":"deploy-bot"},'
    '"action":{"name":"deploy","class":"deploy"},"target":[{"type":"service","id":"payments","env":"prod"}]}',
    '{"kind":"decision","id":"D-1","corr":{"request":"R-1"},'
    '"decider":{"kind":"human","ns":"email","id":"dana.reyes@example.com","name":"Dana Reyes"},'
    '"decision":{"outcome":"approved"},"justification":[{"text":"Freigabe f\\u00fcr \U0001f680 release","by":"decider"}]}',
    '{"kind":"execution","id":"E-1","corr":{"request":"R-1"},"execution":{"state":"succeeded","rows":18446744073709551615}}',
    '{"kind":"heartbeat"}',
    '{ "kind" : "request",\t"id":"R-2", "note":"a text with ,\\"sig\\":\\"00\\"} inside" }',
    '{"kind":"decision","id":"D-2","corr":{"request":"R-2"},"decision":{"outcome":"denied"}}',
]


def chain(events, log="gate-eu", key=ONE, first=0, prev=ZEROS, minute=0):
    lines = []
    for seq, event in enumerate(events, first):
        lines.append(record(log, seq, minute + seq, key, prev, event))
        prev = digest(lines[-1])
    return lines


def text(lines, end="\n"):
    return "".join(line + end for line in lines).encode()


def edited(lines, index, old, new):
    assert old in lines[index], (index, old)
    return lines[:index] + [lines[index].replace(old, new, 1)] + lines[index + 1 :]


def resigned(lines, index, sign):
    """Puts another signature under a line, and chains and signs all lines after it."""
    body = lines[index][:-138]
    out = lines[:index] + [f'{body},"sig":"{sign(bytes.fromhex(lines[index][-130:-2])).hex()}"}}']
    for seq, event in enumerate(EVENTS[index + 1 :], index + 1):
        out.append(record("gate-eu", seq, seq, ONE, digest(out[-1]), event))
    return out


def plus_order(signature):
    """S + L: plain arithmetic takes it for S."""
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    return signature[:32] + scalar.to_bytes(32, "little")


def vectors():
    """Yields (name, files, expectation)."""
    good = chain(EVENTS)
    head = f"gate-eu 5 {digest(good[5])}\n"
    close = chain(EVENTS + ['{"kind":"close"}'])
    grade, anchored = "pinned-signed", "pinned-anchored"
    yield "good/plain", {"a.jsonl": text(good)}, dict(verdict="verified", completeness="contiguous", integrity=grade)
    yield "good/closed", {"a.jsonl": text(close)}, dict(verdict="verified", completeness="terminated", integrity=grade)
    yield "good/rotated", {"a.jsonl": text(good[:4]), "b.jsonl": text(good[4:])}, dict(
        verdict="verified", completeness="contiguous", integrity=grade
    )
    yield "good/head", {"a.jsonl": text(good), "head": head.encode()}, dict(
        verdict="verified", completeness="pinned-head", integrity=anchored, head="head"
    )
    yield "good/after", {"b.jsonl": text(good[4:]), "after": f"gate-eu 3 {digest(good[3])}\n".encode()}, dict(
        verdict="verified", completeness="contiguous", integrity=grade, after="after"
    )
    yield "good/late-start", {"b.jsonl": text(good[4:])}, dict(
        verdict="verified", completeness="contiguous", integrity=grade, note="late-start"
    )
    yield "good/re-export", {"a.jsonl": text(good[:5]), "b.jsonl": text(good[2:])}, dict(
        verdict="verified", completeness="contiguous", integrity=grade, note="re-export"
    )
    two = good[:3] + chain(EVENTS[3:], key=TWO, first=3, prev=digest(good[2]))
    yield "good/two-keys", {"a.jsonl": text(two)}, dict(verdict="verified", completeness="contiguous", integrity=grade)
    back = good[:3] + chain(EVENTS[3:], first=3, prev=digest(good[2]), minute=-2)
    yield "good/clock-rollback", {"a.jsonl": text(back)}, dict(
        verdict="verified", completeness="contiguous", integrity=grade, note="clock-rollback"
    )

    def bad(name, kind, line, lines, verdict="altered", **more):
        data = lines if isinstance(lines, bytes) else text(lines)
        return f"bad/{name}", {"a.jsonl": data}, dict(verdict=verdict, kind=kind, line=line, **more)

    yield bad("edited", "altered", 2, edited(good, 1, "approved", "Approved"))
    yield bad("edited-key-id", "altered", 6, edited(good, 5, ONE.id[:4], "0000"))
    yield bad("last-edited", "bad-signature", 6, edited(good, 5, "denied", "Denied"))
    yield bad("signature-of-another", "bad-signature", 3, resigned(good, 2, lambda _: ONE.private.sign(b"other")))
    yield bad("signature-plus-order", "bad-signature", 3, resigned(good, 2, plus_order))
    yield bad("signature-zero", "bad-signature", 3, resigned(good, 2, lambda _: bytes(64)))
    context = good[2][:-138].encode()
    yield bad("signature-without-context", "bad-signature", 3, resigned(good, 2, lambda _: ONE.private.sign(context)))
    yield bad("removed", "gap", 4, good[:3] + good[4:])
    yield bad("swapped", "reordered", 4, good[:2] + [good[3], good[2]] + good[4:])
    yield bad("doubled", "duplicate", 4, good[:3] + good[2:])
    yield bad("fork", "fork", 4, good[:3] + chain(EVENTS[3:], first=3, prev=digest("another line")))
    yield bad("spliced", "spliced", 3, good[:2] + chain(EVENTS[:1], log="gate-us") + good[2:])
    yield bad("wrong-genesis", "wrong-genesis", 1, chain(EVENTS, prev=digest("something")))
    yield bad("after-close", "truncated-tail", 8, close + chain(EVENTS[:1], first=7, prev=digest(close[6])))
    yield bad("crlf", "malformed", 1, text(good, "\r\n"))
    yield bad("byte-order-mark", "malformed", 1, b"\xef\xbb\xbf" + text(good))
    yield bad("blank-line", "malformed", 3, good[:2] + [""] + good[2:])
    yield bad("blank-last-line", "malformed", 7, good + [""])
    yield bad("not-utf8", "malformed", 2, text(good).replace(b"Dana Reyes", b"Dana R\xffyes", 1))
    yield bad("no-sig", "malformed", 3, good[:2] + [good[2][:-138] + "}"] + good[3:])

    def with_event(event):
        return chain(EVENTS[:2] + [event] + EVENTS[3:])

    yield bad("array-event", "malformed", 3, with_event("[]"))
    yield bad("space-before-event", "malformed", 3, with_event(" {}"))
    yield bad("further-member", "malformed", 3, with_event('{},"more":1'))
    yield bad("lone-surrogate", "malformed", 3, with_event('{"kind":"request","id":"\\ud800"}'))
    yield bad("duplicate-key", "duplicate-key", 3, with_event('{"kind":"request","a":{"id":1,"\\u0069d":2}}'))
    yield bad("integer-beyond-64-bits", "unsafe-number", 3, with_event('{"n":18446744073709551616}'))
    yield bad("minus-zero", "unsafe-number", 3, with_event('{"n":-0}'))
    yield bad("infinite", "unsafe-number", 3, with_event('{"n":1e999}'))
    yield bad("too-deep", "oversize", 3, with_event('{"a":' * 64 + "{}" + "}" * 64), verdict="not-verifiable")
    yield bad("leading-zero", "malformed", 1, [l.replace('"seq":0', '"seq":00') for l in good[:1]] + good[1:])
    upper = edited(good, 2, good[2][-130:-2], good[2][-130:-2].upper())
    yield bad("upper-case-hex", "malformed", 3, upper)
    yield bad("time-with-offset", "malformed", 3, edited(good, 2, "00:02:00.000Z", "00:02:00+00:00"))

    unsure = "not-verifiable"
    yield bad("torn-tail", "torn-tail", 6, text(good)[:-100], verdict=unsure)
    yield bad("torn-after-last-brace", "torn-tail", 6, text(good)[:-1], verdict=unsure)
    yield bad("torn-with-zeros", "torn-tail", 6, text(good)[:-100] + bytes(100), verdict=unsure)
    yield bad("tail-of-junk", "malformed", 6, text(good)[:-1] + b"\x0b")
    yield bad("empty", "empty", 0, b"", verdict=unsure)
    yield bad("unknown-key", "unknown-key", 1, chain(EVENTS, key=STRANGER), verdict=unsure)
    wrong = chain(EVENTS, log="gate-us")
    yield bad("wrong-purpose-key", "wrong-purpose-key", 1, wrong, verdict=unsure)
    other = [line.replace("countersign-log/1", "countersign-log/2", 1) for line in good]
    yield bad("other-version", "unrecognised-format", 1, other, verdict=unsure)
    cut = {"a.jsonl": text(good[:4]), "head": head.encode()}
    yield "bad/cut-tail", cut, dict(verdict="altered", kind="truncated-tail", line=4, head="head")
    late = {"a.jsonl": text(good[2:]), "after": f"gate-eu 0 {digest(good[0])}\n".encode()}
    yield "bad/cut-head", late, dict(verdict="altered", kind="truncated-head", line=1, after="after")


def trust():
    parts = ["# Test keys only: their private halves are the SHA-256 of their names.\n"]
    for key in (ONE, TWO):
        parts.append(
            f'\n[[key]]\nowner = "{key.name}"\npurpose = "log"\nlogs = ["gate-eu"]\npem = """\n{key.pem().decode()}"""\n'
        )
    return "".join(parts).encode()


def index(entries):
    lines = ["# One table per vector: its files, and what a verifier that trusts trust.toml must find.\n"]
    for name, files, expected in entries:
        lines.append(f'\n["{name}"]\nfiles = {sorted(file for file in files if file.endswith(".jsonl"))!r}\n'.replace("'", '"'))
        for member, value in expected.items():
            lines.append(f"{member} = {value}\n" if isinstance(value, int) else f'{member} = "{value}"\n')
    return "".join(lines).encode()


def main():
    entries = list(vectors())
    wanted = {HERE / name / file: data for name, files, _ in entries for file, data in files.items()}
    wanted[HERE / "trust.toml"] = trust()
    wanted[HERE / "index.toml"] = index(entries)
    if "--check" in sys.argv:
        found = {path for path in HERE.rglob("*") if path.is_file() and path.name != "make.py"}
        changed = [path for path, data in wanted.items() if not path.exists() or path.read_bytes() != data]
        wrong = sorted(str(path.relative_to(HERE)) for path in set(changed) | (found - set(wanted)))
        print("\n".join(wrong) or f"{len(entries)} vectors unchanged")
        sys.exit(1 if wrong else 0)
    for path, data in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    print(f"{len(entries)} vectors written")


if __name__ == "__main__":
    main()
