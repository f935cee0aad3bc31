"""Whose name a manifest bears: a certificate chain and its private key, from files, looked at before the first photo is read."""

from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from edge.errors import ConfigError
from edge.keys import secret_file
from edge.section import require_address
from precompute.settings import DisclosureConfig

MAX_BYTES: Final = 65_536
CURVES: Final = {"es256": "secp256r1", "es384": "secp384r1", "es512": "secp521r1"}
PLACE: Final = "precompute.disclosure"
Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What signs. ``chain``: PEM, the signer's certificate first; ``key``: PKCS #8 as PEM; from ``expires`` on, one has ended."""

    chain: bytes
    key: bytes
    algorithm: str
    timestamp_url: str | None
    subject: str
    expires: datetime

    def __repr__(self) -> str:
        return f"<Credentials of {self.subject}>"


def read(config: DisclosureConfig, now: float) -> Credentials:
    """The configured credentials, if they fit each other and hold at ``now`` (unix seconds); raises ``ConfigError``."""
    require_address(f"{PLACE}.timestamp_url", config.timestamp_url, plain=True)
    if config.certificate_file is None or config.key_file is None:
        raise ConfigError(f"{PLACE}: needs certificate_file and key_file; docs/disclosure.md says how to get them")
    chain = _chain(config.certificate_file, datetime.fromtimestamp(now, UTC))
    key = _key(config.key_file)
    if key.public_key() != chain[0].public_key():
        raise ConfigError(f"{config.key_file}: is not the key of the first certificate in {config.certificate_file}")
    _check_kind(key, config.algorithm)
    return Credentials(
        b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in chain),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        config.algorithm,
        config.timestamp_url,
        _name(chain[0]),
        min(certificate.not_valid_after_utc for certificate in chain),
    )


def _chain(file: Path, now: datetime) -> list[x509.Certificate]:
    try:
        chain = x509.load_pem_x509_certificates(secret_file.read_public(file, MAX_BYTES))
    except ValueError:
        raise ConfigError(f"{file}: is no certificate chain in PEM, the signer's certificate first") from None
    for certificate in chain:
        if now > certificate.not_valid_after_utc:
            raise ConfigError(f"{file}: the certificate of {_name(certificate)} ended on {_day(certificate)}; renew it")
        if now < certificate.not_valid_before_utc:
            raise ConfigError(f"{file}: the certificate of {_name(certificate)} does not hold yet; is the clock right?")
    for certificate, issuer in pairwise(chain):
        if not _issued(certificate, issuer):
            raise ConfigError(f"{file}: each certificate must be followed by its issuer's, and {_name(certificate)}'s is not")
    return chain


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _key(file: Path) -> Private:
    content = secret_file.read(file, MAX_BYTES)
    try:
        key = serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Private):
        raise ConfigError(f"{file}: is no private key in PEM, without a password, of a kind that signs manifests")
    return key


def _check_kind(key: Private, algorithm: str) -> None:
    """The kinds of keys of the C2PA specification 2.2, section 13.2."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        fits = CURVES.get(algorithm) == key.curve.name
    elif isinstance(key, rsa.RSAPrivateKey):
        fits = algorithm.startswith("ps") and key.key_size >= 2048
    else:
        fits = algorithm == "ed25519"
    if not fits:
        raise ConfigError(
            f"{PLACE}.algorithm: {algorithm} does not go with this key; es256, es384 and es512 take one of the curve P-256, "
            "P-384 or P-521, ps256, ps384 and ps512 an RSA key of 2048 bits or more, ed25519 an Ed25519 key"
        )


def _name(certificate: x509.Certificate) -> str:
    names = [*certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME), *certificate.subject]
    return str(names[0].value) if names else "nobody"


def _day(certificate: x509.Certificate) -> str:
    return certificate.not_valid_after_utc.date().isoformat()
