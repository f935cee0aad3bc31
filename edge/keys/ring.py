"""The key ring: wrapping keys by id, one primary that wraps, the rest only to unwrap.

The file is TOML, readable by its owner alone::

    primary = "k-5f0c1a2b"
    [keys]
    k-5f0c1a2b = "<32 random bytes, base64url without padding>"

Wrapped key, after the head that ``wrapped`` describes (its high bit is 0; ``public_ring`` describes the other form)::

    nonce(12) || AES-256-GCM(key) || tag(16)
    associated data = length-prefixed("mfmc-edge wrap v1", id, context)

The nonce is random: a ring's key wraps a few keys per photo, far fewer than the 2^32 at which 96 random bits grow risky
(NIST SP 800-38D section 8.3). ``context`` names what the wrapped key is for; a key cannot be moved to another place.
"""

import base64
import os
import tomllib
from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge.errors import ConfigError
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.keys import public_ring
from edge.keys import secret_file
from edge.keys.public_ring import PublicRing
from edge.keys.wrapped import Wrapped
from edge.keys.wrapped import bound
from edge.keys.wrapped import heads
from edge.keys.wrapped import is_key_id

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
MAX_FILE_BYTES = 65_536
WARNING = "Secret keys. Whoever reads this file can show every face; keep a copy of it in a safe."
PUBLIC_NOTE = "Public halves of wrapping keys. No secret, but nobody else may be able to change this file."
LABEL = b"mfmc-edge wrap v1"

Keys = tuple[str, dict[str, bytes]]


class KeyRing:
    """The embedded ring; hold one per process. Its ``repr`` tells ids and nothing else."""

    __slots__ = ("_ciphers", "_private", "primary")

    def __init__(self, primary: str, keys: Mapping[str, bytes]) -> None:
        if primary not in keys:
            raise KeyRingError("the key ring names a primary that it does not hold")
        for key_id, key in keys.items():
            if not is_key_id(key_id) or len(key) != KEY_BYTES:
                raise KeyRingError("the key ring holds a key with a bad id or a length other than 32 bytes")
        self.primary = primary
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._private = {key_id: public_ring.private_half(key) for key_id, key in keys.items()}

    def __repr__(self) -> str:
        return f"<KeyRing {len(self._ciphers)} keys, primary {self.primary}>"

    @property
    def ids(self) -> list[str]:
        """The ids of all keys, in the file's order."""
        return list(self._ciphers)

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """``key`` under the primary, bound to ``context``."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self.primary].encrypt(nonce, key, bound(LABEL, self.primary, context))
        return heads(self.primary)[0] + nonce + sealed

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key that this ring's ``wrap``, or its public half's, was given under the same ``context``.

        Raises ``Damaged`` for anything altered or moved, ``KeyRingError`` when the ring lacks the wrapping key.
        """
        parts = Wrapped.parse(wrapped)
        cipher = self._ciphers.get(parts.key_id)
        if cipher is None:
            raise KeyRingError("the key ring lacks the key that wrapped this")
        if parts.public:
            return public_ring.opened(self._private[parts.key_id], parts.key_id, parts.sealed, context)
        try:
            nonce, sealed = parts.sealed[:NONCE_BYTES], parts.sealed[NONCE_BYTES:]
            return cipher.decrypt(nonce, sealed, bound(LABEL, parts.key_id, context))
        except (InvalidTag, ValueError):  # the second for a nonce or a tag that is cut short
            raise Damaged from None

    def public(self) -> PublicRing:
        """The public halves: they wrap for this ring and open nothing."""
        halves = {key_id: key.public_key().public_bytes_raw() for key_id, key in self._private.items()}
        return PublicRing(self.primary, halves)


def read(file: Path) -> KeyRing:
    """The ring in ``file``.

    Raises ``KeyRingError`` unless it is this user's own regular file that nobody else can touch.
    """
    return KeyRing(*read_keys(file))


def read_keys(file: Path) -> Keys:
    """The primary's id, and the 32 secret bytes of each key by its id, for what derives keys of its own from them.

    Raises ``KeyRingError`` as ``read`` does.
    """
    tables = _tables(file, secret_file.read)
    if "public" in tables:
        raise KeyRingError(f"{file}: holds public halves, which open nothing; only `mfmc-precompute` can work with them")
    return _keys(file, tables, "keys")


def read_wrapping(file: Path) -> KeyRing | PublicRing:
    """Whatever ``file`` holds that can ``wrap``: a ring, which must be as private as for ``read``, or its public halves.

    Raises ``KeyRingError``, also for public halves that others may change.
    """
    tables = _tables(file, secret_file.read_public)
    if "public" not in tables:
        return read(file)
    return PublicRing(*_keys(file, tables, "public"))


def create(file: Path) -> KeyRing:
    """A new ring with one random key, in a new file with mode 0600; refuses to replace anything."""
    key_id = _new_id({})
    keys = {key_id: os.urandom(KEY_BYTES)}
    try:
        secret_file.create(file, _private_text(key_id, keys).encode())
    except ConfigError as error:
        raise KeyRingError(str(error)) from None
    return KeyRing(key_id, keys)


def rotate(file: Path) -> KeyRing:
    """Add a random key to the ring in ``file`` and make it the primary; every older key stays.

    Raises ``KeyRingError``. A kill at any moment leaves the whole ring as it was or as it becomes.
    """

    def with_new_primary(_: str, keys: dict[str, bytes]) -> tuple[str, dict[str, bytes]]:
        key_id = _new_id(keys)
        return key_id, keys | {key_id: os.urandom(KEY_BYTES)}

    return _change(file, with_new_primary)


def retire(file: Path, key_id: str) -> KeyRing:
    """Remove a key that is not the primary from the ring in ``file``, for ever: what it wrapped opens nowhere any more.

    Call it only when the catalog holds nothing that it wrapped, and no upload job that read the ring before the last
    rotation still runs. Raises ``KeyRingError``.
    """

    def without(primary: str, keys: dict[str, bytes]) -> tuple[str, dict[str, bytes]]:
        if key_id not in keys or key_id == primary:
            raise KeyRingError("only a key that the ring holds, and that is not its primary, can be retired")
        return primary, {name: key for name, key in keys.items() if name != key_id}

    return _change(file, without)


def public_text(keys: KeyRing) -> str:
    """The file of a ring's public halves, for ``read_wrapping`` on a machine that shall not open anything."""
    public = keys.public()
    return _text(PUBLIC_NOTE, "public", public.primary, public.keys)


def _change(file: Path, change: Callable[[str, dict[str, bytes]], Keys]) -> KeyRing:
    try:
        with secret_file.alone(file.parent):
            primary, keys = change(*read_keys(file))
            made, text = KeyRing(primary, keys), _private_text(primary, keys).encode()
            if len(text) > MAX_FILE_BYTES:
                raise KeyRingError("the key ring is full; rewrap, and retire a key")
            secret_file.replace(file, text)
    except ConfigError as error:
        raise KeyRingError(str(error)) from None
    return made


def _tables(file: Path, content: Callable[[Path, int], bytes]) -> dict[str, Any]:
    try:
        return tomllib.loads(content(file, MAX_FILE_BYTES).decode())
    except ConfigError as error:
        hint = "" if os.path.lexists(file) else " (`mfmc-edge keys new` makes a key ring)"
        raise KeyRingError(f"{error}{hint}") from None
    except ValueError:
        raise KeyRingError(f"{file}: is not a key ring") from None


def _keys(file: Path, tables: dict[str, Any], table: str) -> Keys:
    try:
        primary, keys = tables["primary"], {name: _decode(text) for name, text in tables[table].items()}
        if primary not in keys:
            raise KeyError(primary)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeyRingError(f"{file}: is not a key ring") from None
    return primary, keys


def _new_id(keys: Mapping[str, bytes]) -> str:
    while (key_id := f"k-{os.urandom(4).hex()}") in keys:
        pass
    return key_id


def _private_text(primary: str, keys: Mapping[str, bytes]) -> str:
    return _text(WARNING, "keys", primary, keys)


def _text(note: str, table: str, primary: str, keys: Mapping[str, bytes]) -> str:
    lines = [f'{key_id} = "{base64.urlsafe_b64encode(key).decode().rstrip("=")}"' for key_id, key in keys.items()]
    return "\n".join((f"# {note}", f'primary = "{primary}"', "", f"[{table}]", *lines, ""))


def _decode(text: str) -> bytes:
    key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(key).decode().rstrip("=") != text:
        raise ValueError("not canonical")
    return key
