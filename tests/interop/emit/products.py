"""Writes and verifies logs with the products themselves, each pinned in this folder.

A log is written by the product's own code, and a verdict is the product's own. Where a product takes the time or an id from
the system, `pinned` gives it steady ones, so that a sample can be made again.
"""

import base64
import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest.mock
import uuid

import pipelock_verify
import signet_auth
from agentmesh.governance import audit, audit_backends
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = pathlib.Path(__file__).parent
START = datetime.datetime(2026, 7, 1, 8, 0, tzinfo=datetime.timezone.utc)


class SigningKey:
    """A test key, made from its name; nobody must ever trust one."""

    def __init__(self, name):
        self.seed = hashlib.sha256(name.encode()).digest()
        self.private = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.raw = self.private.public_key().public_bytes_raw()

    def signet_secret(self):
        return base64.b64encode(self.seed + self.raw).decode()

    def pem(self):
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def base64(self):
        return base64.b64encode(self.raw).decode()


@contextlib.contextmanager
def pinned(start=START, environment=True):
    """Gives AGT's Python package steady times, ids, and an execution environment."""
    ticks = iter(range(1, 1_000_000))

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            # Uneven, and a whole second now and then: `isoformat` then leaves out the fraction.
            step = next(ticks)
            return start + datetime.timedelta(seconds=7 * step, microseconds=0 if step % 5 == 0 else 1001 * step)

    def steady_uuid():
        return uuid.UUID(bytes=hashlib.sha256(str(next(ticks)).encode()).digest()[:16], version=4)

    named = {"AGT_ENVIRONMENT": "prod", "SANDBOX_ID": "sb-7", "OPENSHELL_CONTAINER_RUNTIME": "runc", "OPENSHELL_COMPUTE_DRIVER": "docker"}
    with (
        unittest.mock.patch.object(audit, "datetime", Clock),
        unittest.mock.patch.object(audit.uuid, "uuid4", steady_uuid),
        unittest.mock.patch.object(audit_backends, "datetime", Clock),
        unittest.mock.patch.dict(os.environ, named if environment else {}),
    ):
        yield


# AGT Python, `AuditLog`: nothing writes a file, `export()` gives a dict that holds datetimes.


def agt_python_log(records):
    log = audit.AuditLog()
    for record in records:
        entry = log.log(
            record["event"], record["agent"], record["action"], resource=record["resource"], data=record["data"],
            outcome=record["outcome"], policy_decision=record["decision"], trace_id=record["trace"],
        )
        # `log` has no parameters for these three, and no hash covers them: users set them on the entry.
        entry.matched_rule, entry.session_id, entry.target_did = record["rule"], record["session"], record["target"]
    valid, why = log.verify_integrity()
    assert valid, why
    return log


def with_isoformat(value):
    """The only form of a time under which an exported entry still fits its hash."""
    return json.dumps(value, default=lambda inner: inner.isoformat())


def agt_python_log_verdict(entries):
    """Reads entries back into the product's chain, as its own tests do, and asks it."""
    try:
        chain = audit.MerkleAuditChain()
        chain._entries = [audit.AuditEntry.model_validate(entry) for entry in entries]
        valid, why = chain.verify_chain()
    except ValueError as error:
        return f"unreadable: {type(error).__name__}"
    return "ok" if valid else why


# AGT Python, `FileAuditSink`: JSON lines, each with an HMAC.


def agt_python_sink(path, key, records, max_file_size=0):
    sink = audit_backends.FileAuditSink(path, key, max_file_size=max_file_size)
    for record in records:
        sink.write(
            audit.AuditEntry(
                event_type=record["event"], agent_did=record["agent"], action=record["action"], resource=record["resource"],
                target_did=record["target"], data=record["data"], outcome=record["outcome"],
                policy_decision=record["decision"], matched_rule=record["rule"], trace_id=record["trace"],
                session_id=record["session"], container_runtime="runc",
            )
        )
    valid, why = sink.verify_integrity()
    assert valid, why


def agt_python_sink_verdict(path, key):
    try:
        valid, errors = audit_backends.HashChainVerifier().verify_file(path, key)
    except ValueError as error:
        return f"unreadable: {type(error).__name__}"
    return "ok" if valid else "; ".join(errors)


# AGT TypeScript and AGT Rust: one export is one JSON array.


def agt_typescript(records, start=None, most=None):
    given = json.dumps({"start": start, "records": [[r["agent"], r["action"], r["decision"] or "allow"] for r in records]})
    return _typescript(["emit"] + ([str(most)] if most else []), given)


def agt_typescript_verdicts(exports):
    return _typescript(["verify"], _lines(exports)).split("\n")[:-1]


def agt_rust(records, most=None):
    given = json.dumps([[r["agent"], r["action"], r["decision"] or "allow"] for r in records])
    return _rust(["emit"] + ([str(most)] if most else []), given)


def agt_rust_verdicts(exports):
    return _rust(["verify"], _lines(exports)).split("\n")[:-1]


def _lines(exports):
    """One export per line; an export that spans lines is read with a newline for what can only be white space."""
    return "".join(export.replace("\n", " ").replace("\r", " ") + "\n" for export in exports)


def _typescript(arguments, given):
    return _run(["node", str(HERE / "agt_typescript.mjs"), *arguments], given)


def _rust(arguments, given):
    return _run([os.environ["COUNTERSIGN_AGT_RUST"], *arguments], given)


def _run(command, given):
    return subprocess.run(command, input=given.encode(), stdout=subprocess.PIPE, check=True).stdout.decode()


# Signet: a folder with one file per day of the receipts' own times.


def signet_live(key, records):
    """Receipts that the product makes and signs now; nonces and times are its own."""
    return [
        signet_auth.sign(key.signet_secret(), signet_action(record), record["agent"], record["owner"]) for record in records
    ]


def signet_action(record):
    return signet_auth.Action(
        record["action"], record["data"], target=record["target"] or "", session=record["session"], call_id=record["trace"],
    )


def signet_pinned(key, records, start=START):
    """The same with steady nonces and times, which the product gives no way to set: we sign, the product verifies."""
    receipts = []
    for index, record in enumerate(records):
        body = json.loads(signet_auth.sign(key.signet_secret(), signet_action(record), record["agent"], record["owner"]).to_json())
        time = start + datetime.timedelta(seconds=6000 * index, milliseconds=17 * index)
        body["ts"] = time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"
        body["nonce"] = "rnd_" + hashlib.sha256(f"nonce {index}".encode()).hexdigest()[:32]
        receipts.append(signet_auth.Receipt.from_json(json.dumps(signet_sign(key, body))))
        assert signet_auth.verify(receipts[-1], key.base64()), "the product refuses a receipt"
    return receipts


def signet_sign(key, body):
    """Signs a version 1 receipt again. Only for bodies whose numbers are small integers: this is no RFC 8785."""
    signed = {name: body[name] for name in ("v", "action", "signer", "ts", "nonce", "policy", "exp") if name in body}
    signature = key.private.sign(canonical(signed))
    return signed | {
        "id": "rec_" + hashlib.sha256(signature).hexdigest()[:32],
        "sig": "ed25519:" + base64.b64encode(signature).decode(),
    }


def canonical(value):
    """RFC 8785 but for numbers; its member order is that of UTF-16 code units."""
    return json.dumps(_ordered(value), separators=(",", ":"), ensure_ascii=False).encode()


def _ordered(value):
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value, key=lambda name: name.encode("utf-16-be"))}
    return [_ordered(inner) for inner in value] if isinstance(value, list) else value


def signet_append(folder, receipts):
    for receipt in receipts:
        signet_auth.audit_append(str(folder), receipt)
    for lock in pathlib.Path(folder, "audit").glob("*.lock"):
        lock.unlink()
    verdict = signet_verdict(folder)
    assert verdict == "ok", verdict


def signet_verdict(folder, trusted=None):
    """`trusted`: the keys, in base64, that the product is to hold the receipts to; without them any key will do."""
    try:
        chain = signet_auth.audit_verify_chain(str(folder))
        if not chain.valid:
            return "chain broken"
        signatures = signet_auth.audit_verify_signatures(str(folder), trusted_agent_keys=trusted)
    except signet_auth.SignetError as error:
        return f"unreadable: {type(error).__name__}"
    if signatures.failures:
        return "; ".join(failure.reason for failure in signatures.failures)
    return "ok"


def signet_verdict_of(lines_by_day, trusted=None):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "audit").mkdir()
        for day, text in lines_by_day.items():
            pathlib.Path(folder, "audit", day).write_text(text, encoding="utf-8", newline="")
        return signet_verdict(folder, trusted)


# pipelock: verifiers only; nothing that can be installed here writes its logs.


def pipelock_chain_verdict(path, public_key_hex=None):
    try:
        result = pipelock_verify.verify_chain(str(path), public_key_hex)
    except (ValueError, KeyError, TypeError) as error:
        return f"unreadable: {type(error).__name__}"
    return "ok" if result.valid else str(result.error)
