"""The Ed25519 key (RFC 8032) that signs certificates, in a file of its own; verifying takes the public half."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.errors import ConfigError
from edge.keys import secret_file
from precompute.settings import CertificateConfig

MAX_BYTES: Final = 16_384
ID_CHARACTERS: Final = 32
_RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
_PEM = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

Trusted = dict[str, Ed25519PublicKey]


class Signer:
    """Signs with one private key; ``key_id`` names it."""

    __slots__ = ("_key", "key_id")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.key_id = key_id(key.public_key())

    def __repr__(self) -> str:
        return f"<Signer {self.key_id}>"

    def sign(self, body: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(body)

    @property
    def public(self) -> Ed25519PublicKey:
        """What verifies its signatures."""
        return self._key.public_key()


def key_id(key: Ed25519PublicKey) -> str:
    """The first 32 hex digits of the SHA-256 of the 32-byte public key."""
    return sha256(key.public_bytes(*_RAW)).hexdigest()[:ID_CHARACTERS]


def public_text(key: Ed25519PublicKey) -> str:
    """The public key as PEM."""
    return key.public_bytes(*_PEM).decode()


def create(file: Path) -> Signer:
    """A new key in a new file of mode 0600; raises ``ConfigError``, and changes nothing, where there is one already."""
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    secret_file.create(file, text)
    return Signer(key)


def read(settings: CertificateConfig) -> Signer | None:
    """The configured key, or None where there is none; raises ``ConfigError`` for one that others may read or of another kind."""
    file = settings.key_file
    if file is None:
        return None
    content = secret_file.read(file, MAX_BYTES)
    try:
        key = serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{file}: is no Ed25519 private key in PEM; make one: mfmc-precompute certify --new-key FILE")
    return Signer(key)


def trusted(settings: CertificateConfig) -> Trusted:
    """Whose signatures count, by key id: the configured key's own, and those of the public files; raises ``ConfigError``."""
    signer = read(settings)
    keys = [*([] if signer is None else [signer.public]), *_public(settings.public_files)]
    return {key_id(key): key for key in keys}


def _public(files: Iterable[Path]) -> Iterable[Ed25519PublicKey]:
    for file in files:
        try:
            key = serialization.load_pem_public_key(secret_file.read_public(file, MAX_BYTES))
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise ConfigError(f"{file}: is no Ed25519 public key in PEM")
        yield key


def holds(key: Ed25519PublicKey, signature: bytes, body: bytes) -> bool:
    """Whether this key made this signature over these bytes."""
    try:
        key.verify(signature, body)
    except InvalidSignature:
        return False
    return True
