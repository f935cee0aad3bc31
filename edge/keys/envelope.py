"""Sealing: how one photo's patches are encrypted, and under which associated data.

Every sealed photo has a random 32-byte salt, one random 32-byte *directory key*, and one random 32-byte *face key* per face.
Nothing is ever encrypted under those keys themselves. HKDF-SHA256 (RFC 5869) turns them into 64 bytes per ciphertext::

    secret     = directory key, or the face keys that the group needs, joined in ascending slot order
    okm        = HKDF-SHA256(ikm=secret, salt=salt, info=label, length=64)
    key        = okm[0:32]     AES-256-GCM key of exactly one ciphertext
    commitment = okm[32:64]    stored in clear beside the ciphertext, compared before decrypting

A rendition (``docs/renditions.md``) is sealed under the photo's own keys, so a face is granted, withdrawn and erased in all of
them at once; the labels name its width, so that no ciphertext of one can stand in another.

The commitment is needed because GCM alone does not commit: one ciphertext can be built that opens under two keys
(Dodis et al., CRYPTO 2018), which would let a forger show two viewers different faces.
"""

import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge.errors import Damaged

KEY_BYTES: Final = 32
SALT_BYTES: Final = 32
COMMITMENT_BYTES: Final = 32
TAG_BYTES: Final = 16
ID_BYTES: Final = 16

DIRECTORY_LABEL: Final = b"mfmc-edge/v1/directory"
GROUP_LABEL: Final = b"mfmc-edge/v1/group/"
RENDITION_LABEL: Final = b"mfmc-edge/v1/rendition/"
WRAP_LABEL: Final = b"mfmc-edge/v1/wrap/"
TEMPLATE_LABEL: Final = b"mfmc-edge/v1/template"

# A key is derived with a fresh salt for one ciphertext alone, so the nonce cannot repeat under it.
NONCE: Final = bytes(12)


class Box:
    """Seals or opens exactly one ciphertext: one derived key, one commitment, one associated data."""

    __slots__ = ("_aead", "commitment")

    def __init__(self, secret: bytes, salt: bytes, label: bytes) -> None:
        """Derive the key and the commitment; ``secret`` is one or more 32-byte keys joined."""
        okm = HKDF(SHA256(), KEY_BYTES + COMMITMENT_BYTES, salt, label).derive(secret)
        self._aead = AESGCM(okm[:KEY_BYTES])
        self.commitment = okm[KEY_BYTES:]

    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        """Plaintext -> ciphertext and tag, bound to ``context``. Call once per box: the nonce is fixed."""
        return self._aead.encrypt(NONCE, plaintext, context)

    def open(self, ciphertext: bytes | memoryview, context: bytes) -> bytes:
        """Ciphertext and tag -> plaintext; raises ``Damaged`` for any mismatch and releases nothing before the tag holds."""
        try:
            return self._aead.decrypt(NONCE, ciphertext, context)
        except (InvalidTag, ValueError):
            raise Damaged from None

    def require(self, commitment: bytes) -> None:
        """Compare with a stored commitment in constant time; raises ``Damaged``."""
        if not hmac.compare_digest(self.commitment, commitment):
            raise Damaged

    def __repr__(self) -> str:
        return "Box(***)"


def directory_label(rendition: int) -> bytes:
    """Label of the directory of the rendition of this width in px; 0 is the picture as it was uploaded."""
    return RENDITION_LABEL + rendition.to_bytes(4, "big") + b"/directory" if rendition else DIRECTORY_LABEL


def group_label(index: int, rendition: int) -> bytes:
    """Label of the group at ``index`` of the directory."""
    number = index.to_bytes(4, "big")
    return RENDITION_LABEL + rendition.to_bytes(4, "big") + b"/group/" + number if rendition else GROUP_LABEL + number


def wrap_context(photo_id: bytes, version: bytes, slot: int | None) -> bytes:
    """Associated data for wrapping a face key (``slot``) or the photo's directory key (``None``) with a key-encryption key."""
    if len(photo_id) != ID_BYTES or len(version) != ID_BYTES:
        raise ValueError("photo id and version are 16 bytes each")
    owner = b"directory" if slot is None else b"face/" + slot.to_bytes(2, "big")
    return WRAP_LABEL + photo_id + version + owner


def template_context(person: str) -> bytes:
    """Associated data for wrapping the key of this person's template."""
    return TEMPLATE_LABEL + b"/" + person.encode()


def padded_length(length: int) -> int:
    """Length after Padmé padding: hides all but O(log log n) bits of a length for at most 12 % more bytes.

    Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PoPETs 2019, §4.
    """
    if length < 2:
        return length
    exponent = length.bit_length() - 1
    low_bits = exponent - exponent.bit_length()
    mask = (1 << max(0, low_bits)) - 1
    return (length + mask) & ~mask
