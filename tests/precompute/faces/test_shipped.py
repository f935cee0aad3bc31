"""The shipped mesh and attributes models on faces that the shipped face model draws: they see what was drawn."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from precompute import align
from precompute import head
from precompute import landmarks
from precompute import models
from precompute.evaluation import kept
from precompute.facemodel import sheet
from precompute.facemodel import weights as files
from precompute.facemodel.sampler import FaceModel
from precompute.facemodel.sheet import CELL
from precompute.facemodel.sheet import GRAY
from precompute.facemodel.sheet import Painter
from precompute.facemodel.sheet import Row
from precompute.session import Session

Floats = npt.NDArray[np.float32]

EACH = 6


@dataclass(frozen=True)
class Drawn:
    """BGR uint8 (192, 192, 3) of a face on gray, its mesh (478, 3), and its gender."""

    pixels: npt.NDArray[np.uint8]
    mesh: Floats
    gender: str


@pytest.fixture(scope="module")
def drawn() -> list[Drawn]:
    """Women of 25 and men of 40 years."""
    weights, rng = files.load(models.SHIPPED / "face-model.npz"), np.random.default_rng(0)
    painter, model, found = Painter(weights), FaceModel(weights, []), []
    for row in (Row("female", 25), Row("male", 40)):
        samples = sheet._samples(weights, model, row, rng)
        for _ in range(EACH):
            donor, tone = next(samples)
            pixels = np.full((CELL, CELL, 3), GRAY, np.uint8)
            sheet.draw(pixels, painter.portrait(donor, tone, 0, 0), 0, 0)
            shape = donor.mesh if donor.shape is None else donor.shape
            found.append(Drawn(pixels, sheet._centred(shape), row.gender))
    return found


def session(name: str) -> tuple[Session, int]:
    """A shipped model and the side of its crop."""
    file = models.SHIPPED / f"{name}.onnx"
    side = {"face-mesh": 96, "face-attributes": 64}[name]
    return Session(file, "cpu"), side


def look(pixels: npt.NDArray[np.uint8], centre: npt.NDArray[np.floating], span: float) -> tuple[Floats, float]:
    """The mesh (478, 3) and the presence's logit in a level square of the picture."""
    model, side = session("face-mesh")
    matrix = align.turned_square(centre, span, 0.0, side)
    crop = align.crop(pixels, matrix, side)[:, :, ::-1].astype(np.float32) / 255
    said = model.run(np.ascontiguousarray(crop[None]))
    points = said["landmarks"].reshape(-1, 3).copy()
    points[:, :2] = (points[:, :2] - matrix[:, 2]) * span / side
    points[:, 2] *= span / side
    return points, float(said["presence_logit"].reshape(-1)[0])


def bounds(mesh: Floats) -> tuple[Floats, float]:
    """Middle and long side of a mesh."""
    low, high = mesh[: landmarks.POINTS, :2].min(0), mesh[: landmarks.POINTS, :2].max(0)
    return (low + high) / 2, float((high - low).max())


def test_the_mesh_lies_on_faces_that_were_drawn(drawn: list[Drawn]) -> None:
    """Though they have no hair and no head, and the crop is a little off; presence says that a face is there."""
    errors, logits = [], []
    for i, face in enumerate(drawn):
        middle, long = bounds(face.mesh)
        off = np.array([np.cos(i), np.sin(i)]) * 0.04 * long
        mesh, logit = look(face.pixels, middle + off, 1.5 * long)
        errors.append(kept.landmark_error(face.mesh, mesh))
        logits.append(logit)
    assert np.mean(errors) < 0.09
    assert np.median(logits) > 0


def test_where_no_face_is_none_is_seen(drawn: list[Drawn]) -> None:
    """In plain gray, in noise, and upside down."""
    rng = np.random.default_rng(0)
    pictures = [np.full((CELL, CELL, 3), value, np.uint8) for value in (40, GRAY, 220)]
    pictures += [rng.integers(0, 256, (CELL, CELL, 3), np.uint8) for _ in range(3)]
    pictures += [np.ascontiguousarray(face.pixels[::-1]) for face in drawn[::3]]
    middle = np.array([CELL / 2, CELL / 2])
    seen = [1 / (1 + np.exp(-look(pixels, middle, 1.5 * CELL * sheet.FILLS)[1])) for pixels in pictures]
    assert np.mean(seen) < landmarks.LIKELY
    assert max(seen) < landmarks.SURE
    assert np.median(seen) < landmarks.LIKELY


def test_of_plain_gray_it_says_a_mean_face_that_looks_ahead() -> None:
    """Which is what stiff heads are made of: left and right alike, eyes above the mouth, the nose nearest."""
    model, side = session("face-mesh")
    said = model.run(np.full((1, side, side, 3), landmarks.GRAY / 255, np.float32))["landmarks"].reshape(-1, 3)
    wide = landmarks.width(said)
    assert 0.3 * side < wide < 0.9 * side
    left, right, nose, *mouth = landmarks.five(said)
    middle = (said[landmarks.SIDES[0]] + said[landmarks.SIDES[1]]) / 2
    assert abs(nose[0] - middle[0]) < 0.04 * wide
    assert abs(left[1] - right[1]) < 0.03 * wide
    assert abs((left + right)[0] / 2 - middle[0]) < 0.04 * wide
    assert min(each[1] for each in mouth) > nose[1] > max(left[1], right[1])
    assert nose[2] < min(left[2], right[2])
    fitted = head.Head(said, landmarks.five(said)).on(landmarks.five(said)[:, :2])
    assert kept.landmark_error(said, fitted) == pytest.approx(0, abs=0.02)


def test_gender_is_told_of_faces_that_were_drawn(drawn: list[Drawn]) -> None:
    """Of nearly all of them; women of 25 look younger than men of 40."""
    model, side = session("face-attributes")
    crops = []
    for face in drawn:
        middle, long = bounds(face.mesh)
        crops.append(align.crop(face.pixels, align.turned_square(middle, 1.15 * long, 0.0, side), side))
    said = model.run(np.stack(crops).transpose(0, 3, 1, 2).astype(np.float32))
    np.testing.assert_allclose(said["prob_female_male"].sum(1), 1, rtol=1e-4)
    is_female = np.array([face.gender == "female" for face in drawn])
    assert ((said["prob_female_male"][:, 0] > 0.5) == is_female).mean() >= 0.75
    years = 100 * said["age_div100"].reshape(-1)
    assert years[:EACH].mean() < years[EACH:].mean()
    assert 10 < years.min() < years.max() < 80
