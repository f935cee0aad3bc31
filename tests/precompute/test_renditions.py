"""Renditions: a base tells nothing that the photo's own does not, and each viewer's picture is that viewer's photo, scaled."""

import os
from dataclasses import replace
from hashlib import sha256
from itertools import combinations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from PIL import ExifTags
from PIL import Image

from edge.errors import Damaged
from edge.render import sealed as form
from edge.render import splice
from edge.render.settings import Sizes
from precompute import photo as upload
from precompute import pipeline
from precompute import renditions
from precompute import seal
from precompute.jpeg import markers
from precompute.jpeg import reader
from precompute.jpeg import transform
from tests.pictures import jpeg
from tests.pictures import saved
from tests.pictures import texture
from tests.sealing import Box
from tests.sealing import ellipse

Pixels = npt.NDArray[np.uint8]
STORED = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


def sealed_with(data: bytes, boxes: list[Box], *widths: int, mark: seal.Mark | None = None) -> seal.SealedPhoto:
    """An upload with a flat fake in each box, and its renditions."""
    photo = upload.read(data, upload.Limits())
    overlays = [ellipse(box, (40 + 60 * (i % 3), 130, 200 - 50 * (i % 4))) for i, box in enumerate(boxes)]
    variants = seal.with_few_sharing(photo.canvas, overlays)
    made = seal.photo(variants, photo.style, os.urandom(16), os.urandom, mark)
    return renditions.with_all(made, variants, photo.style, Sizes(renditions=widths), mark)


def keys(sealed: seal.SealedPhoto, faces: tuple[int, ...]) -> dict[int, bytes]:
    """The keys of these faces by slot."""
    return {sealed.slots[face]: sealed.face_keys[sealed.slots[face]] for face in faces}


def seen(sealed: seal.SealedPhoto, faces: tuple[int, ...], small: seal.Picture | None = None) -> bytes:
    """What the edge makes for a viewer who may see these faces."""
    base, sidecar, width = (sealed.base, sealed.sidecar, 0) if small is None else (small.base, small.sidecar, small.width)
    return splice.reveal(splice.plan(base, renditions.opened(sealed, base, sidecar, width), keys(sealed, faces)))


def decoded(data: bytes) -> Pixels:
    """BGR as stored."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), STORED)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)


def blocks(data: bytes) -> npt.NDArray[np.int16]:
    """The coefficients of a file."""
    frame = markers.walk(data).frame
    assert frame is not None
    return reader.read(data, frame)[0]


def scaled(data: bytes, like: bytes) -> npt.NDArray[np.int16]:
    """The coefficients that a whole picture has once it is scaled to the size of another, in that one's tables."""
    header = markers.walk(like)
    assert header.frame is not None
    _, tables = reader.read(like, header.frame)
    size = header.frame.width, header.frame.height
    pixels = np.asarray(cv2.resize(decoded(data), size, interpolation=cv2.INTER_AREA), np.uint8)
    return transform.blocks_of(pixels, header.frame, tables, (0, header.frame.mcus[0], 0, header.frame.mcus[1]))


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_each_sees_the_scaled_photo(data: st.DataObject) -> None:
    """For any picture, faces and size: whoever may see some faces gets just the photo with those faces, scaled.

    The public base is the scaled base and nothing else, so no block of it can hold anything of an original.
    """
    width, height = data.draw(st.integers(40, 150)), data.draw(st.integers(40, 150))
    boxes = [
        data.draw(st.tuples(st.integers(-8, width - 8), st.integers(-8, height - 8), st.integers(9, 60), st.integers(9, 60)))
        for _ in range(data.draw(st.integers(0, 4)))
    ]
    sampling = data.draw(st.sampled_from(["444", "422", "420", "440", "411"]))
    picture = jpeg(texture(width, height, data.draw(st.integers(0, 99))), sampling)
    made = sealed_with(picture, boxes, data.draw(st.integers(16, width - 1)))
    small = made.renditions[0]
    assert np.array_equal(blocks(small.base), scaled(made.base, small.base))
    units = renditions.opened(made, small.base, small.sidecar, small.width).units
    known = {slot: face for face, slot in enumerate(made.slots)}
    for count in range(len(units) + 1):
        for shown in combinations(units, count):
            faces = tuple(sorted(known[slot] for unit in shown for slot in unit))
            expected = scaled(seen(made, faces), small.base)
            assert np.abs(blocks(seen(made, faces, small)).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_sizes(orientation: int) -> None:
    """Widths are those of the upright picture; what is not smaller than the photo is not made, and shapes stay."""
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    data = saved(texture(200, 120), quality=90, exif=tags)
    wide = 200 if orientation < 5 else 120
    made = sealed_with(data, [(20, 20, 40, 50)], 60, wide - 1, wide, wide + 1)
    assert [each.width for each in made.renditions] == [60, wide - 1]
    for each in made.renditions:
        upright = cv2.imdecode(np.frombuffer(each.base, np.uint8), cv2.IMREAD_COLOR)
        assert upright is not None
        assert upright.shape[1::-1] == (each.width, each.height)
        assert abs(each.height / each.width - (320 - wide) / wide) < 0.6 / each.width


def test_gray() -> None:
    """A gray photo has gray renditions."""
    made = sealed_with(saved(texture(100, 80), mode="L"), [(20, 20, 40, 50)], 50)
    assert markers.walk(made.renditions[0].base).colours == 1
    assert not np.array_equal(decoded(made.renditions[0].base), decoded(seen(made, (0,), made.renditions[0])))


def test_sealed_for_one_size() -> None:
    """A sidecar opens for its own rendition and base alone, and with the keys of its own photo."""
    made = sealed_with(jpeg(texture(120, 90)), [(20, 20, 40, 50)], 40, 80)
    small, large = made.renditions
    for base, sidecar, width in (
        (small.base, small.sidecar, 80), (small.base, small.sidecar, 0), (small.base, large.sidecar, 40),
        (large.base, small.sidecar, 40), (made.base, made.sidecar, 40), (small.base, made.sidecar, 0),
    ):  # fmt: skip
        with pytest.raises(Damaged):
            renditions.opened(made, base, sidecar, width)
    with pytest.raises(Damaged):
        renditions.opened(replace(made, directory_key=os.urandom(32)), small.base, small.sidecar, 40)
    others = renditions.opened(made, small.base, small.sidecar, 40)
    with pytest.raises(Damaged):
        splice.plan(small.base, others, {slot: os.urandom(32) for slot in made.slots})


def test_crowds_join() -> None:
    """Where more than three faces meet in a block of a small rendition they reveal only together; alone, they stay hidden."""
    boxes = [(60 * i + 16, 20, 40, 60) for i in range(9)]
    made = sealed_with(jpeg(texture(560, 100)), boxes, 48, 480)
    crowd, wide = made.renditions
    joined = renditions.opened(made, crowd.base, crowd.sidecar, crowd.width).units
    assert max(map(len, joined)) > 3
    assert all(len(unit) == 1 for unit in renditions.opened(made, wide.base, wide.sidecar, wide.width).units)
    assert seen(made, (made.slots.index(max(joined, key=len)[0]),), crowd) == crowd.base
    assert seen(made, tuple(range(9)), crowd) == crowd.skeleton


def test_marked() -> None:
    """A mark stands in every rendition's base, and in no answer with a real face."""

    def mark(base: bytes) -> tuple[bytes, form.Cut]:
        return base[:2] + b"\xff\xfe\x00\x06MARK" + base[2:], form.Cut(2, 10, 0)

    made = sealed_with(jpeg(texture(120, 90)), [(20, 20, 40, 50)], 40, mark=mark)
    small = made.renditions[0]
    assert b"MARK" in small.base
    assert b"MARK" not in seen(made, (0,), small)
    assert np.array_equal(blocks(small.base), scaled(made.base, small.base))


def test_records() -> None:
    """The catalog is told each rendition's size and the hash of its base."""
    made = sealed_with(jpeg(texture(120, 90)), [(20, 20, 40, 50)], 40, 80)
    told = [(each.width, each.height, each.base_sha256) for each in renditions.records(made)]
    assert told == [(40, 30, sha256(made.renditions[0].base).digest()), (80, 60, sha256(made.renditions[1].base).digest())]
    pipeline.verify(upload.read(jpeg(texture(120, 90)), upload.Limits()), made)
