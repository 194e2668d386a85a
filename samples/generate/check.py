"""Checks the samples without countersign: `python3 samples/generate/check.py [FOLDER]`.

It reads the files as they lie there: chains, signatures, heads, counts, silences, and whether each id of EXPECTED.toml
exists in the log of its source. Then it runs the generator in memory and compares. It prints counts and ends with 1 if
anything is not as it should be.
"""

import csv
import hashlib
import io
import json
import sys
import tomllib
from collections import Counter
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization as form

from moment import HOUR, at
from write import unpacked

MAX_LOG_BYTES = {"globex": 30_000_000}
MAX_FOLDER_BYTES = 5_000_000


class Problems(list):
    """What is not as it should be."""

    def unless(self, holds, text):
        """Notes `text` unless it holds."""
        if not holds:
            self.append(text)


def no_twins(pairs):
    """Builds an object and refuses a member name twice."""
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a member name twice")
    return out


def keys_of(folder):
    """Returns log name to (key id, public key) as trust.toml has it."""
    trust = tomllib.loads((folder / "trust.toml").read_text())
    out = {}
    for entry in trust["key"]:
        public = form.load_pem_public_key((folder / entry["file"]).read_bytes())
        raw = public.public_bytes(form.Encoding.Raw, form.PublicFormat.Raw)
        for log in entry.get("logs", []):
            out[log] = (hashlib.sha256(raw).hexdigest(), public)
    return out


def read_head(path):
    """Returns (log, seq, digest) of a head file."""
    log, seq, digest = path.read_text().split(" ")
    return log, int(seq), digest.strip()


def break_of(line, log, key_id, public, seq, prev):
    """Returns what is wrong with one line of a native log, and its record."""
    body, tail = line[:-138], line[-138:]
    record = json.loads(line, object_pairs_hook=no_twins)
    if list(record) != ["v", "log", "seq", "time", "key", "prev", "event", "sig"] or not tail.startswith(b',"sig":"'):
        return "malformed", record
    if record["v"] != "countersign-log/1" or record["log"] != log or record["key"] != key_id:
        return "malformed", record
    try:
        public.verify(bytes.fromhex(record["sig"]), b"countersign-log/1\n" + body)
    except InvalidSignature:
        return "signature", record
    if record["seq"] != seq:
        return "sequence", record
    return (None if record["prev"] == prev else "link"), record


def walk(objects, log, key, after):
    """Walks a native log; returns its records, its breaks as (kind, object, line), and its last (seq, digest)."""
    seq, prev = (after[1] + 1, after[2]) if after else (0, "0" * 64)
    records, breaks = [], []
    for name, data in objects:
        assert data.endswith(b"\n"), name
        for number, line in enumerate(data.split(b"\n")[:-1], start=1):
            wrong, record = break_of(line, log, *key, seq, prev)
            if wrong:
                breaks.append((wrong, name, number))
            records.append((name, number, record))
            seq, prev = record["seq"] + 1, hashlib.sha256(line).hexdigest()
    return records, breaks, (seq - 1, prev)


def objects_of(folder, source):
    """Returns the objects of a source as (name, plain bytes), by name."""
    paths = sorted({path for pattern in source["objects"] for path in folder.glob(pattern)})
    return [(str(path.relative_to(folder)), unpacked(path.name, path.read_bytes())) for path in paths]


def foreign_records(objects):
    """Returns the records of an export: lines, or the list of a page."""
    out = []
    for name, data in objects:
        if ".json." in f"{name}." and ".jsonl" not in name:
            page = json.loads(data, object_pairs_hook=no_twins)
            out += page.get("data", page.get("Records"))
        else:
            out += [json.loads(line, object_pairs_hook=no_twins) for line in data.split(b"\n")[:-1]]
    return out


# The id of a record, for products whose records are one item each.
OTHER_IDS = {
    "aws-cloudtrail": lambda r: r["eventID"],
    "entra-pim": lambda r: r["id"],
    "github-audit": lambda r: r["_document_id"],
    "kubernetes-audit": lambda r: f'{r["auditID"]}@{r["requestReceivedTimestamp"]}',
    "litellm": lambda r: r["litellm_call_id"],
}


def ids_in(profile, records):
    """Returns the native ids that the records of a source show, and a count of what they are."""
    ids, kinds = set(), Counter()
    for record in records:
        if profile == "countersign":
            ids.add(record["event"].get("id"))
            kinds[record["event"]["kind"]] += 1
        elif profile == "hoop-sessions":
            ids.add(record["id"])
            kinds["run" if record["end_date"] else "not run"] += 1
            if record["review"]:
                ids.add(record["review"]["id"])
                ids.update(row["id"] for row in record["review"]["review_groups_data"])
                kinds["review"] += 1
        elif profile == "teleport":
            ids.update(filter(None, [record.get("sid"), record.get("id")]))
            if "reviewer" in record:
                ids.add(f'{record["id"]}/{record["reviewer"]}')
            kinds[record["event"]] += 1
        elif profile in OTHER_IDS:
            ids.add(OTHER_IDS[profile](record))
            # Rows of Entra name the request that they are of.
            ids.update(detail["value"] for detail in record.get("additionalDetails", []) if detail["key"] == "RoleAssignmentRequestId")
            kinds[profile] += 1
        else:
            payload = record["message"]["metadata"]["event_payload"]
            ids.add(f'{payload["request_id"]}/{record["user"]["id"]}')
            kinds[record["actions"][0]["action_id"]] += 1
    return ids, kinds


def check_native(folder, config, source, problems, broken):
    """Checks one native log and returns its records."""
    log = source.get("logs", [source["id"]])[0]
    after = read_head(folder / source["after"]) if "after" in source else None
    objects = objects_of(folder, source)
    records, breaks, last = walk(objects, log, keys_of(folder)[log], after)
    expected = sorted((entry["object"], entry["line"]) for entry in broken if entry["log"] == log)
    shown = sorted({(name, number) for kind, name, number in breaks if kind != "link" or not expected})
    # After an edited line the link of the next line breaks as well; the break itself is where the signature fails.
    problems.unless(shown == expected, f"{folder.name}/{log}: breaks {breaks}, expected {expected}")
    if "head" in source:
        problems.unless(read_head(folder / source["head"]) == (log, *last), f"{folder.name}/{log}: another head")
    times = [at(record["time"]) for _, _, record in records]
    problems.unless(times == sorted(times), f"{folder.name}/{log}: time falls")
    start, end = (at(str(config["period"][edge].isoformat())) for edge in ("from", "to"))
    problems.unless(start <= times[0] and times[-1] < end, f"{folder.name}/{log}: outside the period")
    if "max_silence" in source:
        longest = max(b - a for a, b in zip([start] + times, times + [end]))
        limit = int(source["max_silence"].removesuffix("h")) * HOUR
        problems.unless(longest <= limit, f"{folder.name}/{log}: silent for {longest} ms")
    plain = b"".join(data for _, data in objects)
    print(f"  {log}: {len(records)} lines, {len(plain)} bytes, {len(plain) // len(records)} a line, head {last[0]}")
    return [record for _, _, record in records]


def check_folder(folder, problems):
    """Checks one scenario."""
    print(folder.name)
    config = tomllib.loads((folder / "countersign.toml").read_text())
    broken = []
    if (folder / "BROKEN.toml").exists():
        broken = tomllib.loads((folder / "BROKEN.toml").read_text())["break"]
        problems.unless({entry["kind"] for entry in broken} == {"altered", "gap"}, "BROKEN.toml names other kinds")
        told = (folder / "README.md").read_text()
        for entry in broken:
            problems.unless(f"`{entry['kind']}` at line {entry['line']}" in told, f"README.md does not tell of {entry}")
    found, total = {}, 0
    for source in config["source"]:
        if source["profile"] == "countersign":
            records = check_native(folder, config, source, problems, broken)
        else:
            records = foreign_records(objects_of(folder, source))
        total += sum(len(data) for _, data in objects_of(folder, source))
        wanted = source.get("extracted", {}).get("records", len(records))
        problems.unless(wanted == len(records), f"{folder.name}/{source['id']}: {len(records)} records, not {wanted}")
        found[source["id"]], kinds = ids_in(source["profile"], records)
        print(f"  {source['id']}: {len(records)} records: " + ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))
    problems.unless(total <= MAX_LOG_BYTES.get(folder.name, 6_000_000), f"{folder.name}: {total} bytes of logs")
    if (folder / "EXPECTED.toml").exists():
        expected = tomllib.loads((folder / "EXPECTED.toml").read_text())
        for entry in expected["exception"] + expected.get("pending", []):
            problems.unless(entry["native_id"] in found[entry["source"]], f"no such id in {entry}")
        tests = Counter(entry["test"] for entry in expected["exception"])
        places = len({(entry["test"], entry["source"]) for entry in expected["exception"]})
        print(f"  planned: {dict(sorted(tests.items()))}, {places} pairs of test and source")
        unique = {(e["test"], e["source"], e["native_id"]) for e in expected["exception"]}
        problems.unless(len(unique) == len(expected["exception"]), f"{folder.name}: an exception is listed twice")
    rows = list(csv.DictReader(io.StringIO((folder / "reference/people.csv").read_text())))
    known = {row["person"] for row in rows}
    problems.unless(all(not row["owner"] or row["owner"] in known for row in rows), "an owner who is not on the roster")


def check_same(base, problems):
    """Runs the generator in memory and compares what it makes with what lies there."""
    from scenarios import SCENARIOS

    for name, scenario in SCENARIOS.items():
        files, _ = scenario.build()
        there = {str(p.relative_to(base / name)) for p in (base / name).rglob("*") if p.is_file()} - {"README.md"}
        problems.unless(there == set(files), f"{name}: files differ: {sorted(there ^ set(files))}")
        for path in there & set(files):
            same = unpacked(path, (base / name / path).read_bytes()) == files[path]
            problems.unless(same, f"{name}/{path}: the generator makes something else")


def check_rules(base, problems):
    """The rules that the oracle uses are those of the workspaces."""
    import globex_workspace
    import workspace

    for name, rules in (("acme", workspace.ACME_GATED), ("clean", workspace.CLEAN_GATED), ("globex", globex_workspace.GATED)):
        written = tomllib.loads((base / name / "countersign.toml").read_text())["gated"]
        problems.unless(written == rules, f"{name}: other rules in countersign.toml than in the oracle")


def main():
    """Checks every scenario; returns the exit code."""
    base = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    problems = Problems()
    for name in ("acme", "clean", "broken", "globex"):
        check_folder(base / name, problems)
    check_rules(base, problems)
    check_same(base, problems)
    size = sum(path.stat().st_size for path in base.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    print(f"all samples: {size} bytes")
    problems.unless(size <= MAX_FOLDER_BYTES, f"{size} bytes in all")
    for problem in problems:
        print(f"problem: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
