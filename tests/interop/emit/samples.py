"""Makes the samples of tests/vectors/chains with the products, and checks those that lie there.

Usage: samples.py FOLDER    writes every sample into a new folder
       samples.py --check   the committed samples: each product accepts its own and refuses the lossy exports; those that can be
                            made again byte for byte are; the others have the members of a log made now

Two products give no way to set their clock or nonces; their samples are made once and kept: `KEPT`.
"""

import base64
import filecmp
import hashlib
import json
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from checks import ROOT, Checks, expect  # noqa: E402

import material  # noqa: E402
import products  # noqa: E402

COMMITTED = ROOT / "tests/vectors/chains"
HMAC_KEY = b"test-hmac-key-do-not-trust"
SIGNET = products.SigningKey("signet-test-key-do-not-trust")
STRANGER = products.SigningKey("signet-stranger-do-not-trust")
KEPT = {"agt-rust/export.json", "agt-rust/evicted.json", "signet/live"}
MILLISECONDS = int(products.START.timestamp() * 1000)


def make(folder):
    folder.mkdir(parents=True)
    for make_one in (make_python_log, make_python_sink, make_typescript, make_rust, make_signet):
        make_one(folder)


def make_python_log(folder):
    folder = new(folder, "agt-python-log")
    with products.pinned():
        log = products.agt_python_log(material.records(16, seed=1, floats=True))
        export = log.export()
    entries = export["entries"]
    write(folder / "export.json", products.with_isoformat(export))
    write(folder / "entries.jsonl", lines(products.with_isoformat(entry) for entry in entries))
    lossy = new(folder, "lossy")
    write(lossy / "export-default-str.json", json.dumps(export, default=str))
    write(lossy / "entries-pydantic.jsonl", lines(entry.model_dump_json() for entry in log.query()))
    with products.pinned():
        log = products.agt_python_log([dict(record, data={10: "ten", 9: "nine"}) for record in material.records(3, seed=2)])
    write(lossy / "entries-integer-keys.jsonl", lines(products.with_isoformat(entry.model_dump()) for entry in log.query()))


def make_python_sink(folder):
    folder = new(folder, "agt-python-sink")
    (folder / "hmac.key").write_bytes(HMAC_KEY)
    with products.pinned():
        products.agt_python_sink(folder / "audit.jsonl", HMAC_KEY, material.records(16, seed=3, floats=True))
    rotated = new(folder, "rotated")
    with products.pinned():
        products.agt_python_sink(rotated / "audit.jsonl", HMAC_KEY, material.records(12, seed=4), max_file_size=4000)


def make_typescript(folder):
    folder = new(folder, "agt-typescript")
    records = material.records(18, seed=5)
    write(folder / "export.json", products.agt_typescript(records, MILLISECONDS))
    write(folder / "evicted.json", products.agt_typescript(records, MILLISECONDS, most=10))


def make_rust(folder):
    folder = new(folder, "agt-rust")
    records = material.records(18, seed=6)
    write(folder / "export.json", products.agt_rust(records))
    write(folder / "evicted.json", products.agt_rust(records, most=10))


def make_signet(folder):
    folder = new(folder, "signet")
    write(folder / "signer.pub", SIGNET.pem())
    with tempfile.TemporaryDirectory() as kept:
        products.signet_append(kept, products.signet_pinned(SIGNET, material.records(20, seed=7)))
        shutil.copytree(pathlib.Path(kept, "audit"), folder / "days")
    with tempfile.TemporaryDirectory() as kept:
        products.signet_append(kept, products.signet_pinned(STRANGER, material.records(20, seed=7)))
        shutil.copytree(pathlib.Path(kept, "audit"), folder / "resigned")
    for name, bodies in forgeries().items():
        write(new(folder, name) / "2026-07-01.jsonl", lines(chained(bodies)))
    with tempfile.TemporaryDirectory() as kept:
        products.signet_append(kept, products.signet_live(SIGNET, material.records(12, seed=8, floats=True)))
        shutil.copytree(pathlib.Path(kept, "audit"), folder / "live")


def forgeries():
    """Receipts that nobody with the key signed. Whoever holds the file can chain them: that takes no key."""
    bodies = [json.loads(receipt.to_json()) for receipt in products.signet_pinned(SIGNET, material.records(6, seed=7))]
    # The neutral element as a key and as R, and S = 0, fit every message under RFC 8032 as most libraries check it.
    neutral = bytes([1] + [0] * 31)
    forged = [
        body
        | {"signer": body["signer"] | {"pubkey": "ed25519:" + base64.b64encode(neutral).decode()}}
        | {"sig": "ed25519:" + base64.b64encode(neutral + bytes(32)).decode(), "id": "rec_" + "0" * 32}
        for body in bodies
    ]
    unsigned = [{name: value for name, value in body.items() if name != "sig"} for body in bodies[1:]]
    # A stranger's receipts in the middle, each under the stranger's own key.
    stranger = [json.loads(receipt.to_json()) for receipt in products.signet_pinned(STRANGER, material.records(6, seed=7))]
    return {
        "forged-weak-key": forged,
        "forged-one-signed": bodies[:1] + unsigned,
        "forged-stranger-inside": bodies[:2] + stranger[2:4] + bodies[4:],
    }


def chained(bodies):
    previous = "sha256:" + "0" * 64
    for body in bodies:
        link = "sha256:" + hashlib.sha256(products.canonical({"prev_hash": previous, "receipt": body})).hexdigest()
        yield products.canonical({"receipt": body, "prev_hash": previous, "record_hash": link}).decode()
        previous = link


def new(folder, name):
    (folder / name).mkdir()
    return folder / name


def lines(texts):
    return "".join(text + "\n" for text in texts)


def write(path, text):
    path.write_text(text, encoding="utf-8", newline="")


def check(checks):
    for name, verdict in verdicts(COMMITTED).items():
        lossy = "lossy/" in name
        checks.run(f"the product {'refuses' if lossy else 'accepts'} {name}", expect_verdict, verdict, lossy)
    with tempfile.TemporaryDirectory() as parent:
        made = pathlib.Path(parent, "made")
        make(made)
        for path in sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()):
            kept = next((name for name in sorted(KEPT) if path == name or path.startswith(name + "/")), None)
            if kept is None:
                checks.run(f"{path} is made again byte for byte", same_bytes, made / path, COMMITTED / path)
            else:
                checks.run(f"{kept} has the members of a log made now", same_members, made / path, COMMITTED / kept)
    checks.run("the product signs receipts as the samples were signed", same_signing)
    checks.close()


def verdicts(folder):
    """What each product says of each sample in `folder`, by name."""
    python_log = folder / "agt-python-log"
    sink = folder / "agt-python-sink"
    found = {"agt-python-log/export.json": products.agt_python_log_verdict(load(python_log / "export.json")["entries"])}
    for path in [python_log / "entries.jsonl", *sorted(python_log.glob("lossy/*.jsonl"))]:
        entries = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
        found[path.relative_to(folder).as_posix()] = products.agt_python_log_verdict(entries)
    # A reader that parses times back forgives their form; the text itself no longer fits the hash.
    for name in ("lossy/export-default-str.json", "lossy/entries-pydantic.jsonl"):
        found[f"agt-python-log/{name}"] = as_written(python_log / name)
    for path in [sink / "audit.jsonl", *sorted((sink / "rotated").glob("*.jsonl"))]:
        found[path.relative_to(folder).as_posix()] = products.agt_python_sink_verdict(path, (sink / "hmac.key").read_bytes())
    for product, ask in [("agt-typescript", products.agt_typescript_verdicts), ("agt-rust", products.agt_rust_verdicts)]:
        whole = (folder / product / "export.json").read_text("utf-8")
        found[f"{product}/export.json"] = ask([whole])[0]
    for name in ("days", "live", "resigned", "forged-weak-key", "forged-stranger-inside"):
        by_day = {path.name: path.read_text("utf-8") for path in sorted((folder / "signet" / name).iterdir())}
        found[f"signet/{name}"] = products.signet_verdict_of(by_day)
    return found


def as_written(path):
    """Hashes the nine members with the time as it stands in the text, as a reader without AGT's model must."""
    text = path.read_text("utf-8")
    entries = [json.loads(line) for line in text.split("\n") if line] if path.suffix == ".jsonl" else json.loads(text)["entries"]
    for index, entry in enumerate(entries):
        members = ("entry_id", "timestamp", "event_type", "agent_did", "action", "resource", "data", "outcome", "previous_hash")
        hashed = json.dumps({name: entry[name] for name in members}, sort_keys=True)
        if hashlib.sha256(hashed.encode()).hexdigest() != entry["entry_hash"]:
            return f"Entry {index} hash mismatch"
    return "ok"


def load(path):
    return json.loads(path.read_text("utf-8"))


def expect_verdict(verdict, refused):
    expect((verdict == "ok") != refused, f"it says `{verdict}`")
    return verdict


def same_bytes(made, committed):
    expect(committed.is_file(), "it is not in the tree")
    expect(filecmp.cmp(made, committed, shallow=False), "the bytes differ")


def same_members(made, committed):
    """Member names, in order and in depth, but for free-form details."""
    if committed.is_dir():
        committed = next(iter(sorted(committed.iterdir())))
    expect(shape(made) == shape(committed), f"{shape(made)} now, {shape(committed)} in the tree")


def shape(path):
    text = path.read_text("utf-8")
    first = json.loads(text.split("\n")[0]) if path.suffix == ".jsonl" else json.loads(text)[0]
    return names(first)


def names(value):
    return {name: names(inner) if name != "params" else None for name, inner in value.items()} if isinstance(value, dict) else None


def same_signing():
    receipts = products.signet_live(SIGNET, material.records(8, seed=9))
    for receipt in receipts:
        body = json.loads(receipt.to_json())
        again = products.signet_sign(SIGNET, body)
        expect(again == body, f"{again} by us, {body} by the product")
    return f"{len(receipts)} receipts"


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        check(Checks())
    elif len(sys.argv) == 2 and not sys.argv[1].startswith("-"):
        make(pathlib.Path(sys.argv[1]))
    else:
        sys.exit(__doc__)
