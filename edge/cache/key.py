"""What is cached or compared, as bytes: one injective form, so that two decisions can never share a key.

    joined   = count(4) || ( length(4) || field )*        big-endian
    decision = joined("decision", photo version, slot(4), slot(4), ...)   slots ascending
"""

from collections.abc import Set


def joined(*fields: bytes) -> bytes:
    """The fields as one byte string from which they can be read back without doubt."""
    parts = [len(fields).to_bytes(4, "big")]
    for field in fields:
        parts += (len(field).to_bytes(4, "big"), field)
    return b"".join(parts)


def decision(version: bytes, granted: Set[int]) -> bytes:
    """The canonical form of "this version of a photo, with these faces real"."""
    return joined(b"decision", version, *(slot.to_bytes(4, "big") for slot in sorted(granted)))
