"""Checks an evidence pack with programs that know nothing of Countersign.

Usage: pack_checks.py PACK [TRUST_OR_KEY]

TRUST_OR_KEY is a trust file, of which the statement keys count, or one public key in PEM; a pack that is not signed
has none, and then its files and its tests alone are checked. `sha256sum`, bagit,
openssl, securesystemslib, in-toto-attestation, and DuckDB must each accept the pack, and so must whoever follows its
`VERIFY.md` to the letter. Most are asked again with one bit turned, and must refuse: no check here cannot fail.
"""

import base64
import collections
import hashlib
import json
import logging
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

import bagit
import duckdb
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from checks import Checks, Refused, expect

MANIFEST = "manifest-sha256.txt"
ENVELOPE = "attestation/statement.dsse.json"
TABLES = "data/04_population/tables"
TESTS = "data/07_policy/controls/tests"
ITEMS = "data/02_machine/items.json"
REDO = "data/04_population/redo.sql"
INSTRUCTIONS = "VERIFY.md"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
# What the statement must bind (the manifest in turn binds every payload file).
SUBJECTS = {MANIFEST, INSTRUCTIONS, "data/01_report.pdf", "data/01_report.html"}


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    pack, key_file = pathlib.Path(sys.argv[1]), sys.argv[2] if len(sys.argv) == 3 else None
    # It logs what it refuses, also where refusing is what is asked of it.
    logging.getLogger("bagit").setLevel(logging.CRITICAL)
    checks = Checks()
    with tempfile.TemporaryDirectory() as scratch:
        run_all(checks, pack, key_file, pathlib.Path(scratch))
    checks.close()


def run_all(checks, pack, key_file, scratch):
    file_checks(checks, pack, scratch)
    test_checks(checks, pack)
    redo_checks(checks, pack, json.loads((pack / ITEMS).read_text()), scratch)
    if key_file is None:
        checks.run("an unsigned pack has no statement", expect, not (pack / ENVELOPE).exists(), f"it has {ENVELOPE}")
        return
    envelope = json.loads((pack / ENVELOPE).read_text())
    key = PinnedKey()
    statement_checks(checks, pack, envelope, scratch)
    if checks.run("a pinned statement key signed", key.find, pathlib.Path(key_file), envelope):
        signature_checks(checks, envelope, key, scratch)
        instruction_checks(checks, pack, key, scratch)


def file_checks(checks, pack, scratch):
    touched = scratch / "touched"
    shutil.copytree(pack, touched)
    turn_a_bit(touched / "data/01_report.json")
    checks.run("sha256sum accepts the manifest", sha256sum, pack)
    checks.run("sha256sum refuses a touched file", refuses, sha256sum, touched)
    checks.run("bagit accepts the bag", validate_bag, pack)
    checks.run("bagit refuses a touched file", refuses, validate_bag, touched)
    checks.run("every file is in a manifest", no_extra_file, pack)


def statement_checks(checks, pack, envelope, scratch):
    touched = scratch / "touched-manifest"
    shutil.copytree(pack, touched)
    turn_a_bit(touched / MANIFEST)
    checks.run("in-toto-attestation accepts the statement", validate_statement, envelope)
    checks.run("the subjects' digests are those of the files", subjects_match, pack, envelope)
    checks.run("the subjects' digests are not those of touched files", refuses, subjects_match, touched, envelope)


def signature_checks(checks, envelope, key, scratch):
    forged = dict(envelope, payload=base64.b64encode(turned(base64.b64decode(envelope["payload"]))).decode())
    checks.run("openssl accepts the signature", openssl_verify, envelope, key, scratch)
    checks.run("openssl refuses a touched statement", refuses, openssl_verify, forged, key, scratch)
    checks.run("securesystemslib accepts the signature", securesystemslib_verify, envelope, key)
    checks.run("securesystemslib refuses a touched statement", refuses, securesystemslib_verify, forged, key)


def test_checks(checks, pack):
    tests = sorted(path.name for path in (pack / TESTS).iterdir() if path.is_dir())
    items = json.loads((pack / ITEMS).read_text())
    database = duckdb.connect()
    checks.run("DuckDB reads every table", load_tables, pack, database)
    checks.run("every result has its query in the pack", same_tests, tests, items)
    for test in tests:
        checks.run(f"DuckDB finds the items of {test.upper()}", rerun_test, pack / TESTS / test, database, items)


def redo_checks(checks, pack, items, scratch):
    """`redo.sql` alone, in a database that knows nothing, as an auditor runs it in the pack's folder."""
    checks.run("redo.sql gives the states of items.json, row for row", redo, pack, items)
    touched = scratch / "touched-table"
    shutil.copytree(pack, touched)
    duckdb.sql(
        f"COPY (SELECT * REPLACE ('someone else' AS reviewer_principal_id) FROM read_parquet('{pack / TABLES}/decision.parquet')) "
        f"TO '{touched / TABLES}/decision.parquet' (FORMAT parquet)"
    )
    checks.run("redo.sql gives others on a touched table", refuses, redo, touched, items)


def instruction_checks(checks, pack, key, scratch):
    pinned, other = scratch / "pinned.pub", scratch / "other.pub"
    pinned.write_bytes(key.pem)
    other.write_bytes(public_pem(ed25519.Ed25519PrivateKey.generate().public_key()))
    checks.run(f"{INSTRUCTIONS} can be followed", follow, pack, pinned, scratch)
    checks.run(f"{INSTRUCTIONS} finds a touched file", refuses, follow, scratch / "touched", pinned, scratch)
    checks.run(f"{INSTRUCTIONS} finds another key", refuses, follow, pack, other, scratch)


# Files.

def sha256sum(pack):
    """`sha256sum -c`, as `VERIFY.md` tells the auditor."""
    command(["sha256sum", "--check", "--strict", "--quiet", MANIFEST], cwd=pack)
    return f"{len((pack / MANIFEST).read_text().splitlines())} files"


def validate_bag(pack):
    """RFC 8493 by the Library of Congress's own program."""
    try:
        bagit.Bag(str(pack)).validate()
    except bagit.BagError as error:
        raise Refused(str(error)) from error


def no_extra_file(pack):
    listed = {line.split("  ", 1)[1] for line in (pack / MANIFEST).read_text().splitlines()}
    tags = {line.split("  ", 1)[1] for line in (pack / "tagmanifest-sha256.txt").read_text().splitlines()}
    there = {str(path.relative_to(pack)) for path in pack.rglob("*") if path.is_file()} - {"tagmanifest-sha256.txt"}
    extra, absent = there - listed - tags, (listed | tags) - there
    expect(not extra and not absent, f"in no manifest: {sorted(extra)}; listed but absent: {sorted(absent)}")
    return f"{len(there)} files"


# The statement.

class PinnedKey:
    """The pinned statement key that signed; the envelope cannot bring its own."""

    def find(self, file, envelope):
        signatures = {signature["keyid"]: signature["sig"] for signature in envelope["signatures"]}
        pinned = {key_id(pem): pem for pem in statement_keys(file)}
        found = sorted(set(signatures) & set(pinned))
        expect(found, f"signed by {sorted(signatures)}, pinned are {sorted(pinned)}")
        self.id = found[0]
        self.pem = pinned[self.id]
        self.signature = base64.b64decode(signatures[self.id], validate=True)
        return self.id


def statement_keys(file):
    if file.suffix != ".toml":
        return [file.read_bytes()]
    keys = tomllib.loads(file.read_text())["key"]
    return [
        key["pem"].encode() if "pem" in key else (file.parent / key["file"]).read_bytes()
        for key in keys
        if key["purpose"] == "statement"
    ]


def key_id(pem):
    """The key id of `trust.toml`: SHA-256 of the raw public key."""
    raw = serialization.load_pem_public_key(pem).public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    return hashlib.sha256(raw).hexdigest()


def public_pem(key):
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def openssl_verify(envelope, key, scratch):
    """The way without any library: DSSE's pre-authentication encoding by hand, then `openssl pkeyutl`."""
    payload_type, payload = envelope["payloadType"].encode(), base64.b64decode(envelope["payload"], validate=True)
    message = b" ".join(
        [b"DSSEv1", str(len(payload_type)).encode(), payload_type, str(len(payload)).encode(), payload]
    )
    for name, content in [("key", key.pem), ("message", message), ("signature", key.signature)]:
        (scratch / name).write_bytes(content)
    command(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "message"]
        + ["-sigfile", "signature"],
        cwd=scratch,
    )


def securesystemslib_verify(envelope, key):
    public = SSlibKey.from_crypto(serialization.load_pem_public_key(key.pem), keyid=key.id)
    try:
        # `from_dict` rewrites the signatures of what it is given.
        Envelope.from_dict(json.loads(json.dumps(envelope))).verify([public], 1)
    except VerificationError as error:
        raise Refused(str(error)) from error


def validate_statement(envelope):
    expect(envelope["payloadType"] == PAYLOAD_TYPE, f"payload type `{envelope['payloadType']}`")
    message = json_format.Parse(base64.b64decode(envelope["payload"]), statement_pb2.Statement())
    Statement.copy_from_pb(message).validate()
    return message.predicate_type


def subjects_match(pack, envelope):
    subjects = json.loads(base64.b64decode(envelope["payload"]))["subject"]
    names = {subject["name"] for subject in subjects}
    expect(names >= SUBJECTS, f"expected the subjects {sorted(SUBJECTS)}, found {sorted(names)}")
    for subject in subjects:
        found = hashlib.sha256((pack / subject["name"]).read_bytes()).hexdigest()
        stated = subject["digest"]["sha256"]
        expect(found == stated, f"`{subject['name']}`: the statement says {stated}, the file is {found}")
    return f"{len(subjects)} subjects"


# The tests, on another engine.

def load_tables(pack, database):
    """Each Parquet file of the pack becomes the table of its name."""
    files = sorted((pack / TABLES).glob("*.parquet"))
    expect(files, f"no table in `{TABLES}`")
    for file in files:
        path = str(file).replace("'", "''")
        database.execute(f'CREATE TABLE "{file.stem}" AS SELECT * FROM read_parquet(\'{path}\')')
    rows = database.execute("SELECT count(*) FROM param").fetchone()[0]
    expect(rows == 1, f"expected one row in `param`, found {rows}")
    return f"{len(files)} tables"


def same_tests(tests, items):
    """A shipped query may have no result (`not_evidenced_here`), but no result may lack its query."""
    results, queries = set(items), {test.upper() for test in tests}
    expect(results and results <= queries, f"no query in the pack for {sorted(results - queries)}")
    return f"{len(results)} results, {len(queries)} queries"


def rerun_test(folder, database, items):
    test = folder.name.upper()
    population = database.execute((folder / "population.sql").read_text()).fetchall()
    exceptions = {row[0] for row in database.execute((folder / "exceptions.sql").read_text()).fetchall()}
    subjects = collections.Counter(row[0] for row in population)
    doubled = [subject for subject, count in subjects.items() if count > 1]
    expect(not doubled, f"{len(doubled)} subjects stand more than once in the population, first `{doubled[:1]}`")
    strangers = exceptions - set(subjects)
    expect(not strangers, f"{len(strangers)} exceptions outside the population, first `{sorted(strangers)[:1]}`")

    found = {subject: item_state(testability, subject in exceptions) for subject, testability in population}
    # An accepted exception is one that a waiver covers; the waivers are not in the tables.
    stated = {
        item["subject_id"]: "exception" if item["state"] == "accepted" else item["state"]
        for item in items.get(test, [])
    }
    if test not in items:
        return "not evidenced here"
    differing = sorted(s for s in found.keys() | stated.keys() if found.get(s) != stated.get(s))
    expect(
        not differing,
        f"{len(differing)} of {len(found)} items differ, first `{differing[:1]}`: "
        f"DuckDB {[found.get(s) for s in differing[:1]]}, the pack {[stated.get(s) for s in differing[:1]]}",
    )
    states = collections.Counter(found.values())
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "no items"


def redo(pack, items):
    script = (pack / REDO).read_text()
    here = os.getcwd()
    os.chdir(pack)
    try:
        database = duckdb.connect()
        database.execute(script)
        rows = database.execute("SELECT test, subject_id, state FROM redo").fetchall()
    finally:
        os.chdir(here)
    found = sorted(rows)
    stated = sorted(
        (test, item["subject_id"], "exception" if item["state"] == "accepted" else item["state"])
        for test, states in items.items()
        for item in states
    )
    expect(stated, "no item in the pack")
    differing = sorted(set(found) ^ set(stated))
    expect(found == stated, f"{len(found)} rows, {len(stated)} items; differ first in {differing[:2]}")
    return f"{len(found)} rows"


def item_state(testability, is_exception):
    """What cannot be judged, or not yet, is neither an exception nor ok."""
    for state in ("untestable", "pending"):
        if testability.startswith(state + ":"):
            return state
    expect(testability == "testable", f"unknown testability `{testability}`")
    return "exception" if is_exception else "ok"


# The instructions in the pack.

def follow(pack, key_file, scratch):
    """Runs every shell block of the pack's instructions, in one shell, as a careful reader would."""
    blocks = re.findall(r"^```sh\b.*?\n(.*?)^```", (pack / INSTRUCTIONS).read_text(), flags=re.S | re.M)
    expect(blocks, "no block of commands")
    script = scratch / "instructions.sh"
    script.write_text("\n".join(blocks))
    # The duckdb of this environment; whatever else they call is the machine's.
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    command(["sh", "-e", script], cwd=pack, env=dict(os.environ, KEY=str(key_file), TMPDIR=str(scratch), PATH=path))
    return f"{len(blocks)} blocks"


# Tools of the checks.

def command(arguments, cwd, env=None):
    result = subprocess.run(arguments, cwd=cwd, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    expect(result.returncode == 0, f"{arguments[0]} exited {result.returncode}: {result.stdout}{result.stderr}".strip())


def refuses(check, *arguments):
    """Holds if `check` refuses; that it breaks in some other way is no refusal."""
    try:
        check(*arguments)
    except Refused:
        return
    raise Refused("it was accepted")


def turn_a_bit(path):
    path.write_bytes(turned(path.read_bytes()))


def turned(data):
    data = bytearray(data)
    data[len(data) // 2] ^= 1
    return bytes(data)


main()
