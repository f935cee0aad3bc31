"""Seal: the upload's blocks and its synthetic faces -> a base that anyone may have and patches that only face keys open."""

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import fields
from itertools import combinations

import numpy as np
import numpy.typing as npt

from edge.keys.envelope import ID_BYTES
from edge.keys.envelope import KEY_BYTES
from edge.keys.envelope import SALT_BYTES
from edge.render import sealed
from precompute import interval
from precompute.blend import Overlay
from precompute.jpeg import entropy
from precompute.jpeg import writer
from precompute.orientation import seen_size
from precompute.variants import Canvas
from precompute.variants import Layers
from precompute.variants import Units
from precompute.variants import Variants

Random = Callable[[int], bytes]
Mark = Callable[[bytes], tuple[bytes, sealed.Cut]]


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What all pictures of one version of a photo are sealed with; ``slots[i]`` is face i's."""

    photo_id: bytes
    version: bytes
    directory_key: bytes
    face_keys: dict[int, bytes]
    slots: tuple[int, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """One sealed picture. ``skeleton`` decodes to the one with all faces real, and must not leave memory; sizes are upright."""

    base: bytes
    sidecar: bytes
    skeleton: bytes
    restart: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, repr=False)
class SealedPhoto(Secrets):
    """What publishing needs: the keys, the picture as it was uploaded, and smaller ones of it."""

    base: bytes
    sidecar: bytes
    skeleton: bytes
    restart: int
    renditions: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """A whole coded scan behind its header: ``start`` and ``end`` are offsets of each interval in the file."""

    file: bytes
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]


def photo(
    variants: Layers, style: writer.Style, photo_id: bytes, random: Random, mark: Mark | None = None,
    slots: tuple[int, ...] | None = None,
) -> SealedPhoto:  # fmt: skip
    """Every variant's blocks -> base and sidecar, under new keys. ``random`` yields that many cryptographically random bytes.

    ``mark`` puts a stretch into the base's header, and tells where: no answer with a real face has it. ``slots``: of each face,
    where they are known already; else they are given out at random.
    """
    slots = shuffled(sum(map(len, variants.units)), random) if slots is None else slots
    face_keys = {slot: random(KEY_BYTES) for slot in slots}
    held = Secrets(photo_id, random(ID_BYTES), random(KEY_BYTES), face_keys, slots)
    made = picture(variants, style, held, random, mark)
    own = {part.name: getattr(held, part.name) for part in fields(held)}
    return SealedPhoto(**own, base=made.base, sidecar=made.sidecar, skeleton=made.skeleton, restart=made.restart)


def picture(
    variants: Layers, style: writer.Style, held: Secrets, random: Random, mark: Mark | None = None, rendition: int = 0
) -> Picture:
    """Every variant's blocks -> base and sidecar, under the photo's keys. ``rendition``: its width in px, 0: as uploaded."""
    canvas = variants.canvas
    chroma = np.tile(canvas.frame.chroma, len(canvas.blocks))
    ac = entropy.ac_tokens(canvas.blocks.reshape(-1, 64), chroma)
    plan, tables, dc = _tables(variants, ac)
    starts, ids = writer.interval_starts(len(canvas.blocks), plan.restart, canvas.blocks.shape[1])
    original = entropy.encode(entropy.merge(dc, ac), tables, starts, ids)
    head = writer.header(style, tables, plan.restart)
    skeleton = Scan(head + original.data[: original.end[-1]] + writer.EOI, original.start + len(head), original.end + len(head))
    base, left_out = _marked(_base(skeleton, variants, plan, tables), mark)
    units = tuple(tuple(sorted(held.slots[face] for face in unit)) for unit in variants.units)
    sidecar = sealed.write(
        _drafts(skeleton, base, variants, plan, tables), units, held.face_keys, held.directory_key,
        photo_id=held.photo_id, version=held.version, base=base.file, salt=random(SALT_BYTES), left_out=left_out,
        rendition=rendition,
    )  # fmt: skip
    width, height = seen_size((canvas.frame.width, canvas.frame.height), style.orientation)
    return Picture(base.file, sidecar, skeleton.file, plan.restart, width, height)


def with_few_sharing(canvas: Canvas, overlays: list[Overlay]) -> Variants:
    """Merge faces into one unit where more of them share an MCU than variants can be kept of."""
    units: list[tuple[int, ...]] = [(face,) for face in range(len(overlays))]
    while True:
        variants = Variants(canvas, overlays, units)
        crowds = interval.crowded(interval.layout(variants, 1).sets.values())
        if not crowds:
            return variants
        crowd = max(crowds, key=len)
        merged = tuple(sorted(face for unit in crowd for face in units[unit]))
        units = [unit for u, unit in enumerate(units) if u not in crowd] + [merged]


def _tables(variants: Layers, ac: entropy.Tokens) -> tuple[interval.Layout, entropy.Tables, entropy.Tokens]:
    """The interval length, and Huffman tables fitted jointly to the upload and to every synthetic block."""
    canvas = variants.canvas
    gray = len(canvas.frame.components) == 1
    per_mcu = canvas.blocks.shape[1]
    touched = variants.touched_mcus
    fakes = writer.tokens_of(canvas.frame, variants.base[touched], np.arange(0, len(touched) * per_mcu, per_mcu))
    counts = entropy.count(ac, fakes)

    def dc_at(restart: int) -> entropy.Tokens:
        starts, _ = writer.interval_starts(len(canvas.blocks), restart, per_mcu)
        return writer.dc_of(canvas.frame, canvas.blocks[:, :, 0].ravel(), starts)

    rough = entropy.fit_tables(counts + entropy.count(dc_at(interval.LENGTHS[0])), gray)
    ac_bits = entropy.token_bits(ac, rough).reshape(-1, per_mcu).sum(1)
    plan = interval.choose(variants, ac_bits, rough)
    dc = dc_at(plan.restart)
    return plan, entropy.fit_tables(counts + entropy.count(dc), gray), dc


def _base(skeleton: Scan, variants: Layers, plan: interval.Layout, tables: entropy.Tables) -> Scan:
    """The skeleton with every touched interval replaced by its synthetic one."""
    ids = np.array(sorted(plan.sets), np.int64)
    if not len(ids):
        return skeleton
    coded = _coded(variants.base[plan.members(ids)], ids, variants, plan, tables)
    parts, at, view, data = [], 0, memoryview(skeleton.file), memoryview(coded.data)
    for a, b in runs(ids):
        parts += [view[at : skeleton.start[ids[a]]], data[coded.start[a] : coded.end[b]]]
        at = int(skeleton.end[ids[b]])
    sizes = skeleton.end - skeleton.start
    sizes[ids] = coded.end - coded.start
    start = skeleton.start[0] + np.cumsum(sizes + 2) - sizes - 2
    return Scan(b"".join([*parts, view[at:]]), start, start + sizes)


def _marked(base: Scan, mark: Mark | None) -> tuple[Scan, sealed.Cut | None]:
    """The base with its mark, and where that lies."""
    if mark is None:
        return base, None
    file, place = mark(base.file)
    more = place.end - place.start
    return Scan(file, base.start + more, base.end + more), place


def _coded(
    blocks: npt.NDArray[np.int16], ids: npt.NDArray[np.int64], variants: Layers, plan: interval.Layout, tables: entropy.Tables
) -> entropy.Intervals:
    starts = plan.starts(ids) * blocks.shape[1]
    return entropy.encode(writer.tokens_of(variants.canvas.frame, blocks, starts), tables, starts, ids)


def _drafts(
    skeleton: Scan, base: Scan, variants: Layers, plan: interval.Layout, tables: entropy.Tables
) -> Iterator[sealed.Draft]:
    """One draft for every set F of units that share intervals, and every S of it that some viewer may see."""
    by_set: dict[Units, list[int]] = {}
    for number, units in sorted(plan.sets.items()):
        by_set.setdefault(units, []).append(number)
    for units, numbers in by_set.items():
        ids = np.array(numbers, np.int64)
        for count in range(1, len(units) + 1):
            for shown in combinations(sorted(units), count):
                data, start, end = _variant(ids, units - set(shown), skeleton, variants, plan, tables)
                yield _draft(tuple(sorted(units)), shown, ids, base, data, start, end)


def _variant(
    ids: npt.NDArray[np.int64], hidden: Units, skeleton: Scan, variants: Layers, plan: interval.Layout, tables: entropy.Tables
) -> tuple[bytes, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Intervals ``ids`` with just the hidden units synthetic: bytes, and where each interval lies in them."""
    if not hidden:
        return skeleton.file, skeleton.start[ids], skeleton.end[ids]
    coded = _coded(variants.synthetic(hidden, plan.members(ids)), ids, variants, plan, tables)
    return coded.data, coded.start, coded.end


def _draft(
    touching: tuple[int, ...], shown: tuple[int, ...], ids: npt.NDArray[np.int64], base: Scan, data: bytes,
    start: npt.NDArray[np.int64], end: npt.NDArray[np.int64],
) -> sealed.Draft:  # fmt: skip
    pieces, cuts = [], []
    for a, b in runs(ids):
        piece = data[start[a] : end[b]]
        pieces.append(piece)
        cuts.append(sealed.Cut(int(base.start[ids[a]]), int(base.end[ids[b]]), len(piece)))
    return sealed.Draft(touching, shown, tuple(cuts), b"".join(pieces))


def runs(ids: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """(first, last) positions of each stretch of consecutive numbers."""
    if not len(ids):
        return []
    breaks = np.flatnonzero(np.diff(ids) > 1)
    return list(zip([0, *(breaks + 1).tolist()], [*breaks.tolist(), len(ids) - 1], strict=True))


def shuffled(count: int, random: Random) -> tuple[int, ...]:
    """Slots in random order, so that a slot's number says nothing about where its face is."""
    order = sorted(range(count), key=lambda _: random(8))
    return tuple(order)
