"""Certificate chains made on the spot: a root that nobody knows, and a signer that it vouches for."""

from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.oid import NameOID

USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
    "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Chain:
    """PEM: the root, the signer's certificate, and the signer's private key."""

    root: bytes
    signer: bytes
    key: bytes

    def write(self, folder: Path, *, whole: bool = True) -> str:
        """``signer.pem`` and ``signer.key`` in the folder, and the table of the configuration that names them."""
        (folder / "signer.pem").write_bytes(self.signer + (self.root if whole else b""))
        (folder / "signer.key").touch(0o600)
        (folder / "signer.key").write_bytes(self.key)
        return '[precompute.disclosure]\nenabled = true\ncertificate_file = "signer.pem"\nkey_file = "signer.key"\n'


def name(common: str) -> x509.Name:
    """A subject of two names."""
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Club"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def private(key: Any) -> bytes:
    """A private key as PEM."""
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def certificate(subject: str, key: Any, issuer: Any, *, ca: bool = False, days: tuple[int, int] = (-1, 30)) -> bytes:
    """A certificate as PEM that holds from and to these days from now; the issuer is always the root."""
    now = datetime.now(UTC)
    usage = {"key_cert_sign", "crl_sign"} if ca else {"digital_signature"}
    builder = (
        x509.CertificateBuilder(name("root"), name(subject), key.public_key(), x509.random_serial_number())
        .not_valid_before(now + days[0] * DAY)
        .not_valid_after(now + days[1] * DAY)
        .add_extension(x509.BasicConstraints(ca, None), True)
        .add_extension(x509.KeyUsage(**{each: each in usage for each in USAGES}), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False)
    )
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    return builder.sign(issuer, hashes.SHA256()).public_bytes(Encoding.PEM)


def chain(key: Any = None, *, days: tuple[int, int] = (-1, 20)) -> Chain:
    """A new root, and a signer with this key."""
    key, root = key or ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    return Chain(certificate("root", root, root, ca=True), certificate("Club photos", key, root, days=days), private(key))
