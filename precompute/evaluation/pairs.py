"""One picture before and after: its faces replaced as sealing replaces them, and everything measured that later figures need."""

import time
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from typing import Protocol
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from precompute import align
from precompute import describe
from precompute import people
from precompute import photo as upload
from precompute import similarity
from precompute.anonymise import Anonymiser
from precompute.anonymise import Replacement
from precompute.anonymise import replace
from precompute.blend import Fake
from precompute.blend import Overlay
from precompute.blend import meeting
from precompute.blend import paste
from precompute.certify import SAME_SHARE
from precompute.company import Company
from precompute.describe import Recogniser
from precompute.detect import overlap
from precompute.evaluation import kept
from precompute.evaluation import outside
from precompute.evaluation import seam
from precompute.face import Face
from precompute.jpeg import entropy
from precompute.jpeg import writer
from precompute.landmarks import width
from precompute.orientation import upright
from precompute.similarity import Looks
from precompute.similarity.measures import OF_IMAGES

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
T = TypeVar("T")

CROP_SIDE: Final = 112  # the crop that ArcFace recognisers look at
SMALL_SIDE: Final = 48  # what the pixel inverter learns from
VIEW_SIDE: Final = 200  # what people look at
VIEW_REACH: Final = 2.0
VIEW_QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class Seen:
    """What detector, mesh and attributes say of a face: gender, years, yaw, pitch and roll in degrees, expression (3,)."""

    gender: describe.Gender
    age: float
    pose: Floats
    expression: Floats


@dataclass(frozen=True, slots=True)
class Pair:
    """One face and what became of it. ``method``: as the fake says; ``reason``: why the face could not be replaced better.

    width: of the box in px; original: recogniser -> unit vector (d,); fake: recogniser -> (v, d), looked at where the original's
    points were, and where the detector now finds the face, if it does (``again``, else None); blank: recogniser -> (d,), of the
    original with nothing but a plain colour where the mask is; landmark_error: share of the interocular distance, where there are
    two meshes; alike: what the measures that compare pictures say of the two, by name; rings: ``seam.statistics`` of original and
    published picture; crops: BGR uint8 (2, SMALL_SIDE, SMALL_SIDE, 3); views: two JPEG files.
    """

    method: str
    reason: str | None
    width: float
    tone: float | None
    seen: Seen | None
    again: Seen | None
    found: bool
    original: dict[str, Floats]
    fake: dict[str, Floats]
    blank: dict[str, Floats]
    landmark_error: float | None
    alike: dict[str, float]
    edge: outside.Edge | None
    rings: tuple[Floats, Floats] | None
    crops: Pixels
    views: tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Picture:
    """The faces asked for, what changed outside of all masks of the photo, seconds of a core by step, and all its faces."""

    pairs: tuple[Pair, ...]
    outside: outside.Outside
    seconds: dict[str, float]
    faces: int
    pixels: int


class Examined(Anonymiser, Protocol):
    """The anonymiser that is evaluated."""

    @property
    def recognisers(self) -> tuple[Recogniser, ...]:
        """Those that take part in choosing."""


Chooses = Callable[[Sequence[Face], tuple[int, ...]], Sequence[int]]


def of(
    data: bytes, limits: upload.Limits, anonymiser: Examined, held_out: Sequence[Recogniser], seed: bytes, chooses: Chooses
) -> Picture | None:
    """Replace every face of an upload, and measure those that ``chooses`` takes (by faces and the picture's (h, w)).

    None where it takes none. Raises ``Rejected`` as ``photo.read`` does.
    """
    seconds: dict[str, float] = {}
    photo = _timed(seconds, "read", lambda: upload.read(data, limits))
    faces = _timed(seconds, "find", lambda: anonymiser.find(photo.pixels))
    chosen = chooses(faces, photo.pixels.shape[:2])
    if not chosen:
        return None
    company = Company(faces, people.OFF)
    done = _timed(seconds, "replace", lambda: replace(photo, faces, anonymiser, sha256(seed).digest(), company))
    stored = _timed(seconds, "publish", lambda: published(photo, done))
    output = upright(stored, photo.style.orientation)
    again = anonymiser.find(output)
    pairs = tuple(_pair(photo.pixels, output, i, done, again, anonymiser, held_out) for i in chosen)
    return Picture(pairs, outside.of(photo, done, stored), seconds, len(faces), output.shape[0] * output.shape[1])


def published(photo: upload.Photo, done: Replacement) -> Pixels:
    """What the base shows, as stored, BGR uint8 (h, w, 3): the coefficients that are published, through a real decoder."""
    file = writer.whole(photo.style, done.variants.base, entropy.flat_tables(len(photo.style.tables) == 1))
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    return np.asarray(cv2.imdecode(np.frombuffer(file, np.uint8), flags), np.uint8)


def _timed(seconds: dict[str, float], step: str, work: Callable[[], T]) -> T:
    """Seconds that a core worked on it: what other programs do meanwhile does not count."""
    start = time.process_time()
    made = work()
    seconds[step] = time.process_time() - start
    return made


def _pair(
    before: Pixels, after: Pixels, i: int, done: Replacement, found: Sequence[Face], anonymiser: Examined,
    held_out: Sequence[Recogniser],
) -> Pair:  # fmt: skip
    face, fake = done.faces[i], done.fakes[i]
    again = same_place(face, found)
    points = np.stack([face.points] if again is None else [face.points, again.points])
    everyone = (*anonymiser.recognisers, *held_out)
    original = dict(face.embeddings) | {each.name: each.embed(before, face.points[None])[0] for each in held_out}
    plain = blank(before, fake)
    drawn = fake.method != "opaque" and face.mesh is not None
    crops = [align.five_point_crop(picture, face.points, align.ARCFACE, CROP_SIDE) for picture in (before, after)]
    return Pair(
        fake.method, face.reason, face.box[2],
        None if face.mesh is None else kept.skin_tone(before, face.mesh), _seen(face), None if again is None else _seen(again),
        again is not None, original, {each.name: each.embed(after, points) for each in everyone},
        {each.name: each.embed(plain, face.points[None])[0] for each in everyone},
        kept.landmark_error(face.mesh, again.mesh) if again is not None and drawn else None,
        alike(before, after, face.points),
        outside.edge(fake, face.mesh) if drawn and face.mesh is not None else None,
        _rings(before, after, done, i) if drawn else None,
        np.stack([cv2.resize(each, (SMALL_SIDE, SMALL_SIDE), interpolation=cv2.INTER_AREA) for each in crops]),
        (_view(before, face), _view(after, face)),
    )  # fmt: skip


def alike(before: Pixels, after: Pixels, points: Floats) -> dict[str, float]:
    """Two pictures BGR uint8 (h, w, 3), a face's five points (5, 2) on both -> what each measure that compares pictures says."""
    one, other = (Looks(similarity.crop(picture, points)[None], {}) for picture in (before, after))
    return {name: float(measure().values(one, other)[0, 0]) for name, measure in OF_IMAGES.items()}


def blank(pixels: Pixels, fake: Fake) -> Pixels:
    """The picture with the mean colour under a fake's mask in its place: all that is left is what surrounds the face."""
    place, own = meeting(fake, 0, 0, pixels.shape[:2])
    inside = fake.weight[own] > 0
    flat = np.zeros_like(fake.pixels)
    if inside.any():
        flat[:] = np.rint(pixels[place][inside].mean(0))
    return paste(pixels, Overlay(fake.x, fake.y, flat, fake.weight))


def boxes(faces: Sequence[Face]) -> Floats:
    """Boxes x, y, w, h of faces, float32 (n, 4)."""
    return np.array([face.box for face in faces], np.float32).reshape(-1, 4)


def same_place(face: Face, found: Sequence[Face]) -> Face | None:
    """Which of the faces found in the published picture lies where the face was, if one does."""
    if not found:
        return None
    box, others = np.array(face.box, np.float32), boxes(found)
    shared = overlap(box, others) / np.maximum(box[2] * box[3], others[:, 2] * others[:, 3])
    best = int(shared.argmax())
    return found[best] if shared[best] >= SAME_SHARE else None


def _seen(face: Face) -> Seen | None:
    if face.mesh is None:
        return None
    pose = np.array([face.yaw, face.pitch, face.roll], np.float32)
    return Seen(face.gender, face.age, pose, describe.expression(face.mesh))


def _rings(before: Pixels, after: Pixels, done: Replacement, i: int) -> tuple[Floats, Floats] | None:
    mesh = done.faces[i].mesh
    if mesh is None:
        return None
    one, other = (seam.statistics(picture, done.fakes[i], width(mesh)) for picture in (before, after))
    return None if one is None or other is None else (one, other)


def _view(pixels: Pixels, face: Face) -> bytes:
    """The face and what is around it, for people, as a JPEG file."""
    x, y, w, h = face.box
    square = align.turned_square(np.array([x + w / 2, y + h / 2]), VIEW_REACH * max(w, h), 0.0, VIEW_SIDE)
    crop = align.crop(pixels, square, VIEW_SIDE)
    return bytes(cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, VIEW_QUALITY])[1])
