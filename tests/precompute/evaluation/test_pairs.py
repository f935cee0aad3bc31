"""A picture is replaced as sealing does it, and what is measured is what would be published."""

import numpy as np
import pytest

from precompute import people
from precompute import photo as upload
from precompute.company import Company
from precompute.errors import Rejected
from precompute.evaluation import pairs
from precompute.similarity.measures import OF_IMAGES
from tests import pictures
from tests.precompute.evaluation import crowd

BOXES = ((20, 20, 60, 70), (110, 30, 50, 60))
DATA = pictures.jpeg(pictures.texture(200, 160, 1))


def looked(anonymiser: crowd.Meshed, chosen: tuple[int, ...] = (0, 1), seed: bytes = b"s") -> pairs.Picture:
    found = pairs.of(DATA, upload.Limits(), anonymiser, (), seed, lambda faces, size: chosen)
    assert found is not None
    return found


def test_of() -> None:
    """Every face is replaced, the chosen ones are measured, on the decoded base."""
    anonymiser = crowd.Meshed(BOXES)
    found = looked(anonymiser, (1,))
    assert (len(found.pairs), found.faces, found.pixels) == (1, 2, 200 * 160)
    (pair,) = found.pairs
    assert (pair.method, pair.found, pair.width) == ("donor", True, 50)
    assert pair.fake[crowd.NAME].shape == (2, crowd.SIZE)
    assert pair.landmark_error == 0
    assert pair.seen is not None
    assert pair.seen.gender == "female"
    assert pair.views[0] != pair.views[1]
    assert all(view.startswith(b"\xff\xd8") for view in pair.views)
    assert set(found.seconds) == {"read", "find", "replace", "publish"}
    assert found.outside.blocks == 0


def test_published_is_what_was_measured() -> None:
    """The decoded base is, at the face, what the anonymiser was shown to measure."""
    anonymiser = crowd.Meshed(BOXES)
    looked(anonymiser)
    photo = upload.read(DATA, upload.Limits())
    faces = anonymiser.find(photo.pixels)
    done = pairs.replace(photo, faces, anonymiser, pairs.sha256(b"s").digest(), Company(faces, people.OFF))
    x, y, w, h = BOXES[0]
    inside = np.s_[y + 20 : y + h - 20, x + 20 : x + w - 20]
    np.testing.assert_array_equal(pairs.published(photo, done)[inside], anonymiser.seen[-1][inside])


def test_alike() -> None:
    """Every measure that compares pictures, on grey crops: a flat picture 30 levels brighter is 30 grey levels off."""
    points = crowd.Meshed(BOXES).find(np.zeros((160, 200, 3), np.uint8))[0].points
    flat = np.full((160, 200, 3), 100, np.uint8)
    found = pairs.alike(flat, flat + np.uint8(30), points)
    assert set(found) == set(OF_IMAGES)
    assert found["rmse"] == pytest.approx(30)
    assert found["psnr"] == pytest.approx(20 * np.log10(255 / 30))


def test_not_found_again() -> None:
    """Where the detector loses the fake, it is looked at where the original was, and nothing is said of what is kept."""
    (pair,) = looked(crowd.Meshed(BOXES, lost=1), (0,)).pairs
    assert not pair.found
    assert pair.again is None
    assert pair.landmark_error is None
    assert pair.fake[crowd.NAME].shape == (1, crowd.SIZE)


def test_opaque() -> None:
    """An opaque fill has no feather, no seam and no landmarks to be measured."""
    (pair,) = looked(crowd.Meshed(BOXES, refused=(3,)), (0,)).pairs
    assert pair.method == "opaque"
    assert (pair.edge, pair.rings, pair.landmark_error) == (None, None, None)


def test_nobody_meant() -> None:
    """Without a face that is meant there is nothing; what cannot be read is refused as anywhere."""
    assert pairs.of(DATA, upload.Limits(), crowd.Meshed(()), (), b"s", lambda faces, size: ()) is None
    with pytest.raises(Rejected):
        pairs.of(b"nothing", upload.Limits(), crowd.Meshed(()), (), b"s", lambda faces, size: ())


def test_same_place() -> None:
    """The face that shares most of the place counts, and none that shares little."""
    faces = crowd.Meshed(BOXES).find(np.zeros((160, 200, 3), np.uint8))
    assert pairs.same_place(faces[0], faces[::-1]) is faces[0]
    assert pairs.same_place(faces[0], faces[1:]) is None
    assert pairs.same_place(faces[0], ()) is None


def test_blank() -> None:
    """Under the mask nothing is left but one colour; around it all is as it was."""
    photo = upload.read(DATA, upload.Limits())
    anonymiser = crowd.Meshed(BOXES)
    face = anonymiser.find(photo.pixels)[0]
    fake = next(anonymiser.fakes(photo.pixels, face, np.random.default_rng(0)))
    found = pairs.blank(photo.pixels, fake)
    inside = np.zeros(photo.pixels.shape[:2], np.float32)
    inside[fake.y : fake.y + 70, fake.x : fake.x + 60] = fake.weight
    assert len(np.unique(found[inside == 1], axis=0)) == 1
    np.testing.assert_array_equal(found[inside == 0], photo.pixels[inside == 0])
