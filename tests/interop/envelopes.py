"""Makes the logs of signed envelopes in tests/vectors/chains with other people's libraries, and checks those that lie there.

Usage: envelopes.py FOLDER    writes every log into a new folder
       envelopes.py --check   the committed logs: the libraries accept each line; those that can be made again byte for byte are

RSA keys and ECDSA signatures are random: their logs are made once, and kept.
"""

import base64
import filecmp
import json
import pathlib
import sys
import tempfile

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from google.protobuf import json_format
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner

from checks import ROOT, Checks, expect

COMMITTED = ROOT / "tests/vectors/chains"
TYPE = "application/vnd.in-toto+json"
REMADE = ["jws-lines/decisions.jwt", "jws-lines/gate.pub", "dsse-lines/decisions.intoto.jsonl", "dsse-lines/bus.pub"]
KEPT = ["jws-lines/es256.jwt", "jws-lines/rs256.jwt"]


def main():
    if sys.argv[1:] == ["--check"]:
        check()
    elif len(sys.argv) == 2:
        make(pathlib.Path(sys.argv[1]))
    else:
        sys.exit(__doc__)


def records(count):
    """Decisions of a gate, one a minute."""
    people = ["lee", "ana", "Zoë", "kim"]
    for number in range(1, count + 1):
        yield {
            "kind": "decision",
            "seq": number,
            "id": f"d-{number}",
            "request": f"r-{number}",
            "by": people[number % 4],
            "outcome": "denied" if number % 5 == 0 else "approved",
            "at": f"2026-07-01T08:{number:02}:00Z",
        }


def make(folder):
    for name in ("jws-lines", "dsse-lines"):
        (folder / name).mkdir(parents=True)
    key = ed25519.Ed25519PrivateKey.from_private_bytes(b"test-gate-key-do-not-trust-me-01")
    write_tokens(folder / "jws-lines/decisions.jwt", key, "EdDSA", 12)
    write_key(folder / "jws-lines/gate.pub", key)
    for algorithm, key in (
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
        ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    ):
        write_tokens(folder / f"jws-lines/{algorithm.lower()}.jwt", key, algorithm, 3)
        write_key(folder / f"jws-lines/{algorithm.lower()}.pub", key)
    key = ed25519.Ed25519PrivateKey.from_private_bytes(b"test-bus-key-do-not-trust-me--01")
    signer = CryptoSigner(key)
    with open(folder / "dsse-lines/decisions.intoto.jsonl", "w", encoding="utf-8", newline="\n") as file:
        for record in records(12):
            envelope = Envelope(statement(record), TYPE, {})
            envelope.sign(signer)
            file.write(json.dumps(envelope.to_dict(), separators=(",", ":")) + "\n")
    write_key(folder / "dsse-lines/bus.pub", key)


def write_tokens(path, key, algorithm, count):
    lines = (jwt.encode(record, key, algorithm, headers={"typ": "decision+jwt"}) for record in records(count))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def write_key(path, key):
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    path.write_bytes(key.public_key().public_bytes(*form))


def statement(record):
    subject = ResourceDescriptor(name=record["request"], digest={"sha256": f"{record['seq']:064x}"})
    made = Statement([subject.pb], "https://gate.example/decision/v1", record)
    made.validate()
    return json_format.MessageToJson(made.pb, indent=None, sort_keys=True).encode()


def check():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        made = pathlib.Path(folder)
        make(made)
        for name in REMADE:
            checks.run(f"`{name}` is made again byte for byte", same, made / name, COMMITTED / name)
    for name, key, algorithm, count in (
        ("decisions", "gate", "EdDSA", 12),
        ("es256", "es256", "ES256", 3),
        ("rs256", "rs256", "RS256", 3),
    ):
        checks.run(f"PyJWT accepts `{name}.jwt`", tokens, name, key, algorithm, count)
    checks.run("securesystemslib accepts `decisions.intoto.jsonl`", envelopes)
    checks.close()


def same(made, committed):
    expect(filecmp.cmp(made, committed, shallow=False), "it differs")


def tokens(name, key, algorithm, count):
    public = serialization.load_pem_public_key((COMMITTED / f"jws-lines/{key}.pub").read_bytes())
    lines = (COMMITTED / f"jws-lines/{name}.jwt").read_text(encoding="utf-8").splitlines()
    found = [jwt.decode(line, public, [algorithm]) for line in lines]
    expect(found == list(records(count)), f"expected {count} records, found {found}")


def envelopes():
    key = CryptoSigner(ed25519.Ed25519PrivateKey.from_private_bytes(b"test-bus-key-do-not-trust-me--01")).public_key
    lines = (COMMITTED / "dsse-lines/decisions.intoto.jsonl").read_text(encoding="utf-8").splitlines()
    for line, record in zip(lines, records(12), strict=True):
        envelope = Envelope.from_dict(json.loads(line))
        envelope.verify([key], 1)
        payload = json.loads(base64.b64decode(json.loads(line)["payload"]))
        expect(payload["predicate"] == record, f"expected {record}, found {payload['predicate']}")


if __name__ == "__main__":
    main()
