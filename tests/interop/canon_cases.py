#!/usr/bin/env python3
"""Writes JSON texts with the canonical bytes that other people's programs give them.

Usage: canon_cases.py OUT [--count N] [--seed N]

Each line of OUT is {"canon": word, "text": source, "bytes": expected text, or null where the text must be refused}. The bytes
come from Python's `json`, from the package `rfc8785`, and from Node's `JSON`; what must be refused is decided by how the
source was built, never by a canonicaliser. The cargo test `cases_of_other_programs` reads the file.
"""

import argparse
import json
import random
import struct
import subprocess
import unicodedata
from pathlib import Path

import rfc8785

LETTERS = "abzAZ019 _-/\\\"'<>&=\t\n\r\b\f\x00\x1f\x7f\x80éßÿĀ€\u2028\u2029\ue000\uff5e\ufb33😀🎉e\u0301A\u030aｱ漢"
NAMES = ["0", "1", "9", "10", "01", "4294967294", "4294967295", "-1", "constructor", "toString"]


class Source:
    """Builds one JSON text, and notes what in it readers disagree on."""

    def __init__(self, rng):
        self.rng = rng
        self.wide = self.unsafe = self.double = self.proto = False

    def text(self):
        return "".join(self.rng.choice(LETTERS) for _ in range(self.rng.randrange(7)))

    def quoted(self, text):
        quoted = json.dumps(text, ensure_ascii=self.rng.random() < 0.5)
        return quoted.replace("/", "\\/") if self.rng.random() < 0.3 else quoted

    def number(self):
        pick = self.rng.randrange(13)
        if pick < 4:
            return str(self.rng.randrange(-(10 ** self.rng.randrange(1, 16)), 10 ** self.rng.randrange(1, 16)))
        if pick == 4 and self.rng.random() < 0.3:
            self.wide = True
            return str(self.rng.choice([2**53 + 1, 2**63 - 1, -(2**63), 2**53 + 2, -(2**53) - 1]))
        if pick == 5 and self.rng.random() < 0.3:
            self.unsafe = True
            return self.rng.choice(["-0", "1e400", "-1E+999", str(2**64), str(-(2**63) - 1), "1" + "0" * 400])
        self.double = True
        if pick < 9:
            while True:
                number = struct.unpack("<d", self.rng.randbytes(8))[0]
                if number == number and abs(number) != float("inf"):
                    break
            return self.rng.choice([repr, lambda n: f"{n:.17e}", lambda n: f"{n:.20E}"])(number)
        if pick == 12:
            # Often as far from one shortest text as from the next: an exact quarter with a digit too many for a double.
            return repr(self.rng.randrange(2**52, 2**53) / 4)
        return self.rng.choice(["0.0", "-0.0", "1.0", "1e5", "1E21", "1e20", "1e-7", "0.000001", "5e-324", "1e-400",
                                "123456789012345680.0", "1e16", "9.5e-5", "0.1", "100.250"])

    def value(self, depth):
        pick = self.rng.randrange(10 if depth < 4 else 6)
        if pick < 2:
            return self.quoted(self.text())
        if pick < 5:
            return self.number()
        if pick == 5:
            return self.rng.choice(["true", "false", "null"])
        space = self.rng.choice(["", "", " ", "\n\t", "\r\n"])
        if pick < 7:
            items = [self.value(depth + 1) for _ in range(self.rng.randrange(4))]
            return "[" + space + ("," + space).join(items) + "]"
        names = {self.rng.choice(NAMES) if self.rng.random() < 0.3 else self.text() for _ in range(self.rng.randrange(6))}
        names = sorted(names)
        if self.rng.random() < 0.01:
            self.proto = True
            names.append("__proto__")
        self.rng.shuffle(names)
        members = [self.quoted(name) + space + ":" + space + self.value(depth + 1) for name in names]
        return "{" + space + ("," + space).join(members) + space + "}"


class Collision(Exception):
    pass


def normalised(value):
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [normalised(item) for item in value]
    if isinstance(value, dict):
        members = {normalised(name): normalised(item) for name, item in value.items()}
        if len(members) < len(value):
            raise Collision
        return members
    return value


def html(text):
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def python_answers(source, text):
    value = json.loads(text)
    compact = {"separators": (",", ":"), "ensure_ascii": False}
    yield "raw", text.strip(" \t\r\n")
    for word, options in [
        ("py-json", {"sort_keys": True}),
        ("py-json-compact", {"sort_keys": True, "separators": (",", ":")}),
        ("py-json-compact-utf8", {"sort_keys": True, **compact}),
    ]:
        yield word, None if source.unsafe else json.dumps(value, **options)
    inexact = source.unsafe or source.wide
    yield "jcs", None if inexact else rfc8785.dumps(value).decode()
    try:
        form = normalised(value)
    except Collision:
        form = None
        yield "jcs+nfc", None
        yield "jcs+nfc+html", None
    else:
        yield "jcs+nfc", None if inexact else rfc8785.dumps(form).decode()
        integers = not (source.unsafe or source.double)
        yield "jcs+nfc+html", html(json.dumps(form, sort_keys=True, **compact)) if integers else None
    if source.unsafe:
        yield "go-json", None
    elif not source.double:
        yield "go-json", html(json.dumps(value, **compact))


def node_answers(texts):
    program = Path(__file__).with_name("canon_node.mjs")
    run = subprocess.run(["node", program], input=json.dumps(texts), capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    sources = []
    for _ in range(args.count):
        source = Source(rng)
        sources.append((source, source.value(0)))
    cases = []
    for (source, text), (ordered, sorted_) in zip(sources, node_answers([text for _, text in sources]), strict=True):
        inexact = source.unsafe or source.wide
        answers = [*python_answers(source, text)]
        answers.append(("js-ordered", None if inexact else ordered))
        answers.append(("js-sorted", None if inexact or source.proto else sorted_))
        cases += [{"canon": word, "text": text, "bytes": expected} for word, expected in answers]
    args.out.write_text("".join(json.dumps(case) + "\n" for case in cases))
    refused = sum(case["bytes"] is None for case in cases)
    print(f"{len(cases)} cases of {len(sources)} texts, {refused} of them to be refused")


if __name__ == "__main__":
    main()
