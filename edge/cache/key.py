"""What is cached or compared, as bytes: one injective form, so that two decisions can never share a key.

    joined   = count(4) || ( length(4) || field )*        big-endian
    decision = joined("decision", photo version, (slot(4) || epoch(8) || owner's epoch(8)) *)   slots ascending
               for a rendition: joined("rendition", width(4), decision)
"""

import struct
from collections.abc import Iterable

Shown = tuple[int, int, int]


def joined(*fields: bytes) -> bytes:
    """The fields as one byte string from which they can be read back without doubt."""
    parts = [len(fields).to_bytes(4, "big")]
    for field in fields:
        parts += (len(field).to_bytes(4, "big"), field)
    return b"".join(parts)


def decision(version: bytes, shown: Iterable[Shown], rendition: int = 0) -> bytes:
    """The canonical form of "this version of a photo, with these faces real": slot, epoch and owner's epoch of each.

    ``rendition``: in which width, in px; 0 is the picture as it was uploaded.
    """
    whole = joined(b"decision", version, *(struct.pack(">IQQ", *face) for face in sorted(shown)))
    return joined(b"rendition", rendition.to_bytes(4, "big"), whole) if rendition else whole
