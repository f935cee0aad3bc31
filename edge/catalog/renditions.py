"""A photo's renditions as the catalog keeps them: one short text, so that one query still tells everything of a photo.

    rendition = width " " height " " size of the base in bytes " " SHA-256 of the base in hex
    text      = rendition *( "\\n" rendition )          ascending by width; empty where there are none
"""

from collections.abc import Iterable

from edge.catalog.records import Rendition


def text_of(renditions: Iterable[Rendition]) -> str:
    """What the catalog keeps."""
    ordered = sorted(renditions, key=lambda each: each.width)
    return "\n".join(f"{each.width} {each.height} {each.base_size} {each.base_sha256.hex()}" for each in ordered)


def read(text: str) -> tuple[Rendition, ...]:
    """What ``text_of`` was given."""
    return tuple([_one(*line.split(" ")) for line in text.split("\n")]) if text else ()


def _one(width: str, height: str, size: str, digest: str) -> Rendition:
    return Rendition(int(width), int(height), bytes.fromhex(digest), int(size))
