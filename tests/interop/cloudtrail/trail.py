"""CloudTrail folders as AWS would deliver them, signed with a test key: log files, hourly digests, and their metadata.

Real bytes signed by AWS cannot be had without an account, so these are made from the documented construction. The awscli's
own validator judges the same bytes in `compare.py`, so that the construction is not only ours.
"""

import base64
import gzip
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HOUR = timedelta(hours=1)
ALGORITHM = "SHA256withRSA"


def stamp(moment):
    """Returns a time as digests write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def pack(data):
    """Returns `data` as one gzip member, the same bytes every time."""
    return gzip.compress(data, mtime=0)


class Key:
    """An RSA key, and the forms in which AWS shows its public half."""

    def __init__(self, private=None):
        self.private = private or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self.private.public_key()
        self.pkcs1 = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
        self.pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        # AWS names a key by the MD5 of its PKCS#1 DER.
        self.fingerprint = hashlib.md5(self.pkcs1, usedforsecurity=False).hexdigest()

    @classmethod
    def load(cls, pem):
        """Returns the key of a PKCS#8 PEM."""
        return cls(serialization.load_pem_private_key(pem, None))

    def sign(self, message, algorithm=hashes.SHA256()):
        """Returns the PKCS#1 v1.5 signature of `message` in hex."""
        return self.private.sign(message, padding.PKCS1v15(), algorithm).hex()

    def listed(self):
        """Returns the entry of `aws cloudtrail list-public-keys`."""
        return {
            "Value": base64.b64encode(self.pkcs1).decode(),
            "ValidityStartTime": "2026-01-01T00:00:00+00:00",
            "ValidityEndTime": "2027-01-01T00:00:00+00:00",
            "Fingerprint": self.fingerprint,
        }


def string_to_sign(document, data):
    """Returns what the signature of a digest signs."""
    previous = document["previousDigestSignature"] or "null"
    place = f"{document['digestS3Bucket']}/{document['digestS3Object']}"
    return f"{document['digestEndTime']}\n{place}\n{hashlib.sha256(data).hexdigest()}\n{previous}".encode()


@dataclass
class Stored:
    """An object of the bucket: its bytes as stored, and its metadata."""

    data: bytes
    metadata: dict = field(default_factory=dict)


class Trail:
    """One trail in one account and region, delivering to a bucket hour by hour."""

    def __init__(self, key, *, account="111122223333", region="eu-west-1", name="main", home="eu-west-1", bucket="acme-trail",
                 start=datetime(2026, 8, 4, 9, 1, 31, tzinfo=timezone.utc), prefix=""):
        self.key, self.account, self.region, self.name, self.home = key, account, region, name, home
        self.bucket, self.end, self.prefix = bucket, start, prefix
        self.objects = {}
        self.digests = []
        self.last = None

    def record(self, moment, number):
        """Returns one event."""
        user = {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": f"arn:aws:iam::{self.account}:user/dana", "accountId": self.account, "userName": "dana"}
        return {
            "eventVersion": "1.11", "userIdentity": user, "eventTime": stamp(moment), "eventSource": "s3.amazonaws.com",
            "eventName": "PutBucketPolicy", "awsRegion": self.region, "sourceIPAddress": "192.0.2.7", "userAgent": "aws-cli/2",
            "requestParameters": {"bucketName": f"bucket-{number}"}, "responseElements": None, "requestID": f"rq-{number}",
            "eventID": hashlib.sha256(f"{self.account}{self.region}{moment}{number}".encode()).hexdigest()[:32], "readOnly": False,
            "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": self.account, "eventCategory": "Management",
        }

    def deliver(self, minute, records):
        """Stores a log file, delivered some minutes into the current hour, and returns its entry for the digest."""
        moment = self.end + timedelta(minutes=minute)
        unique = hashlib.sha256(f"{self.name}{moment}{records}".encode()).hexdigest()[:16]
        folder = f"{self.prefix}AWSLogs/{self.account}/CloudTrail/{self.region}/{moment:%Y/%m/%d}"
        place = f"{folder}/{self.account}_CloudTrail_{self.region}_{moment:%Y%m%dT%H%MZ}_{unique}.json.gz"
        times = [moment - timedelta(minutes=4, seconds=number) for number in range(records)]
        body = {"Records": [self.record(at, number) for number, at in enumerate(times)]}
        data = json.dumps(body, separators=(",", ":")).encode()
        self.objects[place] = Stored(pack(data))
        return {
            "s3Bucket": self.bucket, "s3Object": place, "hashValue": hashlib.sha256(data).hexdigest(), "hashAlgorithm": "SHA-256",
            "newestEventTime": stamp(max(times)), "oldestEventTime": stamp(min(times)),
        }

    def hour(self, *files, backfill=False):
        """Delivers the log files of an hour, each with so many records, and the digest that lists them."""
        entries = [self.deliver(5 + 7 * number, records) for number, records in enumerate(files)]
        return self.digest(entries, backfill=backfill)

    def digest(self, entries, backfill=False):
        """Stores the digest of the current hour, chained to the one before, and returns its key."""
        start, end = self.end, self.end + HOUR
        suffix = "_backfill" if backfill else ""
        folder = f"{self.prefix}AWSLogs/{self.account}/CloudTrail-Digest/{self.region}/{end:%Y/%m/%d}"
        place = f"{folder}/{self.account}_CloudTrail-Digest_{self.region}_{self.name}_{self.home}_{end:%Y%m%dT%H%M%SZ}{suffix}.json.gz"
        last = self.last or {}
        document = {
            "awsAccountId": self.account, "digestStartTime": stamp(start), "digestEndTime": stamp(end),
            "digestS3Bucket": self.bucket, "digestS3Object": place, "digestPublicKeyFingerprint": self.key.fingerprint,
            "digestSignatureAlgorithm": ALGORITHM,
            "newestEventTime": max((entry["newestEventTime"] for entry in entries), default=None),
            "oldestEventTime": min((entry["oldestEventTime"] for entry in entries), default=None),
            "previousDigestS3Bucket": last.get("bucket"), "previousDigestS3Object": last.get("object"),
            "previousDigestHashValue": last.get("hash"), "previousDigestHashAlgorithm": last and "SHA-256" or None,
            "previousDigestSignature": last.get("signature"), "logFiles": entries,
        }
        self.store(document, backfill)
        self.end = end
        self.digests.append(place)
        return place

    def store(self, document, backfill=False, key=None):
        """Signs and stores a digest document at the key that it names, and makes it the one before the next."""
        # AWS escapes slashes.
        data = json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode()
        signature = (key or self.key).sign(string_to_sign(document, data))
        metadata = {"signature": signature, "signature-algorithm": ALGORITHM}
        if backfill:
            metadata["backfill-generation-timestamp"] = stamp(self.end + 30 * HOUR)
        place = document["digestS3Object"]
        self.objects[place] = Stored(pack(data), metadata)
        self.last = {"bucket": document["digestS3Bucket"], "object": place, "hash": hashlib.sha256(data).hexdigest(), "signature": signature}

    def stop(self, hours):
        """Lets hours pass in which logging is off: the next digest names none before it."""
        self.end += HOUR * hours
        self.last = None


def write(folder, objects, keys, sidecars=True):
    """Writes objects, the metadata of digests, and the list of public keys below `folder`."""
    for place, stored in objects.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(stored.data)
        if stored.metadata and sidecars:
            head = {"AcceptRanges": "bytes", "ContentLength": len(stored.data), "ContentType": "application/json", "Metadata": stored.metadata}
            path.with_name(path.name + ".metadata.json").write_text(json.dumps(head, indent=4) + "\n", encoding="utf-8")
    (folder / "public-keys.json").write_text(json.dumps({"PublicKeyList": [key.listed() for key in keys]}, indent=4) + "\n", encoding="utf-8")


def trust(key, log):
    """Returns a trust file that pins `key` for `log`."""
    return f'[[key]]\nowner = "AWS CloudTrail (test key)"\npurpose = "log"\nlogs = ["{log}"]\npem = """\n{key.pem}"""\n'
