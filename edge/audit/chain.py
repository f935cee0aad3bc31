"""The chain: what one entry is, and how its digest binds it to all entries before it.

    secret     32 random bytes, in the catalog, wrapped like a face key (context ``mfmc-edge/v1/secret/audit``)
    okm        = HKDF-SHA256(ikm=secret, salt="", info="mfmc-edge/v1/audit", length=96)
    chain key  = okm[0:32]    seal key = okm[32:64]    pseudonym key = okm[64:96]
    digest(n)  = HMAC-SHA256(chain key, joined(digest(n-1), n(8), at(8), actor, action, photo, slots, subject))
    digest(0)  = 32 zero bytes
    seal(n)    = HMAC-SHA256(seal key, n(8) || digest(n))       kept once, beside the log: where it ends
    pseudonym  = hex(HMAC-SHA256(pseudonym key, user ID)[0:16])

``joined`` is ``edge.cache.key.joined``; ``at`` is an IEEE 754 double, all numbers are big-endian. Without the secret nobody can
make an entry, so whoever can write to the database alone cannot mend the chain after changing, removing or adding one. Putting an
older end of the log back as a whole is found by the anchor (``edge.audit.anchor``), which lies outside the database.
"""

import hmac
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge.cache.key import joined

DIGEST_BYTES: Final = 32
PSEUDONYM_BYTES: Final = 16
LABEL: Final = b"mfmc-edge/v1/audit"
START: Final = bytes(DIGEST_BYTES)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; people are pseudonyms, the photo is its random id in hex, ``slots`` are numbers and commas."""

    at: float
    actor: str
    action: str
    photo: str = ""
    slots: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the log: its number, counted from 1, and its digest; number 0 is before the first entry."""

    number: int
    digest: bytes


class Chain:
    """Makes digests, seals and pseudonyms; its ``repr`` tells nothing of the secret."""

    __slots__ = ("_chain", "_people", "_seal")

    def __init__(self, secret: bytes) -> None:
        okm = HKDF(SHA256(), 3 * DIGEST_BYTES, b"", LABEL).derive(secret)
        self._chain, self._seal, self._people = okm[:32], okm[32:64], okm[64:]

    def __repr__(self) -> str:
        return "Chain(***)"

    def next(self, before: Link, entry: Entry) -> Link:
        """The link that ``entry`` makes after ``before``."""
        number = before.number + 1
        fields = (entry.actor, entry.action, entry.photo, entry.slots, entry.subject)
        content = joined(before.digest, struct.pack(">Q", number), struct.pack(">d", entry.at), *(f.encode() for f in fields))
        return Link(number, hmac.digest(self._chain, content, "sha256"))

    def seal(self, end: Link) -> bytes:
        """What shows that the log ended at this link."""
        return hmac.digest(self._seal, struct.pack(">Q", end.number) + end.digest, "sha256")

    def pseudonym(self, person: str) -> str:
        """The name a person has in the log; the same for all entries of one catalog, and of no other."""
        return hmac.digest(self._people, person.encode(), "sha256")[:PSEUDONYM_BYTES].hex()
