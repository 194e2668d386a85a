"""Checkpoints, proofs, and tiles against implementations that are not ours.

    python checkpoint_checks.py --countersign BIN

The tree, its roots, and its proofs are pymerkle's, signatures are made and verified by cryptography (OpenSSL), and the shape of
notes is read here, line by line, from docs/formats/checkpoint.md. Both ways: what `seal` writes is verified by them, and what they
write is verified by `countersign verify`. Exit 0: every check held; 1: some did not.
"""

import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

SIZES = [1, 2, 3, 5, 7, 8, 255, 256, 257, 600]
held, failed = 0, 0


def check(name, good, detail=""):
    global held, failed
    held, failed = held + bool(good), failed + (not good)
    if not good:
        print(f"NOT OK {name} {detail}")


def line(index):
    return json.dumps({"id": index, "text": "é\u2028" * (index % 7)}, ensure_ascii=False).encode()


def key_id(name, kind, raw):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + raw).digest()[:4]


def raw(public):
    return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def pem(public):
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def sign(name, text, key):
    blob = key_id(name, 1, raw(key.public_key())) + key.sign(text.encode())
    return f"\u2014 {name} {base64.b64encode(blob).decode()}\n"


def cosign(name, text, key, at):
    message = f"cosignature/v1\ntime {at}\n{text}".encode()
    blob = key_id(name, 4, raw(key.public_key())) + at.to_bytes(8, "big") + key.sign(message)
    return f"\u2014 {name} {base64.b64encode(blob).decode()}\n"


def read_note(text):
    """Returns the signed text, the origin, the size, the root, and the signatures: name, key id, and signature."""
    at = text.rindex("\n\n")
    body, signatures = text[: at + 1], text[at + 2 :]
    origin, size, root = body.split("\n")[:3]
    lines = []
    for signature in signatures.rstrip("\n").split("\n"):
        dash, name, blob = signature.split(" ")
        assert dash == "\u2014", signature
        decoded = base64.b64decode(blob, validate=True)
        lines.append((name, decoded[:4], decoded[4:]))
    return body, origin, int(size), base64.b64decode(root), lines


def tree_of(size):
    tree = InmemoryTree(algorithm="sha256")
    for index in range(size):
        tree.append_entry(line(index))
    return tree


def compact_range(leaves):
    """Returns the roots of the complete subtrees over the leaves, largest first."""
    found, at = [], 0
    while at < len(leaves):
        width = 1 << ((len(leaves) - at).bit_length() - 1)
        level = leaves[at : at + width]
        while len(level) > 1:
            level = [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(level[::2], level[1::2])]
        found.append(level[0].hex())
        at += width
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--countersign", required=True)
    program = os.path.abspath(parser.parse_args().countersign)

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)

        def run(*args):
            ran = subprocess.run([program, *map(str, args)], capture_output=True, text=True, env={})
            return ran.returncode, ran.stdout, ran.stderr

        tree = tree_of(SIZES[-1])
        leaves = [hashlib.sha256(b"\0" + line(index)).digest() for index in range(SIZES[-1])]

        # What `seal` writes, size by size.
        check("key", run("keys", "generate", "--out", "seal.pem")[0] == 0)
        public = serialization.load_pem_public_key(Path("seal.pem.pub").read_bytes())
        states = {}
        for size in SIZES:
            Path("a.jsonl").write_bytes(b"".join(line(index) + b"\n" for index in range(size)))
            code, out, err = run("seal", "a.jsonl", "--key", "seal.pem", "--log", "a")
            check(f"seal {size}", code == 0, err)
            note = Path("a.jsonl.checkpoint").read_text()
            Path(f"{size}.checkpoint").write_text(note)
            body, origin, stated, root, [(name, hint, signature)] = read_note(note)
            check(f"origin {size}", (origin, name, stated) == ("a", "a", size), note)
            check(f"key id {size}", hint == key_id("a", 1, raw(public)))
            check(f"root {size}", root == bytes(tree.get_root(size)))
            check(f"stdout {size}", out == f"a {size} {base64.b64encode(root).decode()}\n", out)
            try:
                public.verify(signature, body.encode())
                check(f"signature {size}", True)
            except InvalidSignature:
                check(f"signature {size}", False)
            states[size] = root
            seal = json.loads(Path("a.jsonl.seal").read_text())
            check(f"seal file {size}", seal["hashes"] == compact_range(leaves[:size]), seal["hashes"])
            check(f"seal size {size}", (seal["schema"], seal["size"]) == ("countersign/seal/1", size))
            check(f"seal offset {size}", seal["offset"] == Path("a.jsonl").stat().st_size)
            check(f"last line {size}", seal["last"]["digest"] == hashlib.sha256(line(size - 1)).hexdigest())
        for later in SIZES:
            for prior in [size for size in SIZES if size <= later]:
                proof = tree.prove_consistency(prior, later)
                try:
                    verify_consistency(states[prior], states[later], proof)
                    check(f"consistency {prior} {later}", True)
                except Exception as error:  # noqa: BLE001
                    check(f"consistency {prior} {later}", False, error)

        # Earlier checkpoints hold against the grown file, and none against a changed one.
        trust = f'[[key]]\npem = """\n{pem(public)}"""\nowner = "audit"\npurpose = "checkpoint"\n'
        Path("trust.toml").write_text(trust)
        for size in SIZES:
            code, out, _ = run("verify", "a.jsonl", "--trust", "trust.toml", "--head", f"{size}.checkpoint")
            whole = size == SIZES[-1]
            check(f"head {size}", code == (0 if whole else 4), out)
        Path("changed.jsonl").write_bytes(b"".join(line(index) + b"\n" for index in range(1, SIZES[-1] + 1)))
        code, out, _ = run("verify", "changed.jsonl", "--log", "a", "--head", "5.checkpoint")
        check("changed", code == 3 and "altered" in out, out)

        # What others write: proofs about one record.
        other = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"interop log").digest())
        witness = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"interop witness").digest())
        origin = "interop.example/log"
        size = SIZES[-1]
        body = f"{origin}\n{size}\n{base64.b64encode(bytes(tree.get_root(size))).decode()}\n"
        seen = 1782900000
        note = body + "\n" + sign(origin, body, other) + cosign("witness.example", body, witness, seen)
        Path("other.toml").write_text(
            f'[[key]]\npem = """\n{pem(other.public_key())}"""\nowner = "their log"\npurpose = "checkpoint"\n'
            f'[[key]]\npem = """\n{pem(witness.public_key())}"""\nowner = "a witness"\npurpose = "checkpoint"\n'
        )
        for index in [0, 1, 254, 255, 256, 511, 512, size - 1]:
            proof = tree.prove_inclusion(index + 1, size)
            path = [bytes.fromhex(item) for item in proof.serialize()["path"]]
            verify_inclusion(path[0], tree.get_root(size), proof)
            check(f"leaf {index}", path[0] == leaves[index])
            # The path of the specification does not hold the leaf itself.
            hashes = path[1:]
            text = f"c2sp.org/tlog-proof@v1\nindex {index}\n"
            text += "".join(base64.b64encode(item).decode() + "\n" for item in hashes) + "\n" + note
            Path("r.tlog-proof").write_text(text)
            Path("r").write_bytes(line(index))
            code, out, err = run("verify", "r.tlog-proof", "r", "--trust", "other.toml")
            check(f"proof {index}", code == 0 and "verified" in out and "their log" in err, out + err)
            Path("r").write_bytes(line(index + 1))
            check(f"other record {index}", run("verify", "r.tlog-proof", "r", "--trust", "other.toml")[0] == 3)
            check(f"no key {index}", run("verify", "r.tlog-proof", "r")[0] != 0)

        # A folder of tiles, as c2sp.org/tlog-tiles lays it out.
        tiles(leaves, Path("tiles"))
        Path("tiles/checkpoint").write_text(note)
        code, out, err = run("verify", "tiles", "--trust", "other.toml")
        check("tiles", code == 0 and f"{size} of {size}" in out, out + err)
        check("seen at", "and seen at 2026-07-01T" in err, err)
        for kind, text in [
            ("signature", note.replace(sign(origin, body, other), sign(origin, body + "x\n", other))),
            ("cosignature", note.replace(cosign("witness.example", body, witness, seen),
                                         cosign("witness.example", body, witness, seen + 1)[:-10] + "AAAAAAAA=\n")),
            ("size", note.replace(f"\n{size}\n", f"\n{size - 1}\n", 1)),
        ]:
            Path("tiles/checkpoint").write_text(text)
            code, out, err = run("verify", "tiles", "--trust", "other.toml")
            check(f"bad {kind}", code == 2 and text != note, f"{code} {out} {err}")
        Path("tiles/checkpoint").write_text(note)
        entries = Path("tiles/tile/entries/000")
        entries.write_bytes(entries.read_bytes().replace(b'"id": 9,', b'"id": 8,', 1))
        check("bad entry", run("verify", "tiles", "--trust", "other.toml")[0] == 3)

    print(f"checks: {held} held, {failed} did not")
    return 1 if failed else 0


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()


def tiles(leaves, folder):
    entries = [line(index) for index in range(len(leaves))]
    for start in range(0, len(entries), 256):
        some = entries[start : start + 256]
        data = b"".join(len(entry).to_bytes(2, "big") + entry for entry in some)
        put(folder / "tile/entries", start // 256, len(some), data)
    level, hashes = 0, leaves
    while hashes:
        for start in range(0, len(hashes), 256):
            some = hashes[start : start + 256]
            put(folder / f"tile/{level}", start // 256, len(some), b"".join(some))
        hashes = [root(hashes[start : start + 256]) for start in range(0, len(hashes) - 255, 256)]
        level += 1


def put(folder, index, width, data):
    path = folder / f"{index:03}" if width == 256 else folder / f"{index:03}.p" / str(width)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
