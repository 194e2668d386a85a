"""Compares `countersign verify` with each product's own verifier, on random logs and on changes to them.

Usage: chains_differential.py --oracles [--seeds N]            only asks the products: they must accept their logs, and refuse
                                                               the changes that every chain format shows
       chains_differential.py --countersign PROGRAM [--seeds N]

Each log is written by the product's emitter (pipelock: its published captures), then changed in one way; both verifiers are
asked about the same bytes under the same key. They must agree, except where `chains_divergences.toml` lists the change with
a reason; a listed divergence that is none any more is an error too. It needs the environment of tests/interop/emit.
"""

import argparse
import collections
import concurrent.futures
import copy
import fnmatch
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import tomllib

sys.path.insert(0, str(pathlib.Path(__file__).parent / "emit"))

from checks import ROOT, Checks, expect  # noqa: E402

import material  # noqa: E402
import products  # noqa: E402

DIVERGENCES = ROOT / "tests/interop/chains_divergences.toml"
HMAC_KEY = b"test-hmac-key-do-not-trust"
# What AGT's Python models put where a member is left out, beside null.
AGT_PYTHON_DEFAULTS = [("outcome", "success"), ("data", {}), ("previous_hash", "")]
# What every chain shows: the products themselves must refuse these.
SHOWN = {"drop", "swap", "double"}
LEAVES_PER_LOG = 24


class Log:
    """Records of one log, and how they are written: `files` gives name to text."""

    def __init__(self, records, write):
        self.records = records
        self.write = write

    def files(self):
        return self.write(self.records)


def jsonl(name, **dump):
    return lambda records: {name: "".join(json.dumps(record, **dump) + "\n" for record in records)}


def array(name, **dump):
    return lambda records: {name: json.dumps(records, **dump)}


class AgtPythonLog:
    name = "agt-python-log"
    signed = False
    mac = None
    defaults = AGT_PYTHON_DEFAULTS

    def make(self, seed):
        with products.pinned():
            export = products.agt_python_log(material.records(8 + seed % 7, seed, floats=True)).export()
        rest = json.loads(products.with_isoformat(export))
        entries = rest.pop("entries")
        return Log(entries, lambda records: {"export.json": json.dumps(rest | {"entry_count": len(records), "entries": records})})

    def verdicts(self, logs):
        return [products.agt_python_log_verdict(json.loads(files["export.json"])["entries"]) for files in logs]


class AgtPythonSink:
    name = "agt-python-sink"
    signed = False
    mac = HMAC_KEY
    defaults = AGT_PYTHON_DEFAULTS

    def make(self, seed):
        with tempfile.TemporaryDirectory() as folder, products.pinned():
            path = pathlib.Path(folder, "audit.jsonl")
            products.agt_python_sink(path, HMAC_KEY, material.records(8 + seed % 7, seed, floats=True))
            entries = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
        return Log(entries, jsonl("audit.jsonl", sort_keys=True))

    def verdicts(self, logs):
        found = []
        for files in logs:
            with placed(files) as folder:
                found.append(products.agt_python_sink_verdict(folder / "audit.jsonl", HMAC_KEY))
        return found


class AgtTypescript:
    name = "agt-typescript"
    signed = False
    mac = None
    defaults = ()

    def make(self, seed):
        entries = json.loads(products.agt_typescript(material.records(8 + seed % 7, seed)))
        return Log(entries, array("export.json", indent=2, ensure_ascii=False))

    def verdicts(self, logs):
        return products.agt_typescript_verdicts([files["export.json"] for files in logs])


class AgtRust:
    name = "agt-rust"
    signed = False
    mac = None
    defaults = ()

    def make(self, seed):
        entries = json.loads(products.agt_rust(material.records(8 + seed % 7, seed)))
        return Log(entries, array("export.json", separators=(",", ":"), ensure_ascii=False))

    def verdicts(self, logs):
        return products.agt_rust_verdicts([files["export.json"] for files in logs])


class Signet:
    name = "signet"
    signed = True
    mac = None
    defaults = ()
    key = products.SigningKey("signet-test-key-do-not-trust")

    def make(self, seed):
        with tempfile.TemporaryDirectory() as folder:
            products.signet_append(folder, products.signet_live(self.key, material.records(8 + seed % 7, seed, floats=True)))
            records = [
                json.loads(line)
                for path in sorted(pathlib.Path(folder, "audit").iterdir())
                for line in path.read_text("utf-8").split("\n")
                if line
            ]
        return Log(records, jsonl("2026-07-01.jsonl", sort_keys=True, separators=(",", ":"), ensure_ascii=False))

    def verdicts(self, logs):
        return [products.signet_verdict_of(files, [self.key.base64()]) for files in logs]

    def public_pem(self):
        return self.key.pem()


class PipelockReceipts:
    """Nothing that can be installed here writes these; the product's own captures are the logs."""

    name = "pipelock"
    signed = True
    mac = None
    defaults = ()

    def __init__(self, vectors):
        folder = pathlib.Path(vectors, "pipelock")
        self.text = (folder / "conformance/valid-chain.jsonl").read_text("utf-8")
        self.key = json.loads((folder / "conformance/test-key.json").read_text("utf-8"))["public_key_hex"]

    def make(self, _seed):
        records = [json.loads(line) for line in self.text.split("\n") if line]
        written = jsonl("evidence.jsonl", separators=(",", ":"), ensure_ascii=False)
        expect(written(records)["evidence.jsonl"] == self.text, "the capture is not what it is written back as")
        return Log(records, written)

    def verdicts(self, logs):
        found = []
        for files in logs:
            with placed(files) as folder:
                found.append(products.pipelock_chain_verdict(folder / "evidence.jsonl", self.key))
        return found

    def public_pem(self):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
        return key.public_bytes(products.Encoding.PEM, products.PublicFormat.SubjectPublicKeyInfo).decode()


class placed:
    """A folder with these files, gone at the end."""

    def __init__(self, files):
        self.files = files

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        for name, text in self.files.items():
            pathlib.Path(self.folder.name, name).write_text(text, encoding="utf-8", newline="")
        return pathlib.Path(self.folder.name)

    def __exit__(self, *_):
        self.folder.cleanup()


def changes(log, chance, defaults):
    """Named changes of one log: every structural edit, and a draw of values, each changed, retyped, or left out."""
    records = log.records
    at = chance.randrange(1, len(records) - 2)
    yield "untouched", records
    yield "tail cut", records[:-1]
    yield "head cut", records[1:]
    yield "drop", records[:at] + records[at + 1 :]
    yield "swap", records[:at] + [records[at + 1], records[at]] + records[at + 2 :]
    yield "double", records[: at + 1] + records[at:]
    yield "member added", [*records[:at], records[at] | {"injected": "approved"}, *records[at + 1 :]]
    yield "empty", []
    places = [(index, path) for index, record in enumerate(records) for path in leaves(record)]
    for index, path in chance.sample(places, min(LEAVES_PER_LOG, len(places))):
        name = ".".join("*" if isinstance(step, int) else step for step in path)
        for how in ("changed", "retyped", "left out"):
            changed = copy.deepcopy(records)
            value = value_at(records[index], path)
            kind = " null" if value is None else " default" if (name, value) in defaults else ""
            place = " of the last" if index == len(records) - 1 else ""
            if change(changed[index], path, how):
                yield f"{how}{kind}{place}: {name}", changed


def leaves(value, path=()):
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [leaf for step, one in inner for leaf in leaves(one, (*path, step))]
    return found or [path]


def value_at(record, path):
    for step in path:
        record = record[step]
    return record


def change(record, path, how):
    """Changes the value at `path`; tells whether that is possible."""
    holder = record
    for step in path[:-1]:
        holder = holder[step]
    value = holder[path[-1]]
    if how == "left out":
        if isinstance(holder, list):
            return False
        del holder[path[-1]]
    elif how == "retyped":
        holder[path[-1]] = [value] if isinstance(value, str) else None if value is not None else ""
    elif isinstance(value, bool):
        holder[path[-1]] = not value
    elif isinstance(value, (int, float)):
        holder[path[-1]] = value + 1 if value + 1 != value else value / 2
    elif isinstance(value, str):
        middle = len(value) // 2
        holder[path[-1]] = value[:middle] + ("b" if value[middle : middle + 1] == "a" else "a") + value[middle + 1 :]
    else:
        holder[path[-1]] = {"x": 1} if isinstance(value, dict) else [1] if isinstance(value, list) else 0
    return True


# Kinds that say something of a log and contradict nothing in it. `late-start` is not among them: the products refuse a cut head.
NOTES = {"uncovered-field", "clock-rollback", "re-export"}


def ours(program, format_, files, work):
    """`accept` where nothing is broken, and every record that the format signs is signed by the trusted key; else `refuse`, and what was said.

    Where the format signs its records and not the link between them, that is all that its own verifier looks at, and our verdict
    stays `not-verifiable` without a head.
    """
    with placed(files) as folder:
        command = [program, "verify", "--json", "--chain", format_.name, "--log", format_.name]
        if format_.signed:
            command += ["--trust", str(work / f"{format_.name}.toml")]
        if format_.mac:
            command += ["--mac-key", str(work / f"{format_.name}.key")]
        command += [str(folder / name) for name in sorted(files)]
        ran = subprocess.run(command, capture_output=True, text=True)
    if not ran.stdout:
        expect(ran.returncode == 4, f"exit {ran.returncode}: {ran.stderr}")
        return "refuse", ran.stderr.split("\n")[0]
    found = json.loads(ran.stdout)
    kinds = sorted({one["kind"] for log in found["logs"] for one in log["breaks"]} - NOTES)
    held = [log["pinned"] if format_.signed else log["signed"] if format_.mac else log["records"] for log in found["logs"]]
    whole = bool(held) and all(one == log["records"] > 0 for one, log in zip(held, found["logs"]))
    expect(found["verdict"] != "verified" or whole, f"verified, and {held} of {found['logs']}")
    return "accept" if whole and not kinds else "refuse", f"{found['verdict']} {kinds}"


def cases(format_, seed):
    """Pairs of a change's name and its files, and what the product says of each."""
    chance = random.Random(seed)
    log = format_.make(seed)
    named = [(name, Log(records, log.write).files()) for name, records in changes(log, chance, format_.defaults)]
    verdicts = format_.verdicts([files for _, files in named])
    expect(len(verdicts) == len(named), f"{len(verdicts)} answers to {len(named)} questions")
    return [(name, files, verdict) for (name, files), verdict in zip(named, verdicts)]


def check_oracle(format_, seeds):
    """A verifier that accepts everything, or nothing, is no oracle."""
    tally = collections.Counter()
    for seed in range(seeds):
        for name, _files, verdict in cases(format_, seed):
            accepted = verdict == "ok"
            tally["accepted" if accepted else "refused"] += 1
            if name == "untouched":
                expect(accepted, f"it refuses its own log: {verdict}")
            if name in SHOWN:
                expect(not accepted, f"seed {seed}: it accepts `{name}`")
    return f"{tally['accepted']} accepted, {tally['refused']} refused"


def compare(program, format_, seeds, listed, work):
    """Every case agrees or is listed; every listed divergence of this format is one, each time."""
    seen = collections.Counter()
    wrong = []
    agreed = 0
    for seed in range(seeds):
        asked = cases(format_, seed)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = list(pool.map(lambda case: ours(program, format_, case[1], work), asked))
        for (name, _files, verdict), (answer, said) in zip(asked, answers):
            theirs = "accept" if verdict == "ok" else "refuse"
            entry = next((one for one in listed if any(fnmatch.fnmatchcase(name, change) for change in one["change"])), None)
            if entry is None and answer == theirs:
                agreed += 1
            elif entry is not None and (theirs, answer) == (entry["theirs"], entry["ours"]):
                seen[entry["reason"]] += 1
            elif entry is not None and answer == theirs:
                wrong.append(f"seed {seed}, {name}: listed as a divergence, and both {answer}")
            else:
                wrong.append(f"seed {seed}, {name}: they {theirs} ({verdict}), we {answer} ({said})")
    expect(not wrong, "; ".join(wrong[:40]) + (f"; {len(wrong)} in all" if len(wrong) > 12 else ""))
    unseen = [one["change"] for one in listed if not seen[one["reason"]]]
    expect(not unseen, f"listed and never met: {unseen}; run more seeds, or take them out")
    return f"{agreed} agree, {sum(seen.values())} diverge as listed"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--countersign")
    parser.add_argument("--oracles", action="store_true")
    parser.add_argument("--seeds", type=int, default=4)
    arguments = parser.parse_args()
    if bool(arguments.countersign) == arguments.oracles:
        sys.exit(__doc__)
    checks = Checks()
    formats = [AgtPythonLog(), AgtPythonSink(), AgtTypescript(), AgtRust(), Signet()]
    vectors = os.environ.get("COUNTERSIGN_VECTORS")
    if vectors:
        formats.append(PipelockReceipts(vectors))
    elif os.environ.get("CI"):
        checks.run("pipelock", expect, False, "COUNTERSIGN_VECTORS is not set, which CI must have")
    divergences = tomllib.loads(DIVERGENCES.read_text("utf-8"))["divergence"]
    checks.run("every divergence has a reason and a known format", reasons, divergences, {one.name for one in formats}, bool(vectors))
    with tempfile.TemporaryDirectory() as work:
        for format_ in formats:
            if arguments.oracles:
                checks.run(f"{format_.name}: the product tells its logs from changed ones", check_oracle, format_, arguments.seeds)
                continue
            if format_.signed:
                trust = f'[[key]]\nowner = "test"\npurpose = "log"\nlogs = ["{format_.name}"]\npem = """\n{format_.public_pem()}"""\n'
                pathlib.Path(work, f"{format_.name}.toml").write_text(trust)
            if format_.mac:
                pathlib.Path(work, f"{format_.name}.key").write_bytes(format_.mac)
            listed = [one for one in divergences if one["format"] == format_.name]
            checks.run(f"{format_.name}: both verifiers agree", compare, arguments.countersign, format_, arguments.seeds, listed, pathlib.Path(work))
    checks.close()


def reasons(divergences, names, whole):
    for one in divergences:
        expect(set(one) == {"format", "change", "theirs", "ours", "reason"}, f"members of {one}")
        expect(isinstance(one["change"], list) and one["change"], f"no change: {one}")
        expect(one["format"] in names or not whole, f"unknown format `{one['format']}`")
        expect({one["theirs"], one["ours"]} == {"accept", "refuse"}, f"no divergence: {one}")
        expect(one["ours"] == "refuse" or "does not cover" in one["reason"], f"we are the weaker one: {one}")
        expect(len(one["reason"]) > 20, f"no reason: {one}")
    return f"{len(divergences)} listed"


main()
