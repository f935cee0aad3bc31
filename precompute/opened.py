"""A published photo as its files and the keys at hand give it: the base, and the original as far as it can still be had."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from hashlib import sha256
from pathlib import Path
from typing import Any
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from sqlalchemy import Select
from sqlalchemy import func
from sqlalchemy import select

from edge.catalog import Catalog
from edge.catalog import Photo
from edge.catalog import tables
from edge.errors import Damaged
from edge.errors import Unavailable
from edge.keys.envelope import wrap_context
from edge.origin import names
from edge.render import sealed
from edge.render import splice
from precompute.config import Config
from precompute.errors import NotMeasurable
from precompute.keys import Opens

Pixels = npt.NDArray[np.uint8]
PATH = tables.PHOTO.c.path
PAGE = 1_000
SAME_FACE: Final = 0.5  # in common; whoever is taken for another one would be shown to that one's friends


@dataclass(frozen=True, slots=True)
class Published:
    """What the catalog has of a photo: its record, and the text of its certificate."""

    photo: Photo
    certificate: str


@dataclass(frozen=True, slots=True)
class Opened:
    """Upright, BGR uint8 (h, w, 3): the base, and the picture with the original faces of ``slots``; it must not leave memory.

    ``shown``: the JPEG file of the latter.
    """

    base: Pixels
    original: Pixels = field(repr=False)
    slots: frozenset[int]
    shown: bytes = field(repr=False)


def published(config: Config, path: str) -> Published:
    """The catalog's record of the photo at ``path``; raises ``NotMeasurable``."""

    async def ask() -> tuple[Photo | None, str | None]:
        async with Catalog.open(config.catalog_url) as catalog:
            photo = await catalog.photo(path)
            if photo is None:
                return None, None
            version = photo.version  # of just this version: another may be published meanwhile
            wanted = select(tables.PHOTO.c.certificate).filter_by(path=path, version=version)
            async with catalog.database.reading() as connection:
                return photo, (await connection.execute(wanted)).scalar()

    try:
        photo, certificate = asyncio.run(ask())
    except Unavailable:
        raise NotMeasurable("the catalog cannot be read") from None
    if photo is None:
        raise NotMeasurable("no such photo is published")
    if certificate is None:
        raise NotMeasurable("it was published anew just now; try again")
    return Published(photo, certificate)


def paths(config: Config) -> Iterator[str]:
    """Where photos are published, in order; raises ``NotMeasurable``. What is published meanwhile may be among them or not."""
    found = [""]
    while found:
        found = _asked(config, select(PATH).where(PATH > found[-1]).order_by(PATH).limit(PAGE))
        yield from found


def count(config: Config) -> int:
    """How many photos are published; raises ``NotMeasurable``."""
    return int(_asked(config, select(func.count()).select_from(tables.PHOTO))[0])


def _asked(config: Config, wanted: Select[Any]) -> list[Any]:
    async def ask() -> list[Any]:
        async with Catalog.open(config.catalog_url) as catalog, catalog.database.reading() as connection:
            return list((await connection.scalars(wanted)).all())

    try:
        return asyncio.run(ask())
    except Unavailable:
        raise NotMeasurable("the catalog cannot be read") from None


def of(photo: Photo, config: Config, keys: Opens) -> Opened:
    """Read both files, open what the keys open, and put the originals back; raises ``NotMeasurable`` and ``KeyRingError``."""
    base_name, sidecar_name = names(photo.path, photo.version)
    base = _file(config.folder / base_name, config.max_file_bytes)
    if sha256(base).digest() != photo.base_sha256 or len(base) != photo.base_size:
        raise NotMeasurable(f"{base_name} is not the base that was published")
    sidecar = _file(config.folder / sidecar_name, config.max_file_bytes)
    try:
        directory_key = keys.unwrap(photo.wrapped_key, wrap_context(photo.photo_id, photo.version, None))
        parsed = sealed.parse(
            sidecar, directory_key, photo_id=photo.photo_id, version=photo.version,
            base_sha256=photo.base_sha256, base_size=photo.base_size,
        )  # fmt: skip
        face_keys = {
            face.slot: keys.unwrap(face.wrapped_key, wrap_context(photo.photo_id, photo.version, face.slot))
            for face in photo.faces
            if face.wrapped_key is not None
        }
        shown = splice.reveal(splice.plan(base, parsed, face_keys))
    except Damaged:
        raise NotMeasurable(f"{sidecar_name} or a wrapped key is damaged: the originals do not open") from None
    units = [unit for unit in parsed.units if all(slot in face_keys for slot in unit)]  # others reveal only together
    return Opened(_upright(base), _upright(shown), frozenset(slot for unit in units for slot in unit), shown)


def _file(file: Path, limit: int) -> bytes:
    try:
        with file.open("rb") as source:
            data = source.read(limit + 1)
    except OSError as error:
        raise NotMeasurable(f"{file.name} cannot be read ({error.strerror})") from None
    if len(data) > limit:
        raise NotMeasurable(f"{file.name} is larger than edge.origin.max_bytes ({limit})")
    return data


def _upright(data: bytes) -> Pixels:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise NotMeasurable("the picture does not decode")
    return np.asarray(pixels, np.uint8)


def whole(box: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """A face's box as the catalog keeps it."""
    x, y, w, h = box
    return round(x), round(y), round(w), round(h)
