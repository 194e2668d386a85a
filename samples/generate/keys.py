"""Test keys, made from their names so that every run gives the same ones. They protect nothing."""

import hashlib

from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class TestKey:
    """An Ed25519 key whose seed is the SHA-256 of its published name."""

    __test__ = False

    def __init__(self, name):
        self.name = name
        seed = hashlib.sha256(b"countersign sample test key: " + name.encode()).digest()
        self.private = Ed25519PrivateKey.from_private_bytes(seed)
        raw = self.private.public_key().public_bytes(form.Encoding.Raw, form.PublicFormat.Raw)
        self.id = hashlib.sha256(raw).hexdigest()

    def private_pem(self):
        """Returns the private key as PKCS#8 PEM."""
        return self.private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())

    def public_pem(self):
        """Returns the public key as SPKI PEM."""
        return self.private.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)

    def files(self):
        """Returns file names and contents, private key first."""
        return {f"{self.name}.pem": self.private_pem(), f"{self.name}.pub": self.public_pem()}
