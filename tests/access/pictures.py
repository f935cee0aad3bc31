"""Five photos of four faces, where every face of every edition, real or synthetic, is one flat colour that no other has.

An *edition* is what one publication shows: other originals and other fakes than the edition before, a few pixels further on.
"""

import os
from dataclasses import dataclass
from functools import cache
from functools import lru_cache
from hashlib import sha256

import numpy as np

from edge.catalog import Face
from edge.catalog import Photo
from edge.keys.envelope import wrap_context
from edge.keys.public_ring import PublicRing
from edge.keys.ring import KeyRing
from precompute import photo as upload
from precompute import seal
from precompute.blend import Overlay
from precompute.variants import Variants
from tests.pictures import by_opencv
from tests.pictures import jpeg
from tests.pictures import texture

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]

WIDTH, HEIGHT, FACES = 320, 96, 4
SIDE = 44
APART = (18, 98, 178, 258)
TOUCHING = (34, 79, 194, 239)  # one pixel between the faces of a pair: they share restart intervals
EDITIONS = 12  # with colours of their own; the next one looks like the first again
TOLERANCE = 12  # of a channel, for what the quantisation does; two colours differ by 32 in one at least

SHAPES = (("444", APART), ("420", APART), ("422", APART), ("420", TOUCHING), ("444", TOUCHING))
PHOTOS = tuple(range(len(SHAPES)))


def path(photo: int) -> str:
    """Where the photo is published."""
    return f"/2026/p{photo}.jpg"


def boxes(photo: int, edition: int) -> tuple[Box, ...]:
    """The faces, left to right; an edition's lie on those of every other edition of the photo."""
    move = 2 * (edition % 3)
    return tuple((x + move, 24 + move, SIDE, SIDE) for x in SHAPES[photo][1])


def colour(photo: int, edition: int, face: int, *, real: bool) -> Colour:
    """The one colour (BGR) of a face of an edition, as it is or as everybody sees it."""
    number = ((edition % EDITIONS * len(PHOTOS) + photo) * FACES + face) * 2 + real
    mixed = number * 197 % 512  # odd, so no two numbers meet
    return 16 + 32 * (mixed & 7), 16 + 32 * (mixed >> 3 & 7), 16 + 32 * (mixed >> 6)


def look(body: bytes, photo: int, edition: int) -> list[Colour]:
    """The decoded colour at the centre of every face."""
    pixels = by_opencv(body)
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    centres = [(y + h // 2, x + w // 2) for x, y, w, h in boxes(photo, edition)]
    return [tuple(map(int, pixels[at])) for at in centres]  # type: ignore[misc]


@lru_cache(maxsize=256)
def shown(body: bytes, photo: int, edition: int) -> frozenset[int]:
    """The faces that are real in these bytes; raises ``AssertionError`` unless each is just its original or just its fake."""
    found = set()
    for face, seen in enumerate(look(body, photo, edition)):
        real, fake = (colour(photo, edition, face, real=which) for which in (True, False))
        assert _near(seen, real) or _near(seen, fake), f"face {face} of photo {photo}, edition {edition}, is {seen}"
        if _near(seen, real):
            found.add(face)
    return frozenset(found)


def _near(one: Colour, other: Colour) -> bool:
    return all(abs(a - b) <= TOLERANCE for a, b in zip(one, other, strict=True))


@lru_cache(maxsize=len(SHAPES) * EDITIONS)
def _upload(photo: int, edition: int) -> tuple[upload.Photo, Variants]:
    """The photo as somebody uploads it, and its synthetic faces."""
    pixels = texture(WIDTH, HEIGHT, photo)
    places = boxes(photo, edition)
    for face, (x, y, w, h) in enumerate(places):
        pixels[y : y + h, x : x + w] = colour(photo, edition, face, real=True)
    read = upload.read(jpeg(pixels, SHAPES[photo][0], 92), upload.Limits())
    overlays = [
        Overlay(x, y, np.full((h, w, 3), colour(photo, edition, face, real=False), np.uint8), np.ones((h, w), np.float32))
        for face, (x, y, w, h) in enumerate(places)
    ]
    return read, seal.with_few_sharing(read.canvas, overlays)


@dataclass(frozen=True, repr=False)
class Edition:
    """One publication of a photo: what the real sealing code made of it, under fresh keys. ``slots[face]`` is a face's number."""

    photo: int
    number: int
    sealed: seal.SealedPhoto

    @property
    def slots(self) -> tuple[int, ...]:
        """The number of each face, left to right."""
        return self.sealed.slots

    def record(
        self, ring: KeyRing | PublicRing, uploader: str, owners: list[str | None], now: float, *, tagged: bool
    ) -> Photo:
        """The catalog's record: keys wrapped by the ring; ``tagged``: whoever owns a face counts as tagged by the uploader."""
        made = self.sealed

        def wrapped(key: bytes, slot: int | None) -> bytes:
            return ring.wrap(key, wrap_context(made.photo_id, made.version, slot))

        faces = [
            Face(slot, box, owner, None, wrapped(made.face_keys[slot], slot), shown=tagged and owner is not None)
            for slot, box, owner in zip(self.slots, boxes(self.photo, self.number), owners, strict=True)
        ]
        return Photo(
            path(self.photo), made.photo_id, made.version, sha256(made.base).digest(), len(made.base), WIDTH, HEIGHT,
            wrapped(made.directory_key, None), now, tuple(sorted(faces, key=lambda face: face.slot)), uploader,
        )  # fmt: skip


def edition(photo: int, number: int, photo_id: bytes | None = None) -> Edition:
    """The photo sealed anew; a photo that is published again keeps its id."""
    read, variants = _upload(photo, number)
    return Edition(photo, number, seal.photo(variants, read.style, photo_id or os.urandom(16), os.urandom))


@cache
def first(photo: int) -> Edition:
    """The first edition, the same for all who start anew."""
    return edition(photo, 0)
