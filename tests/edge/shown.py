"""A photo with renditions that the real sealing code made, published in a world, and eyes for what answers show of it."""

import io
import random
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt
from PIL import Image

from edge.catalog import Catalog
from edge.catalog import Face
from edge.catalog import Photo
from edge.catalog.publication import publish
from edge.keys.envelope import wrap_context
from edge.origin import names
from edge.render.settings import Sizes
from precompute import photo as upload
from precompute import renditions
from precompute import seal
from tests.fakes import NOW
from tests.fakes import PATH
from tests.fakes import Seen
from tests.fakes import World
from tests.pictures import jpeg
from tests.pictures import texture
from tests.sealing import ellipse

WIDTH, HEIGHT = 400, 300
BOXES = ((60, 80, 80, 100), (240, 80, 80, 100))
OWNERS = ("u-red", "u-green")
WIDTHS = (100, 200)
TABLES = {"sizes": {"renditions": list(WIDTHS)}}
COLOUR = (20, 220, 60)  # BGR of the fakes


@dataclass(frozen=True)
class Shown:
    """What was published, and what each viewer must see."""

    sealed: seal.SealedPhoto
    photo: Photo

    def picture(self, width: int) -> seal.Picture | seal.SealedPhoto:
        """One of its pictures."""
        return next((each for each in self.sealed.renditions if each.width == width), self.sealed)


async def published(world: World) -> Shown:
    """A photo with two faces and its renditions, in the catalog and at the origin; one face is green where the other is red."""
    pixels = texture(WIDTH, HEIGHT)
    for box, colour in zip(BOXES, ((30, 30, 240), (240, 60, 30)), strict=True):
        x, y, w, h = box
        pixels[y : y + h, x : x + w] = colour
    read = upload.read(jpeg(pixels, "444", 92), upload.Limits())
    variants = seal.with_few_sharing(read.canvas, [ellipse(box, COLOUR) for box in BOXES])
    made = seal.photo(variants, read.style, bytes(range(16)), random.Random(1).randbytes)
    made = renditions.with_all(made, variants, read.style, Sizes(renditions=WIDTHS), None)

    def wrapped(key: bytes, slot: int | None) -> bytes:
        return world.keys.wrap(key, wrap_context(made.photo_id, made.version, slot))

    faces = tuple(
        Face(slot, box, owner, None, wrapped(made.face_keys[slot], slot))
        for slot, box, owner in zip(made.slots, BOXES, OWNERS, strict=True)
    )
    photo = Photo(
        PATH, made.photo_id, made.version, sha256(made.base).digest(), len(made.base), WIDTH, HEIGHT,
        wrapped(made.directory_key, None), NOW - 60, faces, None, renditions.records(made),
    )  # fmt: skip
    for width, base, sidecar in [(0, made.base, made.sidecar), *((r.width, r.base, r.sidecar) for r in made.renditions)]:
        for name, content in zip(names(PATH, made.version, width), (base, sidecar), strict=True):
            file = world.folder / "origin" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    async with Catalog.open(world.settings.catalog.url) as catalog:
        await publish(catalog, photo)
    return Shown(made, photo)


def pixels(seen: Seen) -> npt.NDArray[np.int16]:
    """An answer's pixels, BGR."""
    with Image.open(io.BytesIO(seen.body)) as image:
        return np.asarray(image.convert("RGB"), np.int16)[:, :, ::-1]


def fakes(seen: Seen) -> list[bool]:
    """Of each face, whether its middle is the fake's colour."""
    picture = pixels(seen)
    scale = picture.shape[1] / WIDTH
    middles = [picture[int((y + h / 2) * scale), int((x + w / 2) * scale)] for x, y, w, h in BOXES]
    return [bool(np.abs(middle - COLOUR).max() < 60) for middle in middles]
