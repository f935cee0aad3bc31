"""A template: what recognisers see in somebody who asked to be found, and how it is kept.

It is biometric data. In clear it exists in memory alone; a row of the catalog holds::

    person       user ID
    model        "SHA-256 SP name" of every recogniser, ascending by name, joined by LF
    salt         32 random bytes
    wrapped_key  a random 32-byte key of this row alone, wrapped by the ring; context = TEMPLATE_LABEL "/" person
    sealed       commitment(32) || AES-256-GCM ciphertext || tag(16)

One ``edge.keys.envelope.Box`` of that key, the salt and TEMPLATE_LABEL seals the row; the commitment is compared first.
Associated data = joined(TEMPLATE_LABEL, person, model), so that a row opens for its own person and models alone.
Plaintext, little-endian::

    format       u8 = 1
    count        u8, recognisers
    count times, in the order of ``model``:
        dimension    u16, 1 to 4096
        vector       dimension * IEEE 754 binary16; of length 1 before it was rounded
    padding      zeros up to ``padded_length``
"""

import struct
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.cache.key import joined
from edge.errors import Damaged
from edge.keys.envelope import COMMITMENT_BYTES
from edge.keys.envelope import KEY_BYTES
from edge.keys.envelope import SALT_BYTES
from edge.keys.envelope import TAG_BYTES
from edge.keys.envelope import TEMPLATE_LABEL
from edge.keys.envelope import Box
from edge.keys.envelope import padded_length
from edge.keys.envelope import template_context
from precompute.keys import Opens
from precompute.keys import Wraps

Halves = npt.NDArray[np.float16]

FORMAT: Final = 1
MAX_DIMENSION: Final = 4_096
MAX_SEALED_BYTES: Final = 1 << 16
LENGTH_ERROR: Final = 0.01
HALF: Final = np.dtype("<f2")


@dataclass(frozen=True, slots=True, repr=False)
class Template:
    """A person and, by recogniser, a float16 (d,) of length 1. Never to be logged, shown or written in clear."""

    person: str
    vectors: Mapping[str, Halves]


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """A template as the catalog keeps it."""

    person: str
    model: str
    salt: bytes
    wrapped_key: bytes
    sealed: bytes


def spelled(models: Mapping[str, str]) -> str:
    """Recogniser -> SHA-256 in hex, as the one text that names them; it does not depend on their order."""
    return "\n".join(f"{models[name]} {name}" for name in sorted(models))


def models_of(text: str) -> dict[str, str]:
    """What ``spelled`` was given."""
    return {name: sha256 for sha256, _, name in (line.partition(" ") for line in text.split("\n"))}


def seal(template: Template, models: Mapping[str, str], keys: Wraps, random: Callable[[int], bytes]) -> Row:
    """A template made by exactly these models -> its row. ``random`` yields that many cryptographically random bytes."""
    key, salt, text = random(KEY_BYTES), random(SALT_BYTES), spelled(models)
    box = Box(key, salt, TEMPLATE_LABEL)
    sealed = box.commitment + box.seal(_encoded(template, sorted(models)), _associated(template.person, text))
    return Row(template.person, text, salt, keys.wrap(key, template_context(template.person)), sealed)


def unseal(row: Row, keys: Opens) -> Template:
    """Raises ``Damaged`` for anything altered or moved, and ``KeyRingError`` where the keys at hand cannot open it."""
    if not COMMITMENT_BYTES + TAG_BYTES <= len(row.sealed) <= MAX_SEALED_BYTES:
        raise Damaged
    box = Box(keys.unwrap(row.wrapped_key, template_context(row.person)), row.salt, TEMPLATE_LABEL)
    box.require(row.sealed[:COMMITMENT_BYTES])
    plain = box.open(row.sealed[COMMITMENT_BYTES:], _associated(row.person, row.model))
    return Template(row.person, _decoded(plain, sorted(models_of(row.model))))


def _associated(person: str, models: str) -> bytes:
    return joined(TEMPLATE_LABEL, person.encode(), models.encode())


def _encoded(template: Template, names: Sequence[str]) -> bytes:
    parts = [bytes((FORMAT, len(names)))]
    for name in names:
        vector = template.vectors[name].astype(HALF)
        parts += [struct.pack("<H", len(vector)), vector.tobytes()]
    plain = b"".join(parts)
    return plain.ljust(padded_length(len(plain)), b"\0")


def _decoded(plain: bytes, names: Sequence[str]) -> dict[str, Halves]:
    """Strictly what ``_encoded`` writes; raises ``Damaged``."""
    if plain[:2] != bytes((FORMAT, len(names))):
        raise Damaged
    found, at = {}, 2
    for name in names:
        found[name], at = _vector(plain, at)
    if len(plain) != padded_length(at) or any(plain[at:]):
        raise Damaged
    return found


def _vector(plain: bytes, at: int) -> tuple[Halves, int]:
    (dimension,) = struct.unpack_from("<H", plain, at) if at + 2 <= len(plain) else (0,)
    end = at + 2 + dimension * HALF.itemsize
    if not 0 < dimension <= MAX_DIMENSION or end > len(plain):
        raise Damaged
    vector = np.frombuffer(plain, HALF, dimension, at + 2)
    if not abs(float(np.linalg.norm(vector.astype(np.float32))) - 1) < LENGTH_ERROR:  # not: NaN is no length either
        raise Damaged
    return vector.astype(np.float16), end
