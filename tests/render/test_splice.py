"""Whatever is granted, each face is exactly the original or exactly the base, and all else is the upload's."""

from itertools import combinations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.errors import Damaged
from edge.render import splice
from precompute import photo as upload
from precompute import seal
from precompute.blend import Overlay
from precompute.blend import paste
from precompute.jpeg import markers
from precompute.jpeg import reader
from precompute.jpeg import transform
from tests import pictures
from tests.sealing import Box
from tests.sealing import Case
from tests.sealing import case

APART: tuple[Box, ...] = ((20, 30, 50, 64), (140, 20, 40, 52), (230, 90, 48, 60))
PICTURE = pictures.texture(320, 200)
KINDS = [
    pytest.param(pictures.jpeg(PICTURE, "420"), id="4:2:0"),
    pytest.param(pictures.jpeg(PICTURE, "422"), id="4:2:2"),
    pytest.param(pictures.jpeg(PICTURE, "444"), id="4:4:4"),
    pytest.param(pictures.jpeg(PICTURE, "440"), id="4:4:0"),
    pytest.param(pictures.saved(PICTURE, mode="L"), id="gray"),
    pytest.param(pictures.jpeg(PICTURE, "420", progressive=1), id="progressive"),
    pytest.param(pictures.jpeg(PICTURE, "420", rst_interval=5), id="restart-intervals"),
    pytest.param(pictures.jpeg(pictures.texture(317, 199), "420"), id="odd"),
    pytest.param(pictures.saved(PICTURE, "PNG"), id="png"),
]


def coefficients(data: bytes) -> npt.NDArray[np.int16]:
    header = markers.walk(data)
    assert header.frame is not None
    return reader.read(data, header.frame)[0]


def answer(sealed: Case, *faces: int) -> bytes:
    plan = splice.plan(sealed.sealed.base, sealed.parse(), sealed.keys(*faces))
    body = splice.reveal(plan)
    assert len(body) == plan.size
    return body


def subsets(count: int) -> list[tuple[int, ...]]:
    return [chosen for n in range(count + 1) for chosen in combinations(range(count), n)]


@pytest.mark.parametrize("data", KINDS)
def test_all_granted_is_the_upload(data: bytes) -> None:
    """With every face granted, OpenCV and Pillow decode exactly the upload's pixels."""
    sealed = case(data, *APART)
    body = answer(sealed, 0, 1, 2)
    assert body == sealed.sealed.skeleton
    if data[:2] == b"\xff\xd8":
        assert np.array_equal(pictures.by_opencv(body), pictures.by_opencv(data))
        assert np.array_equal(pictures.by_pillow(body), pictures.by_pillow(data))
    else:
        assert np.array_equal(pictures.by_opencv(body), sealed.photo.pixels)


@pytest.mark.parametrize("data", KINDS)
def test_nothing_granted_is_the_base(data: bytes) -> None:
    """Without keys the answer is the base, byte for byte, and no face in it is the original."""
    sealed = case(data, *APART)
    assert answer(sealed) == sealed.sealed.base
    shown, upload = pictures.by_opencv(sealed.sealed.base), sealed.photo.pixels
    for x, y, w, h in APART:
        assert np.abs(shown[y : y + h, x : x + w].astype(int) - upload[y : y + h, x : x + w]).mean() > 10


@pytest.mark.parametrize("data", KINDS)
def test_each_face_is_original_or_base(data: bytes) -> None:
    """For every subset: pixels of each face are the upload's or the base's, and those beyond all faces the upload's."""
    sealed = case(data, *APART)
    upload, base = sealed.photo.pixels, pictures.by_opencv(sealed.sealed.base)
    changed = (upload != base).any(2)
    for granted in subsets(3):
        shown = pictures.by_opencv(answer(sealed, *granted))
        for face, (x, y, w, h) in enumerate(APART):
            around = slice(y - 16, y + h + 16), slice(x - 16, x + w + 16)
            assert np.array_equal(shown[around], (upload if face in granted else base)[around])
        assert np.array_equal(shown[~changed], upload[~changed])


@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param(((40, 40, 40, 40), (82, 40, 40, 40)), id="side-by-side"),
        pytest.param(((40, 40, 60, 60), (70, 60, 60, 60)), id="two-overlap"),
        pytest.param(((40, 40, 60, 60), (70, 60, 60, 60), (60, 30, 50, 70)), id="three-overlap"),
        pytest.param(((40, 40, 60, 60), (40, 40, 60, 60)), id="one-on-the-other"),
        pytest.param(((-20, -20, 60, 60), (280, 160, 80, 80)), id="over-the-edge"),
        pytest.param(((0, 0, 320, 200),), id="all-of-the-picture"),
    ],
)
@pytest.mark.parametrize("sampling", ["420", "444"])
def test_shared_intervals(boxes: tuple[Box, ...], sampling: str) -> None:
    """Block by block, for every subset: see ``check_blocks``."""
    sealed = case(pictures.jpeg(PICTURE, sampling), *boxes)
    for granted in subsets(len(boxes)):
        check_blocks(sealed, granted)


def check_blocks(sealed: Case, granted: tuple[int, ...]) -> None:
    """A block that no hidden face touches is the upload's; one that no granted face touches is the base's."""
    upload, base = sealed.photo.canvas.blocks, coefficients(sealed.sealed.base)
    shown = coefficients(answer(sealed, *granted))
    hidden = np.zeros(upload.shape[:2], bool)
    seen = np.zeros(upload.shape[:2], bool)
    for face in range(len(sealed.boxes)):
        (seen if face in granted else hidden)[:] |= sealed.touched(face)
    assert np.array_equal(shown[~hidden], upload[~hidden])
    assert np.array_equal(shown[~seen], base[~seen])
    assert not (shown[hidden & seen] == upload[hidden & seen]).all() or not (hidden & seen).any()


def test_many_sharing_reveal_together() -> None:
    """Five faces on one spot become a unit: fake until every one of them is granted."""
    boxes = tuple((60 + 3 * i, 60, 40, 50) for i in range(5))
    sealed = case(pictures.jpeg(PICTURE), *boxes)
    assert answer(sealed, 0, 1, 2, 3) == sealed.sealed.base
    assert answer(sealed, 0, 1, 2, 3, 4) == sealed.sealed.skeleton


def test_sixty_faces() -> None:
    """A crowd of sixty: any one is revealed alone, all together are the upload."""
    boxes = tuple((10 + 52 * (i % 10), 10 + 52 * (i // 10), 40, 44) for i in range(60))
    sealed = case(pictures.jpeg(pictures.texture(540, 340)), *boxes)
    assert answer(sealed, *range(60)) == sealed.sealed.skeleton
    check_blocks(sealed, (33,))
    check_blocks(sealed, tuple(range(0, 60, 7)))


@pytest.mark.parametrize("weight", [0.02, 0.5, 0.98])
def test_feathered_rings_are_sealed_too(weight: float) -> None:
    """Blocks that a fake covers only in part are the base's, and the originals of them need the face's key."""
    photo = upload.read(pictures.jpeg(PICTURE, "444"), upload.Limits())
    faint = Overlay(64, 64, np.full((32, 32, 3), 255, np.uint8), np.full((32, 32), weight, np.float32))
    variants = seal.with_few_sharing(photo.canvas, [faint])
    across = photo.canvas.frame.mcus[0]
    covered = [y * across + x for y in range(8, 12) for x in range(8, 12)]
    assert sorted(variants.touched_mcus.tolist()) == covered
    window = paste(photo.canvas.pixels, faint)[64:96, 64:96]
    drawn = transform.blocks_of(window, photo.canvas.frame, photo.canvas.tables, (8, 12, 8, 12))
    assert np.array_equal(variants.base[covered], drawn)


def test_slots_are_random() -> None:
    """A face's slot says nothing about where it is: over some seals, the first face gets every slot."""
    seen = {case(pictures.jpeg(pictures.texture(64, 32)), (0, 0, 8, 8), (40, 8, 8, 8)).sealed.slots[0] for _ in range(40)}
    assert seen == {0, 1}


def test_no_faces() -> None:
    """A photo without faces is its own base and has nothing to reveal."""
    sealed = case(pictures.jpeg(PICTURE))
    assert sealed.sealed.base == sealed.sealed.skeleton == answer(sealed)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_survives(orientation: int) -> None:
    """Viewers that apply the orientation tag see the revealed photo as they see the upload."""
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + bytes([0, orientation]) + bytes(6)
    data = pictures.saved(PICTURE, exif=b"Exif\0\0" + exif, quality=90)
    sealed = case(data, (20, 30, 50, 64))
    assert np.array_equal(pictures.by_opencv(answer(sealed, 0)), pictures.by_opencv(data))
    assert np.array_equal(sealed.photo.pixels, pictures.by_opencv(data))


def test_wrong_key_opens_nothing() -> None:
    """Another face's key under this face's slot is refused before anything is decrypted."""
    sealed = case(pictures.jpeg(PICTURE), *APART)
    first, second = sealed.sealed.slots[0], sealed.sealed.slots[1]
    with pytest.raises(Damaged):
        splice.plan(sealed.sealed.base, sealed.parse(), {first: sealed.sealed.face_keys[second]})


def test_answers_are_not_reencoded() -> None:
    """Outside the faces' intervals the answer's bytes are the base's bytes."""
    sealed = case(pictures.jpeg(PICTURE), APART[0])
    body, base = answer(sealed, 0), sealed.sealed.base
    cuts = [cut for group in sealed.parse().groups for cut in group.cuts]
    assert body.startswith(base[: cuts[0].start])
    assert body.endswith(base[cuts[-1].end :])
    assert cv2.imdecode(np.frombuffer(body, np.uint8), 1) is not None
