"""The public halves of a ring: whoever holds them can wrap keys and never open one.

A ring's key has a private half, which is derived and never stored, and a public half, which may be told::

    private = X25519 key from HKDF-SHA256(ikm=ring key, salt=none, info="mfmc-edge ring x25519 v1", length=32)

The file is TOML. It holds no secret, but nobody else may be able to change it: who puts a key of theirs there can open
whatever is wrapped from then on::

    primary = "k-5f0c1a2b"
    [public]
    k-5f0c1a2b = "<public key, base64url without padding>"

Wrapped key, after the head that ``wrapped`` describes (its high bit is 1)::

    encapsulated key(32) || AES-256-GCM(key) || tag(16)
    HPKE (RFC 9180), mode base: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; aad empty
    info = length-prefixed("mfmc-edge wrap hpke v1", id, context)

Every wrap encapsulates a fresh key, so HPKE's counted nonce is used once under it. Mode base does not tell who wrapped: a key
that opens was meant for this ring and this context, and may be from anyone who has the file.
"""

from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD
from cryptography.hazmat.primitives.hpke import KDF
from cryptography.hazmat.primitives.hpke import KEM
from cryptography.hazmat.primitives.hpke import Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.keys.wrapped import bound
from edge.keys.wrapped import heads
from edge.keys.wrapped import is_key_id

PUBLIC_KEY_BYTES = 32
LABEL = b"mfmc-edge wrap hpke v1"
PRIVATE_LABEL = b"mfmc-edge ring x25519 v1"
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class PublicRing:
    """Wraps under the primary's public half; opens nothing, and holds nothing secret."""

    __slots__ = ("_keys", "primary")

    def __init__(self, primary: str, keys: Mapping[str, bytes]) -> None:
        """Public keys by id; raises ``KeyRingError`` for any that cannot be one."""
        if primary not in keys:
            raise KeyRingError("the public ring names a primary that it does not hold")
        if not all(is_key_id(key_id) and len(key) == PUBLIC_KEY_BYTES for key_id, key in keys.items()):
            raise KeyRingError("the public ring holds a key with a bad id or a length other than 32 bytes")
        self.primary = primary
        self._keys = {key_id: X25519PublicKey.from_public_bytes(key) for key_id, key in keys.items()}
        self.wrap(bytes(PUBLIC_KEY_BYTES), b"")  # a point of small order would make the wrapping key known; refuse it here

    def __repr__(self) -> str:
        return f"<PublicRing {len(self._keys)} keys, primary {self.primary}>"

    @property
    def keys(self) -> dict[str, bytes]:
        """The public keys by id, in the ring's order."""
        return {key_id: key.public_bytes_raw() for key_id, key in self._keys.items()}

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """``key`` so that only the ring with the private half gives it back, for the same ``context``."""
        try:
            sealed = SUITE.encrypt(key, self._keys[self.primary], info=bound(LABEL, self.primary, context))
        except ValueError:
            raise KeyRingError("the public ring holds a key that protects nothing") from None
        return heads(self.primary)[1] + sealed


def private_half(key: bytes) -> X25519PrivateKey:
    """The private half of a ring's key."""
    return X25519PrivateKey.from_private_bytes(HKDF(SHA256(), 32, None, PRIVATE_LABEL).derive(key))


def opened(private: X25519PrivateKey, key_id: str, sealed: bytes, context: bytes) -> bytes:
    """The key that ``PublicRing.wrap`` was given; raises ``Damaged``."""
    try:
        return SUITE.decrypt(sealed, private, info=bound(LABEL, key_id, context))
    except (InvalidTag, ValueError):
        raise Damaged from None
