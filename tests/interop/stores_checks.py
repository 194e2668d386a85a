"""Logs in object stores: `s3://`, `gs://`, `az://`, and `https://` against stores on loopback.

Usage: stores_checks.py COUNTERSIGN, with Python of an environment that has moto, and COUNTERSIGN_AZURITE set to
Azurite's `azurite-blob`. Between the program and the stores stands a proxy, which changes, removes, cuts, or denies an
object after it was listed. The certificate of the server behind `https://` is of an authority that `openssl` makes here.
"""

import base64
import datetime
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import shutil
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import boto3

from checks import ROOT, Checks, expect

BUCKET = "acme-approval-logs"
# The client for Google escapes a hyphen in the name of a bucket, and moto does not undo it.
GOOGLE_BUCKET = "acmeapprovallogs"
LOG = "logs/gate-eu/gate-eu-2026-06.jsonl"
SAMPLE = ROOT / "samples" / "clean"
# The account of every Azure emulator, as its documentation prints it.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise OSError(f"no server on port {port} after 60 s")


class Proxy:
    """Passes requests on; `before_get` is called with the path of each GET of an object and may answer it itself."""

    def __init__(self, port):
        self.before_get = None
        self.requests = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.requests.append((self.command, self.path, dict(self.headers)))
                action = None
                if proxy.before_get and self.command in ("GET", "HEAD"):
                    action = proxy.before_get(self.command, self.path)
                if action == "deny":
                    self.send_response(403)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                upstream = http.client.HTTPConnection("127.0.0.1", port)
                upstream.request(self.command, self.path, body, dict(self.headers))
                answer = upstream.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                        self.send_header(name, value)
                length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                if self.command != "HEAD":
                    kept = {"cut": len(content) // 2, "cut-all": 0}.get(action, len(content))
                    self.wfile.write(content[:kept])
                if action in ("cut", "cut-all"):
                    self.wfile.flush()
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True

            do_GET = do_HEAD = do_PUT = do_POST = pass_on

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def put_blob(port, path, body, query="", blob=True):
    """Puts a container or a block blob, signed with the account's key (Shared Key, version 2021-08-06)."""
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"x-ms-date": date, "x-ms-version": "2021-08-06"}
    if blob:
        headers["x-ms-blob-type"] = "BlockBlob"
    signed = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    resource = f"/{ACCOUNT}/{ACCOUNT}/{path}"
    if query:
        name, value = query.split("=")
        resource += f"\n{name}:{value}"
    length = str(len(body)) if body else ""
    to_sign = "\n".join(["PUT", "", "", length, "", "application/octet-stream", "", "", "", "", "", "", signed + resource])
    mac = hmac.new(base64.b64decode(ACCOUNT_KEY), to_sign.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(mac).decode()}"
    headers["Content-Type"] = "application/octet-stream"
    url = f"http://127.0.0.1:{port}/{ACCOUNT}/{path}" + (f"?{query}" if query else "")
    urllib.request.urlopen(urllib.request.Request(url, body, headers, method="PUT")).read()


def certificate(folder, name, *, issuer=None, hosts="IP:127.0.0.1"):
    """Makes a key and a certificate with `openssl`, of its own or of `issuer`; returns their files."""
    key, file = folder / f"{name}.key", folder / f"{name}.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    command += ["-keyout", key, "-out", file]
    if issuer:
        authority, authority_key = issuer
        command += ["-CA", authority, "-CAkey", authority_key, "-addext", f"subjectAltName={hosts}"]
        command += ["-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return file, key


class Pages:
    """A plain server of files over TLS. It has entity tags and ranges, and knows no listing."""

    def __init__(self, files, chain):
        self.gets = []
        pages = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                body = files.get(self.path)
                tag = f'"{hashlib.sha256(body or b"").hexdigest()[:16]}"'
                if self.command == "GET":
                    pages.gets.append((self.path, self.headers.get("If-Match")))
                status = 200 if body is not None else 404
                if body is not None and self.headers.get("If-Match") not in (None, tag):
                    status = 412
                part = body if status == 200 else b""
                asked = re.fullmatch(r"bytes=(\d+)-(\d+)?", self.headers.get("Range") or "")
                content_range = None
                if asked and status == 200:
                    start, end = int(asked[1]), int(asked[2] or len(body) - 1)
                    part, status = body[start:end + 1], 206
                    content_range = f"bytes {start}-{start + len(part) - 1}/{len(body)}"
                self.send_response(status)
                self.send_header("Content-Length", str(len(part)))
                self.send_header("ETag", tag)
                self.send_header("Last-Modified", "Wed, 01 Jul 2026 00:00:00 GMT")
                if content_range:
                    self.send_header("Content-Range", content_range)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(part)

            do_GET = do_HEAD = answer

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*chain)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.root = f"https://127.0.0.1:{self.server.server_address[1]}"


class Bench:
    """The stores, the program, and workspaces that differ from the sample only in where the log lies."""

    def __init__(self, countersign, folder):
        self.countersign = countersign
        self.folder = folder
        self.processes = []
        self.log = (SAMPLE / LOG).read_bytes()
        moto, azurite = free_port(), free_port()
        # In the environment's own folder of programs, or as a module.
        self.start([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(moto)])
        self.start([
            os.environ.get("COUNTERSIGN_NODE", "node"), os.environ["COUNTERSIGN_AZURITE"], "--silent",
            "--blobHost", "127.0.0.1", "--blobPort", str(azurite), "--skipApiVersionCheck",
            "--inMemoryPersistence", "--disableTelemetry",
        ])
        wait_for(moto)
        wait_for(azurite)
        self.s3 = boto3.client(
            "s3", endpoint_url=f"http://127.0.0.1:{moto}", region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )
        for bucket in (BUCKET, GOOGLE_BUCKET):
            self.s3.create_bucket(Bucket=bucket, ACL="public-read-write")
            self.s3.put_object(Bucket=bucket, Key=LOG, Body=self.log, ACL="public-read-write")
        put_blob(azurite, "approval-logs", b"", "restype=container", blob=False)
        put_blob(azurite, f"approval-logs/{LOG}", self.log)
        self.proxy = Proxy(moto)
        self.azurite = azurite
        key = folder / "gcs.json"
        key.write_text(json.dumps({
            "gcs_base_url": f"http://127.0.0.1:{moto}", "disable_oauth": True, "client_email": "", "private_key": "",
            "private_key_id": "",
        }))
        self.environment = {
            "AWS_ENDPOINT": f"http://127.0.0.1:{self.proxy.port}", "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
            "AZURE_STORAGE_USE_EMULATOR": "true",
            "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{azurite}",
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY,
            "AZURE_ALLOW_HTTP": "true",
            "GOOGLE_SERVICE_ACCOUNT": str(key),
            # Variables of other programs, which must not be taken for credentials.
            "TOKEN": "of another program", "REGION": "nowhere", "ENDPOINT": "http://127.0.0.1:1",
        }
        authority = certificate(folder, "authority")
        self.other_authority = certificate(folder, "other-authority")[0]
        files = {f"/{LOG}": self.log}
        self.pages = Pages(files, certificate(folder, "store", issuer=authority))
        self.elsewhere = Pages(files, certificate(folder, "elsewhere", issuer=authority, hosts="IP:127.0.0.9"))
        self.environment["SSL_CERT_FILE"] = str(authority[0])
        self.expected = self.check("logs/gate-eu/*.jsonl")

    def start(self, command):
        quiet = subprocess.DEVNULL
        self.processes.append(subprocess.Popen(command, stdout=quiet, stderr=quiet))

    def close(self):
        for process in self.processes:
            process.terminate()

    def workspace(self, objects):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder)) / "workspace"
        shutil.copytree(SAMPLE, folder)
        file = folder / "countersign.toml"
        text = file.read_text().replace('"logs/gate-eu/*.jsonl"', json.dumps(objects))
        file.write_text(text)
        if "://" in objects:
            shutil.rmtree(folder / "logs")
        return folder

    def run(self, *arguments):
        return subprocess.run(
            [self.countersign, *map(str, arguments)], capture_output=True, text=True, env=self.environment, timeout=300,
        )

    def check(self, objects):
        """Returns the exit code and the document of `check --json`."""
        ran = self.run("check", self.workspace(objects), "--as-of", "2026-10-01", "--json")
        expect(ran.stdout.startswith("{"), f"{ran.returncode}: {ran.stderr}")
        return ran.returncode, json.loads(ran.stdout)

    def report(self, objects):
        """Returns the exit code and the report of a run over `objects`."""
        out = pathlib.Path(tempfile.mkdtemp(dir=self.folder)) / "pack"
        ran = self.run("report", self.workspace(objects), "--as-of", "2026-10-01", "--out", out)
        expect(out.is_dir(), f"{ran.returncode}: {ran.stderr}")
        return ran.returncode, json.loads((out / "data/01_report.json").read_text()), out


def results(check, root=""):
    """What may not depend on where a log lies. Objects are named by their URL, so `root` is put before local names."""
    sources = [
        {**source, "objects": [root + name for name in source["objects"]]} if source["id"] == "gate-eu" else source
        for source in check["sources"]
    ]
    return [check["exit"], check["tests"], sources, check["holes"], [log["verdict"] for log in check["logs"]]]


def same_as_local(bench, objects):
    code, found = bench.check(objects)
    local_code, local = bench.expected
    expect(local_code == 0, f"the local run ends with {local_code}")
    expect(code == local_code, f"expected exit {local_code}, found {code}: {found['holes']}")
    root = "/".join(objects.split("/")[:3]) + "/"
    different = [(a, b) for a, b in zip(results(found), results(local, root), strict=True) if a != b]
    expect(not different, f"another result than from local files: {different}")
    return objects


def packed(bench):
    """The object in the pack is the one in the store, and the pack names it as the workspace does."""
    objects = f"s3://{BUCKET}/{LOG}"
    _, report, out = bench.report(objects)
    found = [entry for entry in report["objects"] if entry["source"] == "gate-eu"]
    digest = hashlib.sha256(bench.log).hexdigest()
    expect([(entry["name"], entry["sha256"]) for entry in found] == [(objects, digest)], f"{found}")
    expect((out / "data/05_sources/0001" / pathlib.Path(LOG).name).read_bytes() == bench.log, "other bytes")


def pinned(bench):
    """Every read of the object asks for the version that was listed."""
    bench.proxy.requests.clear()
    bench.check(f"s3://{BUCKET}/{LOG}")
    gets = [headers for method, path, headers in bench.proxy.requests if method == "GET" and path.endswith(".jsonl")]
    tag = bench.s3.head_object(Bucket=BUCKET, Key=LOG)["ETag"]
    expect(gets, "no read was seen")
    sent = [{name.lower(): value for name, value in headers.items()}.get("if-match") for headers in gets]
    expect(all(value == tag for value in sent), f"expected {tag}, found {sent}")
    return f"{len(gets)} reads"


def refused(bench, objects, action, kind, detail):
    """After `action` meddles with the read, the object is a hole with this detail, and the run is incomplete."""
    bench.proxy.before_get = action
    try:
        code, found, _ = bench.report(objects)
    finally:
        bench.proxy.before_get = None
        bench.s3.put_object(Bucket=BUCKET, Key=LOG, Body=bench.log, ACL="public-read-write")
    holes = [(hole["kind"], hole["detail"]) for hole in found["holes"] if hole["source"] == "gate-eu"]
    expect(any(hole[0] == kind and detail in hole[1] for hole in holes), f"exit {code}: {holes}")
    expected = 5 if kind == "unreadable-object" else 4
    expect(code == expected, f"expected exit {expected}, found {code}: {holes}")
    expect(not any("127.0.0.1" in hole[1].replace(objects, "") for hole in holes), f"an address stands in a result: {holes}")
    return next(hole[1] for hole in holes if hole[0] == kind)


def over_tls(bench):
    """An object behind `https://` is read like a local one, at the version that was seen first."""
    bench.pages.gets.clear()
    same_as_local(bench, f"{bench.pages.root}/{LOG}")
    expect(bench.pages.gets and all(tag for _, tag in bench.pages.gets), f"found {bench.pages.gets}")
    return f"{len(bench.pages.gets)} reads"


def not_there(bench):
    """A plain server lists nothing, so that it has no such page is all there is to know."""
    code, found, _ = bench.report(f"{bench.pages.root}/logs/none.jsonl")
    kinds = [hole["kind"] for hole in found["holes"] if hole["source"] == "gate-eu"]
    expect((code, "missing-object" in kinds, "unreadable-object" in kinds) == (4, True, False), f"exit {code}: {kinds}")


def untrusted(bench, pages, authority):
    """A store for which no trusted authority vouches gives nothing, and the run says why and what to do."""
    before = bench.environment["SSL_CERT_FILE"]
    bench.environment["SSL_CERT_FILE"] = str(authority)
    pages.gets.clear()
    reason = "the store's certificate is not trusted; `SSL_CERT_FILE`"
    try:
        return refused(bench, f"{pages.root}/{LOG}", None, "unreadable-object", reason)
    finally:
        bench.environment["SSL_CERT_FILE"] = before
        expect(not pages.gets, f"it was asked for {pages.gets}")


def interrupted(bench):
    """One broken connection is no result: the rest of the same version is asked for."""
    cut = iter(["cut"])
    bench.proxy.before_get = meddling(bench, lambda: None, lambda: next(cut, None))
    try:
        same_as_local(bench, f"s3://{BUCKET}/{LOG}")
    finally:
        bench.proxy.before_get = None
    expect(next(cut, None) is None, "nothing was cut")


def meddling(bench, change, answer=None):
    """Returns an action that calls `change` before the log is read."""
    def action(method, path):
        if method == "GET" and path.split("?")[0].endswith(".jsonl"):
            change()
            return answer() if callable(answer) else answer
        return None

    return action


def main():
    countersign = pathlib.Path(sys.argv[1]).resolve()
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(countersign, pathlib.Path(folder))
        try:
            literal = f"s3://{BUCKET}/{LOG}"
            for objects in [
                literal, f"s3://{BUCKET}/logs/gate-eu/", f"s3://{BUCKET}/logs/gate-eu/*.jsonl", f"s3://{BUCKET}/logs/**",
                f"az://approval-logs/{LOG}", "az://approval-logs/logs/gate-eu/*.jsonl", "az://approval-logs/logs/gate-eu/",
                f"gs://{GOOGLE_BUCKET}/{LOG}", f"gs://{GOOGLE_BUCKET}/logs/gate-eu/*.jsonl",
            ]:
                checks.run(f"as from local files: {objects}", same_as_local, bench, objects)
            checks.run("the pack holds the object of the store", packed, bench)
            checks.run("the listed version is asked for", pinned, bench)
            other = bench.log + b"\n"
            checks.run("an object that changes", refused, bench, literal, meddling(
                bench, lambda: bench.s3.put_object(Bucket=BUCKET, Key=LOG, Body=other)),
                "unreadable-object", "the object changed since it was listed")
            checks.run("an object that vanishes", refused, bench, literal, meddling(
                bench, lambda: bench.s3.delete_object(Bucket=BUCKET, Key=LOG)),
                "unreadable-object", "the object is gone since it was listed")
            checks.run("a read that breaks off once goes on", interrupted, bench)
            checks.run("a read that never gets a byte", refused, bench, literal, meddling(bench, lambda: None, "cut-all"),
                       "unreadable-object", "the store failed")
            checks.run("a read that breaks off again and again", refused, bench, literal, meddling(bench, lambda: None, "cut"),
                       "unreadable-object", "the store failed")
            checks.run("an object without permission", refused, bench, literal, lambda *_: "deny",
                       "unreadable-object", "the store denies access")
            checks.run("a bucket without permission", refused, bench, f"s3://{BUCKET}/logs/*/*.jsonl", lambda *_: "deny",
                       "unreadable-object", "the store denies access")
            checks.run("an object that was never there", refused, bench, f"s3://{BUCKET}/logs/none.jsonl", None,
                       "missing-object", "no object matches")
            checks.run("a prefix with nothing below", refused, bench, f"s3://{BUCKET}/none/*.jsonl", None,
                       "missing-object", "no object matches")
            checks.run("over TLS, with an authority that is trusted", over_tls, bench)
            checks.run("over TLS, with another authority", untrusted, bench, bench.pages, bench.other_authority)
            checks.run("over TLS, with a certificate of another host", untrusted, bench, bench.elsewhere,
                       bench.environment["SSL_CERT_FILE"])
            checks.run("over TLS, a name with nothing behind it", not_there, bench)
        finally:
            bench.close()
    checks.close()


main()
