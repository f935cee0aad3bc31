"""The keys of signed URLs, by id: one primary that seals, the rest only to open.

The file is a key ring's (``edge.keys.ring``), made, rotated and retired by the same commands, and never the ring that wraps face
keys: whoever signs URLs must not be able to open faces. Its keys are not used themselves; per key, once::

    AES-SIV key = HKDF-SHA256(ikm=key, salt=none, info="mfmc-edge url v1", length=64)

Sealed, as it stands in a URL::

    key id || "." || base64url(synthetic IV(16) || ciphertext), without padding
    associated data = "mfmc-edge url v1", key id, the photo's path      (three components of S2V, RFC 5297 section 2.6)

AES-SIV (RFC 5297) needs no nonce: the same content for the same photo is the same text, which is what lets a cache store one
picture for all who may see the same, and nobody learns more from a text than whether it equals another one.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.keys import ring
from edge.keys.wrapped import is_key_id

LABEL: Final = b"mfmc-edge url v1"
CIPHER_KEY_BYTES: Final = 64
MAX_TEXT: Final = 900  # characters; the longest content there is takes 823


class Keys:
    """Seals and opens the contents of URLs. Its ``repr`` tells ids and nothing else."""

    __slots__ = ("_ciphers", "primary")

    def __init__(self, primary: str, keys: Mapping[str, bytes]) -> None:
        """32 secret bytes by key id; raises ``KeyRingError`` for any that cannot be a key."""
        if primary not in keys:
            raise KeyRingError("the keys of signed URLs name a primary that is not among them")
        if not all(is_key_id(key_id) and len(key) == ring.KEY_BYTES for key_id, key in keys.items()):
            raise KeyRingError("the keys of signed URLs hold one with a bad id or a length other than 32 bytes")
        self.primary = primary
        self._ciphers = {key_id: AESSIV(_derived(key)) for key_id, key in keys.items()}

    @classmethod
    def read(cls, file: Path) -> Self:
        """The keys in ``file``; raises ``KeyRingError`` unless it is this user's own and nobody else can touch it."""
        return cls(*ring.read_keys(file))

    def __repr__(self) -> str:
        return f"<Keys of URLs {', '.join(self._ciphers)}, primary {self.primary}>"

    def seal(self, content: bytes, path: str) -> str:
        """``content`` under the primary, bound to the photo at ``path``."""
        return f"{self.primary}.{_spelled(self._ciphers[self.primary].encrypt(content, _bound(self.primary, path)))}"

    def open(self, text: str, path: str) -> bytes:
        """What ``seal`` was given for the same path; raises ``Damaged`` for everything else, and tells nothing of it."""
        key_id, _, spelled = text.partition(".")
        cipher = self._ciphers.get(key_id)
        if cipher is None or len(spelled) > MAX_TEXT:
            raise Damaged
        try:
            sealed = base64.b64decode(spelled + "=" * (-len(spelled) % 4), altchars=b"-_", validate=True)
            if _spelled(sealed) != spelled:  # the last character has bits to spare: one content, one spelling
                raise Damaged
            return cipher.decrypt(sealed, _bound(key_id, path))
        except (InvalidTag, ValueError):
            raise Damaged from None


def _derived(key: bytes) -> bytes:
    return HKDF(SHA256(), CIPHER_KEY_BYTES, None, LABEL).derive(key)


def _bound(key_id: str, path: str) -> list[bytes]:
    return [LABEL, key_id.encode(), path.encode()]


def _spelled(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")
