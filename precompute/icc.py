"""A colour profile, written anew: what maps the colours is kept; names, dates, makers and private tags are not (ICC.1:2022)."""

import struct
from typing import Final

MAX_BYTES: Final = 4 << 20
_HEADER_BYTES: Final = 128
_SPACES: Final = {1: b"GRAY", 3: b"RGB "}
_TEXT: Final = b"text" + bytes(5)
_NEEDED: Final = {1: frozenset({b"kTRC"}), 3: frozenset(b"rXYZ gXYZ bXYZ rTRC gTRC bTRC".split())}
_KEPT: Final = _NEEDED[1] | _NEEDED[3] | frozenset(b"wtpt bkpt chad".split())
_MOST_CURVE_POINTS: Final = 4096
_PARAMETERS: Final = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}  # of a parametric curve, by function type (ICC.1:2022 table 68)


def rebuilt(profile: bytes, components: int) -> bytes:
    """ICC profile -> one with only its matrix and tone curves, or nothing where it has none or is for another kind of picture.

    Look-up tables are not kept: they can be as large as a picture, and hold one.
    """
    try:
        tags = _tags(profile, components)
    except (ValueError, struct.error):
        return b""
    return _written(profile, tags) if tags else b""


def _tags(profile: bytes, components: int) -> dict[bytes, bytes]:
    (size,) = struct.unpack_from(">I", profile)
    if size > min(len(profile), MAX_BYTES) or profile[36:40] != b"acsp" or profile[16:20] != _SPACES[components]:
        raise ValueError
    (count,) = struct.unpack_from(">I", profile, _HEADER_BYTES)
    tags = {}
    for i in range(min(count, 100)):
        name, at, length = struct.unpack_from(">4sII", profile, _HEADER_BYTES + 4 + 12 * i)
        if at + length > size or length < 8:
            raise ValueError
        if name in _KEPT:
            tags[name] = _exact(profile[at : at + length])
    if not _NEEDED[components] <= set(tags):
        raise ValueError
    return tags


def _exact(tag: bytes) -> bytes:
    """The tag cut to just the numbers that its type has (ICC.1:2022 §10); ValueError for other types."""
    kind = tag[:4]
    if kind == b"XYZ ":
        size = 20
    elif kind == b"sf32":
        size = 8 + 4 * 9
    elif kind == b"curv":
        (points,) = struct.unpack_from(">I", tag, 8)
        size = 12 + 2 * min(points, _MOST_CURVE_POINTS + 1)
    elif kind == b"para":
        (function,) = struct.unpack_from(">H", tag, 8)
        size = 12 + 4 * _PARAMETERS.get(function, 1 << 20)
    else:
        raise ValueError
    if size > len(tag) or size > 12 + 2 * _MOST_CURVE_POINTS:
        raise ValueError
    return tag[:4] + bytes(4) + tag[8:size]


def _written(profile: bytes, tags: dict[bytes, bytes]) -> bytes:
    modern = profile[8] >= 4
    tags = {b"desc": _unicode("photo") if modern else _ascii("photo"), b"cprt": _unicode("") if modern else _TEXT} | tags
    distinct = list(dict.fromkeys(tags.values()))
    at, places, body = _HEADER_BYTES + 4 + 12 * len(tags), {}, b""
    for data in distinct:
        places[data] = at + len(body)
        body += data + bytes(-len(data) % 4)
    table = struct.pack(">I", len(tags)) + b"".join(
        struct.pack(">4sII", name, places[data], len(data)) for name, data in tags.items()
    )
    return _header(profile, at + len(body)) + table + body


def _header(profile: bytes, size: int) -> bytes:
    """Version, class, spaces, intent and illuminant as they were; every field about origin, time or maker says nothing."""
    kept = bytearray(_HEADER_BYTES)
    kept[8:24], kept[36:40], kept[64:80] = profile[8:24], b"acsp", profile[64:80]
    struct.pack_into(">I", kept, 0, size)
    struct.pack_into(">3H", kept, 24, 2000, 1, 1)  # a date is required; this one says nothing
    return bytes(kept)


def _unicode(text: str) -> bytes:
    """multiLocalizedUnicodeType (ICC.1:2022 §10.15)."""
    letters = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">III", 0, 1, 12) + b"enUS" + struct.pack(">II", len(letters), 28) + letters


def _ascii(text: str) -> bytes:
    """textDescriptionType (ICC.1:2001-04 §6.5.17)."""
    letters = text.encode() + b"\0"
    return b"desc" + struct.pack(">II", 0, len(letters)) + letters + bytes(4 + 4 + 2 + 1 + 67)
