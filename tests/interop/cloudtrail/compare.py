"""Our verdict against the validator of awscli, on random CloudTrail folders with random changes.

Usage: compare.py --countersign PROGRAM [--seeds N]

Both see the same bucket. The validator's own classes walk the digests (`DigestTraverser`, `Sha256RSADigestValidator`,
`CloudTrailValidateLogs`); only the store behind them is replaced. Where the two differ, `divergences.toml` must say so for that kind
of change, with its reason; a change listed there on which they agree is an error too.
"""

import argparse
import contextlib
import hashlib
import io
import json
import random
import re
import subprocess
import sys
import tempfile
import tomllib
import types
import zlib
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import trail as folders
from awscli.customizations.cloudtrail import validation
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes

HERE = Path(__file__).resolve().parent
LOG = "aws-111122223333"
START = datetime(2026, 8, 4, 9, 1, 31, tzinfo=timezone.utc)


class Bucket:
    """The store of awscli, over a dictionary."""

    def __init__(self, name, objects):
        self.name, self.objects = name, objects

    def get_client(self, bucket):
        """Returns the client of a bucket."""
        return Bucket(bucket, self.objects if bucket == self.name else {})

    def get_object(self, Bucket, Key):  # noqa: N803 - the names of the API
        """Returns an object, or the error that the API gives."""
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no such key"}}, "GetObject")
        stored = self.objects[Key]
        return {"Body": io.BytesIO(stored.data), "Metadata": stored.metadata}

    def get_paginator(self, _name):
        """Returns the paginator of a listing."""
        return self

    def paginate(self, Bucket, Marker, Prefix):  # noqa: N803
        """Returns all pages of a listing."""
        keys = sorted(key for key in self.objects if key.startswith(Prefix) and key > Marker)
        return types.SimpleNamespace(search=lambda _query: keys)


def awscli_accepts(trail, keys):
    """Tells whether awscli finds nothing wrong: no invalid, missing or moved digest, and every listed log file right."""
    said = []
    provider = validation.DigestProvider(
        s3_client_provider=Bucket(trail.bucket, trail.objects), account_id=trail.account, trail_name=trail.name,
        trail_home_region=trail.home, trail_source_region=trail.region,
    )
    walker = validation.DigestTraverser(
        digest_provider=provider, starting_bucket=trail.bucket, starting_prefix=trail.prefix.rstrip("/") or None,
        public_key_provider=types.SimpleNamespace(get_public_keys=lambda *_: {key["Fingerprint"]: key for key in keys}),
        on_invalid=lambda **about: said.append(about), on_missing=lambda **about: said.append(about), on_gap=lambda **_: None,
    )
    command = object.__new__(validation.CloudTrailValidateLogs)
    command.s3_client_provider = Bucket(trail.bucket, trail.objects)
    command.is_verbose, command._valid_logs, command._invalid_logs = False, 0, 0
    command._write_status = lambda *_args, **_named: None
    for backfill in (False, True):
        for digest in walker.traverse_digests(START - timedelta(hours=1), trail.end + timedelta(hours=1), is_backfill=backfill):
            for entry in digest["logFiles"]:
                command._download_log(entry)
    return not said and not command._invalid_logs, command._valid_logs


def our_verdict(program, trail, keys, pinned):
    """Returns the verdict of the program over the same folder, with the key pinned."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folders.write(folder / "trail", trail.objects, keys)
        (folder / "trust.toml").write_text(folders.trust(pinned, LOG), encoding="utf-8")
        command = [program, "verify", folder / "trail", "--trust", folder / "trust.toml", "--log", LOG, "--json"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode not in (0, 3, 4, 5):
            raise RuntimeError(f"exit code {ran.returncode}: {ran.stderr}")
        result = json.loads(ran.stdout)
        if result["exit"] != ran.returncode:
            raise RuntimeError("the document and the process disagree")
        return result["verdict"]


def unpacked(stored):
    """Returns the document of a digest."""
    return json.loads(zlib.decompress(stored.data, zlib.MAX_WBITS | 16))


def leaf(value, rng):
    """Changes one leaf of a document, and returns its name."""
    while True:
        if isinstance(value, list):
            name = rng.randrange(len(value))
        else:
            name = rng.choice(sorted(value))
        inner = value[name]
        if isinstance(inner, dict) or (isinstance(inner, list) and inner):
            value = inner
            continue
        if isinstance(inner, str):
            at = rng.randrange(len(inner))
            value[name] = inner[:at] + ("0" if inner[at] != "0" else "1") + inner[at + 1 :]
        else:
            value[name] = "x"
        return name


# Each change takes the trail, the keys, and a source of randomness; it returns false where the folder offers no place for it.
def nothing(_trail, _keys, _rng):
    """Leaves the folder as it is."""
    return True


def digest_leaf(trail, _keys, rng):
    """Changes one leaf of a digest, unsigned."""
    stored = trail.objects[rng.choice(trail.digests)]
    document = unpacked(stored)
    leaf(document, rng)
    stored.data = folders.pack(json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode())
    return True


def digest_byte(trail, _keys, rng):
    """Changes one byte of a packed digest."""
    stored = trail.objects[rng.choice(trail.digests)]
    data = bytearray(stored.data)
    data[rng.randrange(12, len(data) - 8)] ^= 1 << rng.randrange(8)
    try:
        same = zlib.decompress(bytes(data), zlib.MAX_WBITS | 16) == zlib.decompress(stored.data, zlib.MAX_WBITS | 16)
    except zlib.error:
        same = False
    stored.data = bytes(data)
    return not same


def signature_digit(trail, _keys, rng):
    """Changes one digit of the signature in the metadata of a digest."""
    metadata = trail.objects[rng.choice(trail.digests)].metadata
    signature = metadata["signature"]
    at = rng.randrange(len(signature))
    metadata["signature"] = signature[:at] + format(int(signature[at], 16) ^ 1, "x") + signature[at + 1 :]
    return True


def signature_upper(trail, _keys, rng):
    """Writes the signature of a digest in capital letters."""
    metadata = trail.objects[rng.choice(trail.digests)].metadata
    metadata["signature"] = metadata["signature"].upper()
    return True


def stripped(trail, _keys, rng):
    """Removes the signature from the metadata of a digest."""
    metadata = trail.objects[rng.choice(trail.digests)].metadata
    del metadata[rng.choice(["signature", "signature-algorithm"])]
    metadata["x"] = "y"
    return True


def linked(trail, at):
    """Tells whether the digest at `at` names the one before it; the first after a stop names none."""
    return at < len(trail.digests) and unpacked(trail.objects[trail.digests[at]])["previousDigestS3Object"] is not None


def drop_one(trail, _keys, rng):
    """Deletes a digest that is neither the first nor the last, and that the next one names."""
    if len(trail.digests) < 3:
        return False
    at = rng.randrange(1, len(trail.digests) - 1)
    named = linked(trail, at + 1)
    del trail.objects[trail.digests[at]]
    return named


def drop_two(trail, _keys, rng):
    """Deletes two adjacent digests between others."""
    if len(trail.digests) < 4:
        return False
    at = rng.randrange(1, len(trail.digests) - 2)
    named = linked(trail, at + 2)
    for key in trail.digests[at : at + 2]:
        del trail.objects[key]
    return named


def drop_last(trail, _keys, _rng):
    """Deletes the last digest and the log files of its hour: what no mechanism shows."""
    key = trail.digests[-1]
    for entry in unpacked(trail.objects[key])["logFiles"]:
        del trail.objects[entry["s3Object"]]
    del trail.objects[key]
    return any("/CloudTrail/" in place for place in trail.objects)


def logs(trail):
    """Returns the keys of the log files."""
    return sorted(place for place in trail.objects if "/CloudTrail/" in place)


def log_byte(trail, _keys, rng):
    """Changes a word in a log file."""
    if not logs(trail):
        return False
    stored = trail.objects[rng.choice(logs(trail))]
    text = zlib.decompress(stored.data, zlib.MAX_WBITS | 16)
    stored.data = folders.pack(text.replace(b"user/dana", b"user/lee1", 1))
    return True


def drop_log(trail, _keys, rng):
    """Deletes a log file."""
    if not logs(trail):
        return False
    del trail.objects[rng.choice(logs(trail))]
    return True


def swap_logs(trail, _keys, rng):
    """Gives two log files each other's name."""
    if len(logs(trail)) < 2:
        return False
    first, second = rng.sample(logs(trail), 2)
    trail.objects[first], trail.objects[second] = trail.objects[second], trail.objects[first]
    return True


def extra_log(trail, _keys, rng):
    """Plants a log file that no digest lists."""
    if not logs(trail):
        return False
    key = rng.choice(logs(trail))
    trail.objects[key.replace(".json.gz", "0.json.gz")] = folders.Stored(trail.objects[key].data)
    return True


def trailing_log(trail, _keys, rng):
    """Adds a gzip member to a log file."""
    if not logs(trail):
        return False
    trail.objects[rng.choice(logs(trail))].data += folders.pack(b"{}")
    return True


def trailing_digest(trail, _keys, rng):
    """Adds a gzip member to a digest."""
    trail.objects[rng.choice(trail.digests)].data += folders.pack(b"{}")
    return True


def replaced(trail, _keys, rng):
    """Replaces a digest by another that the same key signed for the same place."""
    if len(trail.digests) < 3:
        return False
    at = rng.randrange(len(trail.digests) - 1)
    document = unpacked(trail.objects[trail.digests[at]])
    listed, document["logFiles"] = document["logFiles"], []
    for entry in listed:
        del trail.objects[entry["s3Object"]]
    trail.store(document)
    return bool(listed) and linked(trail, at + 1) and bool(logs(trail))


def resigned_sha1(trail, _keys, rng):
    """Signs a digest again over SHA-1, and says SHA-256."""
    stored = trail.objects[trail.digests[-1]]
    data = zlib.decompress(stored.data, zlib.MAX_WBITS | 16)
    stored.metadata["signature"] = trail.key.sign(folders.string_to_sign(json.loads(data), data), rng.choice([hashes.SHA1(), hashes.SHA512()]))
    return True


def other_algorithm(trail, _keys, rng):
    """States another algorithm in the metadata."""
    trail.objects[rng.choice(trail.digests)].metadata["signature-algorithm"] = "SHA1withRSA"
    return True


def fresh_key(trail, keys, _rng):
    """Signs the last digest again with a fresh key under the name of the right one, which the list has too."""
    fresh = FRESH
    key = trail.digests[-1]
    data = zlib.decompress(trail.objects[key].data, zlib.MAX_WBITS | 16)
    trail.objects[key].metadata["signature"] = fresh.sign(folders.string_to_sign(json.loads(data), data))
    return bool(keys)


def fresh_list(trail, keys, rng):
    """The same, and the list beside the log names the fresh key: whoever trusts the list is fooled."""
    fresh_key(trail, keys, rng)
    keys[:] = [FRESH.listed() | {"Fingerprint": trail.key.fingerprint}]
    # awscli would now refuse the digests before, unless these are gone too.
    for key in trail.digests[:-1]:
        for entry in unpacked(trail.objects[key])["logFiles"]:
            del trail.objects[entry["s3Object"]]
        del trail.objects[key]
    return bool(logs(trail)) and unpacked(trail.objects[trail.digests[-1]])["previousDigestS3Object"] is None


def no_key(trail, keys, _rng):
    """Gives another key in the list, under another name: the right one is pinned, so that the list is not needed."""
    keys[:] = [FRESH.listed()]
    return bool(trail.digests)


def duplicate_member(trail, _keys, rng):
    """Doubles a member of a digest in which readers take the last, with the same value, unsigned."""
    stored = trail.objects[rng.choice(trail.digests)]
    text = zlib.decompress(stored.data, zlib.MAX_WBITS | 16)
    stored.data = folders.pack(text.replace(b'{"awsAccountId"', b'{"awsAccountId":"0","awsAccountId"', 1))
    return True


def signed_duplicate(trail, _keys, _rng):
    """Doubles a member of the last digest, and has it signed."""
    key = trail.digests[-1]
    text = zlib.decompress(trail.objects[key].data, zlib.MAX_WBITS | 16)
    data = text.replace(b'{"awsAccountId"', b'{"awsAccountId":"0","awsAccountId"', 1)
    signature = trail.key.sign(folders.string_to_sign(json.loads(data), data))
    trail.objects[key] = folders.Stored(folders.pack(data), trail.objects[key].metadata | {"signature": signature})
    return True


def moved(trail, _keys, rng):
    """Moves a digest to the name of another second."""
    at = rng.randrange(len(trail.digests))
    key = trail.digests[at]
    trail.objects[re.sub(r"(\d)Z\.json", lambda match: f"{(int(match[1]) + 1) % 10}Z.json", key)] = trail.objects.pop(key)
    return True


CHANGES = [
    nothing, digest_leaf, digest_byte, signature_digit, signature_upper, stripped, drop_one, drop_two, drop_last, log_byte, drop_log, swap_logs,
    extra_log, trailing_log, trailing_digest, replaced, resigned_sha1, other_algorithm, fresh_key, fresh_list, no_key, duplicate_member,
    signed_duplicate, moved,
]


def build(rng):
    """Returns a random trail: hours with and without events, one gap at most, sometimes backfilled hours."""
    trail = folders.Trail(AWS, start=START, prefix=rng.choice(["", "audit/"]), name=rng.choice(["main", "org_trail"]))
    for hour in range(rng.randrange(2, 7)):
        if hour and rng.random() < 0.1:
            trail.stop(rng.randrange(1, 4))
        trail.hour(*(rng.randrange(1, 4) for _ in range(rng.randrange(3))))
    if not logs(trail):
        trail.hour(2)
    return trail


AWS = folders.Key()
FRESH = folders.Key()


def main():
    """Compares, and prints a table of the changes with what each side said."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--countersign", required=True)
    parser.add_argument("--seeds", type=int, default=8)
    options = parser.parse_args()
    known = {entry["change"]: entry for entry in tomllib.loads((HERE / "divergences.toml").read_text(encoding="utf-8")).get("divergence", [])}
    unknown = set(known) - {change.__name__ for change in CHANGES}
    held, faults = 0, [f"divergences.toml names `{name}`, which is no change" for name in sorted(unknown)]
    for change in CHANGES:
        seen = Counter()
        for seed in range(options.seeds):
            for attempt in range(50):
                rng = random.Random(int.from_bytes(hashlib.sha256(f"{change.__name__}{seed}.{attempt}".encode()).digest()[:8], "big"))
                trail, keys = build(rng), [AWS.listed()]
                if change(trail, keys, rng):
                    break
            else:
                faults.append(f"{change.__name__}: no folder offers a place for it")
                break
            with contextlib.redirect_stderr(io.StringIO()):
                accepted, _count = awscli_accepts(trail, keys)
            verdict = our_verdict(options.countersign, trail, [types.SimpleNamespace(listed=lambda key=key: key) for key in keys], AWS)
            seen[(accepted, verdict)] += 1
            agree = accepted == (verdict == "verified")
            entry = known.get(change.__name__)
            if agree and entry is None:
                held += 1
            elif not agree and entry and accepted == (entry["awscli"] == "accepts") and verdict in entry["countersign"]:
                held += 1
            else:
                # Also where both agree on a change that is listed: its entry has had its day.
                faults.append(f"{change.__name__}, seed {seed}: awscli {'accepts' if accepted else 'refuses'}, countersign says {verdict}")
        said = ", ".join(f"{'accepts' if accepted else 'refuses'}/{verdict} ×{count}" for (accepted, verdict), count in sorted(seen.items()))
        print(f"{change.__name__:18} {said}")
    for fault in faults:
        print(f"error: {fault}")
    print(f"checks: {held} held, {len(faults)} did not")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
