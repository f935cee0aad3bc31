"""A photo's renditions: each configured width below the photo's own, sealed under the photo's keys as a picture of its own.

They are made of the sealed photo alone, opened as the edge opens it, so that what holds for the photo holds for them: faces that
reveal only together do so here too, and where more of them share a block than variants are kept of, further ones join them.
"""

import secrets
from dataclasses import dataclass
from dataclasses import replace
from hashlib import sha256
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.catalog.records import Rendition
from edge.render import sealed as sealed_format
from edge.render import splice
from edge.render.settings import Sizes
from precompute import interval
from precompute import seal
from precompute.errors import NotExact
from precompute.jpeg import markers
from precompute.jpeg import reader
from precompute.jpeg.frame import Component
from precompute.jpeg.frame import Frame
from precompute.jpeg.writer import Style
from precompute.orientation import seen_size
from precompute.scaled import NOBODY
from precompute.scaled import Faces
from precompute.scaled import Mask
from precompute.scaled import Pixels
from precompute.scaled import Scaled
from precompute.scaled import Tables
from precompute.scaled import mixtures
from precompute.scaled import reach
from precompute.seal import SealedPhoto
from precompute.variants import Layers
from precompute.variants import Units

_NOTHING: Final = np.zeros((0, 0, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A rendition before it is sealed: its width as seen, what each unit reaches, and which faces its pictures have real."""

    width: int
    frame: Frame
    tables: Tables
    units: list[tuple[int, ...]]
    reaches: list[Mask]
    pictures: dict[Faces, Pixels]


def with_all(sealed: SealedPhoto, full: Layers, style: Style, sizes: Sizes, mark: seal.Mark | None) -> SealedPhoto:
    """The sealed photo and its renditions: ``beside`` with the system's random bytes."""
    return replace(sealed, renditions=beside(full, style, sealed, sizes, secrets.token_bytes, mark))


def records(sealed: SealedPhoto) -> tuple[Rendition, ...]:
    """What the catalog has to know of the renditions."""
    return tuple(
        Rendition(each.width, each.height, sha256(each.base).digest(), len(each.base)) for each in sealed.renditions
    )  # fmt: skip


def beside(
    full: Layers, style: Style, sealed: SealedPhoto, sizes: Sizes, random: seal.Random, mark: seal.Mark | None = None
) -> tuple[seal.Picture, ...]:
    """The renditions of a photo that was just sealed, ascending by width; raises ``NotExact`` and ``NotDisclosed``.

    ``full``: what it was sealed from; ``mark``: as for the photo.
    """
    width = seen_size((style.frame.width, style.frame.height), style.orientation)[0]
    drafts = [_draft(full, style, each, sizes.quality) for each in sizes.renditions if each < width]
    wanted = dict.fromkeys(faces for draft in drafts for faces in draft.pictures)
    parsed = opened(sealed, sealed.base, sealed.sidecar)
    for faces in wanted:
        shown = splice.reveal(splice.plan(sealed.base, parsed, {slot: sealed.face_keys[slot] for slot in _slots(sealed, faces)}))
        pixels = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        for draft in drafts:
            if faces in draft.pictures:
                size = draft.frame.width, draft.frame.height
                draft.pictures[faces] = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return tuple(_sealed(draft, style, sealed, random, mark) for draft in drafts)


def _draft(full: Layers, style: Style, width: int, quality: int) -> _Draft:
    """What the rendition of this width as seen needs, its pictures yet to be made."""
    seen = seen_size((style.frame.width, style.frame.height), style.orientation)
    height = max(1, round(seen[1] * width / seen[0]))
    components, tables = _form(quality, len(style.frame.components))
    frame = Frame(*seen_size((width, height), style.orientation), components)
    reached = [reach(_touched(full, unit), style.frame, frame) for unit in range(len(full.units))]
    units, reaches = _few_sharing(list(full.units), reached)
    everyone = frozenset(face for unit in units for face in unit)
    mixed = [frozenset(face for unit in real for face in units[unit]) for real in mixtures(_sets(reaches))]
    return _Draft(width, frame, tables, units, reaches, {faces: _NOTHING for faces in (NOBODY, everyone, *mixed)})


def _form(quality: int, colours: int) -> tuple[tuple[Component, ...], Tables]:
    """Components and quantisation tables of a JPEG of this quality, 4:2:0."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    pixels = np.zeros((16, 16, 3) if colours == 3 else (16, 16), np.uint8)
    sample = cv2.imencode(".jpg", pixels, options)[1].tobytes()
    frame = markers.walk(sample).frame
    assert frame is not None  # noqa: S101 - it is baseline
    return frame.components, reader.read(sample, frame)[1]


def _touched(full: Layers, unit: int) -> npt.NDArray[np.int64]:
    """MCUs of the photo that a unit touches."""
    with_it = np.array([unit in members for members in full.label_sets])
    return np.flatnonzero(with_it[full.labels].any(1))


def _few_sharing(units: list[tuple[int, ...]], reaches: list[Mask]) -> tuple[list[tuple[int, ...]], list[Mask]]:
    """Merge units where more of them reach one MCU than variants can be kept of."""
    while crowds := interval.crowded(_sets(reaches)):
        crowd = max(crowds, key=len)
        merged = tuple(sorted(face for unit in crowd for face in units[unit]))
        reached = np.logical_or.reduce([reaches[unit] for unit in crowd])
        alone = [unit for unit in range(len(units)) if unit not in crowd]
        units, reaches = [units[u] for u in alone] + [merged], [reaches[u] for u in alone] + [reached]
    return units, reaches


def _sets(reaches: list[Mask]) -> list[Units]:
    """The sets of several units that reach one MCU together."""
    if not reaches:
        return []
    by_mcu = np.stack([reached.any(1) for reached in reaches], 1)
    return [frozenset(np.flatnonzero(row).tolist()) for row in np.unique(by_mcu[by_mcu.sum(1) > 1], axis=0)]


def _sealed(draft: _Draft, style: Style, sealed: SealedPhoto, random: seal.Random, mark: seal.Mark | None) -> seal.Picture:
    layers = Scaled(draft.frame, draft.tables, draft.units, draft.reaches, draft.pictures)
    own = Style(draft.frame, draft.tables, style.orientation, style.icc)
    made = seal.picture(layers, own, sealed, random, mark, draft.width)
    parsed = opened(sealed, made.base, made.sidecar, draft.width)
    if splice.reveal(splice.plan(made.base, parsed, sealed.face_keys)) != made.skeleton:
        raise NotExact
    return made


def opened(sealed: SealedPhoto, base: bytes, sidecar: bytes, rendition: int = 0) -> sealed_format.Sealed:
    """A picture of a sealed photo as the edge opens it; raises ``Damaged``."""
    return sealed_format.parse(
        sidecar, sealed.directory_key, photo_id=sealed.photo_id, version=sealed.version,
        base_sha256=sha256(base).digest(), base_size=len(base), rendition=rendition,
    )  # fmt: skip


def _slots(sealed: SealedPhoto, faces: Faces) -> list[int]:
    return [sealed.slots[face] for face in faces]
