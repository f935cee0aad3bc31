"""The key ring: wrapping keys by id, one primary that wraps, the rest only to unwrap.

The file is TOML, readable by its owner alone::

    primary = "k-5f0c1a2b"
    [keys]
    k-5f0c1a2b = "<32 random bytes, base64url without padding>"

Wrapped key::

    id length(1) || id || nonce(12) || AES-256-GCM(key) || tag(16)
    associated data = length-prefixed("mfmc-edge wrap v1", id, context)

The nonce is random: a ring's key wraps a few keys per photo, far fewer than the 2^32 at which 96 random bits grow risky
(NIST SP 800-38D section 8.3). ``context`` names what the wrapped key is for; a key cannot be moved to another place.
"""

import base64
import os
import re
import tomllib
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge.errors import ConfigError
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.keys import secret_file

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
MAX_KEY_ID = 32
MAX_FILE_BYTES = 65_536
MAX_WRAPPED_BYTES = 1_024
WARNING = "Wrapping keys. Whoever reads this file can open every face; keep a copy of it in a safe."
LABEL = b"mfmc-edge wrap v1"

_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


class Wrapping(Protocol):
    """Wraps small keys under a purpose; authenticity and secrecy of the key, bound to ``context`` and nothing else."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """``key`` so that only the same ring and the same ``context`` give it back."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key; ``Damaged`` for anything altered or moved, ``KeyRingError`` when the ring lacks the wrapping key."""


class KeyRing:
    """The embedded ring; hold one per process. Its ``repr`` tells ids and nothing else."""

    __slots__ = ("_ciphers", "primary")

    def __init__(self, primary: str, keys: dict[str, bytes]) -> None:
        if primary not in keys:
            raise KeyRingError("the key ring names a primary that it does not hold")
        for key_id, key in keys.items():
            if _KEY_ID.fullmatch(key_id) is None or len(key) != KEY_BYTES:
                raise KeyRingError("the key ring holds a key with a bad id or a length other than 32 bytes")
        self.primary = primary
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}

    def __repr__(self) -> str:
        return f"<KeyRing {len(self._ciphers)} keys, primary {self.primary}>"

    @property
    def ids(self) -> list[str]:
        """The ids of all keys, in the file's order."""
        return list(self._ciphers)

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """``key`` under the primary, bound to ``context``."""
        key_id = self.primary.encode()
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self.primary].encrypt(nonce, key, _associated(key_id, context))
        return bytes((len(key_id),)) + key_id + nonce + sealed

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key that ``wrap`` was given under the same ``context``."""
        key_id, nonce, sealed = _split(wrapped)
        cipher = self._ciphers.get(key_id.decode("ascii", "replace"))
        if cipher is None:
            raise KeyRingError("the key ring lacks the key that wrapped this")
        try:
            return cipher.decrypt(nonce, sealed, _associated(key_id, context))
        except InvalidTag:
            raise Damaged from None


def read(file: Path) -> KeyRing:
    """The ring in ``file``.

    Raises ``KeyRingError`` unless it is this user's own regular file that nobody else can touch.
    """
    try:
        tables = tomllib.loads(secret_file.read(file, MAX_FILE_BYTES).decode())
        return KeyRing(tables["primary"], {name: _decode(text) for name, text in tables["keys"].items()})
    except ConfigError as error:
        raise KeyRingError(f"{error} (`mfmc-edge keys new` makes a key ring)") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeyRingError(f"{file}: is not a key ring") from None


def create(file: Path) -> KeyRing:
    """A new ring with one random key, in a new file with mode 0600; refuses to replace anything."""
    key_id, key = f"k-{os.urandom(4).hex()}", os.urandom(KEY_BYTES)
    spelled = base64.urlsafe_b64encode(key).decode().rstrip("=")
    text = f'# {WARNING}\nprimary = "{key_id}"\n\n[keys]\n{key_id} = "{spelled}"\n'
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise KeyRingError(f"{file}: cannot be made ({error.strerror})") from None
    with os.fdopen(handle, "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    return KeyRing(key_id, {key_id: key})


def _associated(key_id: bytes, context: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in (LABEL, key_id, context))


def _split(wrapped: bytes) -> tuple[bytes, bytes, bytes]:
    if not 1 < len(wrapped) <= MAX_WRAPPED_BYTES or not 1 <= wrapped[0] <= MAX_KEY_ID:
        raise Damaged
    start = 1 + wrapped[0]
    if len(wrapped) < start + NONCE_BYTES + TAG_BYTES:
        raise Damaged
    return wrapped[1:start], wrapped[start : start + NONCE_BYTES], wrapped[start + NONCE_BYTES :]


def _decode(text: str) -> bytes:
    key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(key).decode().rstrip("=") != text:
        raise ValueError("not canonical")
    return key
