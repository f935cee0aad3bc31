"""New fakes for a published photo, from its base and its patches: the upload is not needed, and nothing that was set changes.

What the keys at hand open is put back in memory, and sealed as an upload is. Faces keep their slots. A face whose original is
gone for ever keeps the pixels that the base shows of it, and the entry that its certificate has.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from collections.abc import Set
from dataclasses import dataclass
from dataclasses import replace as changed
from hashlib import sha256

import numpy as np

from edge.catalog import Catalog
from edge.catalog import Face as FaceRecord
from edge.catalog import Photo as PhotoRecord
from edge.catalog.resealing import reseal
from edge.catalog.restrictions import SAME_PLACE_SHARE
from edge.catalog.restrictions import common
from edge.catalog.restrictions import share
from edge.errors import Unavailable
from edge.keys.envelope import wrap_context
from precompute import certificate as certificates
from precompute import photo as upload
from precompute import pipeline
from precompute import recheck
from precompute import renditions
from precompute import seal
from precompute.anonymise import Replacement
from precompute.anonymise import replace
from precompute.certificate import FaceEntry
from precompute.company import Company
from precompute.config import Config
from precompute.errors import NotExact
from precompute.errors import NotMeasurable
from precompute.errors import PublishFailed
from precompute.face import Face
from precompute.jpeg.entropy import OutOfRange
from precompute.keys import Wraps
from precompute.opened import SAME_FACE
from precompute.opened import Opened
from precompute.opened import Published
from precompute.opened import whole
from precompute.seal import SealedPhoto
from precompute.signing import Signer
from precompute.signing import Trusted


@dataclass(frozen=True, slots=True)
class Resealing:
    """A photo as it is published, what each of its faces becomes, and what is to be published.

    ``stay``: what is certified of faces that keep their fakes; ``vouched``: whether somebody whose word counts signed that.
    """

    published: Published
    replacement: Replacement
    sealed: SealedPhoto
    stay: tuple[FaceEntry, ...]
    vouched: bool


def prepare(known: Published, photo: Opened, tools: pipeline.Tools, trusted: Trusted, seed: bytes) -> Resealing:
    """Everything sealed anew, in memory alone; ``seed`` (32 secret random bytes) as for an upload.

    Raises ``NotMeasurable`` where a face is found no more, ``NotDisclosed``, ``NotExact``, and ``CertificateBroken`` where a face
    keeps its fake, and nothing to be believed is known of it.
    """
    whole_photo = upload.read(photo.shown, upload.Limits(max_upload_bytes=len(photo.shown), max_pixels=photo.base.size))
    if whole_photo.converted or not np.array_equal(whole_photo.pixels, photo.original):
        raise NotExact
    stay, vouched = staying(known, photo.slots, trusted)
    placed = places(known.photo.faces, photo.slots, tools.anonymiser.find(whole_photo.pixels))
    faces = tuple(placed.values())
    replacement = replace(whole_photo, faces, tools.anonymiser, seed, Company(faces, tools.finder))
    try:
        methods = [fake.method for fake in replacement.fakes] + [entry.generator for entry in stay]
        mark = None if tools.marker is None else tools.marker.of(methods)
        sealed = seal.photo(
            replacement.variants, whole_photo.style, known.photo.photo_id, secrets.token_bytes, mark, tuple(placed)
        )
        pipeline.verify(whole_photo, sealed)
        sealed = renditions.with_all(sealed, replacement.variants, whole_photo.style, tools.sizes, mark)
    except OutOfRange:
        raise NotExact from None
    return Resealing(known, replacement, sealed, stay, vouched)


def staying(known: Published, opened: Set[int], trusted: Trusted) -> tuple[tuple[FaceEntry, ...], bool]:
    """What is certified of the faces whose originals are not ``opened``, and whether a trusted key signed it; true where all are.

    Nobody can measure those faces again, so whoever could forge their entries must not get them signed here. Raises
    ``CertificateBroken``.
    """
    slots = [face.slot for face in known.photo.faces if face.slot not in opened]
    if not slots:
        return (), True
    stored = certificates.parse(known.certificate)
    signed_by, _ = recheck.signature(stored, trusted)
    entries = recheck.bound(stored, known)
    return tuple(certificates.taken_over(entries[slot]) for slot in slots), signed_by is not None


def places(records: Sequence[FaceRecord], opened: frozenset[int], found: Sequence[Face]) -> dict[int, Face]:
    """The faces to replace by their slots: those of the catalog whose originals are there, and any that were not found before.

    What is found on a face whose original is gone is its fake, and is left out.
    """
    shared = [(common(record.box, whole(face.box)), i, j) for i, record in enumerate(records) for j, face in enumerate(found)]
    placed, taken = dict[int, Face](), set[int]()
    for part, i, j in sorted(shared, reverse=True):
        if part >= SAME_FACE and records[i].slot not in placed and j not in taken:
            placed[records[i].slot] = found[j]
            taken.add(j)
    for record in records:
        if record.slot in opened and record.slot not in placed:
            raise NotMeasurable(f"no face is found at {record.box} now; was another detector configured? seal the upload anew")
    left = [face for j, face in enumerate(found) if j not in taken]
    gone = [record.box for record in records if record.slot not in opened]
    new = [face for face in left if not any(share(whole(face.box), box) >= SAME_PLACE_SHARE for box in gone)]
    numbers = seal.shuffled(len(new), secrets.token_bytes)
    first = 1 + max((record.slot for record in records), default=-1)
    known = {slot: face for slot, face in placed.items() if slot in opened}
    return known | {first + number: face for number, face in zip(numbers, new, strict=True)}


def release(resealing: Resealing, config: Config, keys: Wraps, signer: Signer | None) -> None:
    """Publish in the place of the version that was opened; raises ``PublishFailed``, and then that one stays."""
    before, sealed = resealing.published.photo, resealing.sealed

    def commit() -> bytes:
        now = time.time()
        photo = record(resealing, keys, now)
        if not asyncio.run(_commit(config.catalog_url, photo, before.version, certificate(resealing, now, signer))):
            raise PublishFailed(f"{before.path}: was published anew just now, so it stays as that is; try again")
        return before.version

    try:
        pipeline.put_in_place(sealed, before.path, config, commit)
    except Unavailable:
        raise PublishFailed(f"{before.path}: the catalog cannot be written; the photo is as it was before") from None


async def _commit(url: str, photo: PhotoRecord, before: bytes, certified: str) -> bool:
    async with Catalog.open(url) as catalog:
        return await reseal(catalog, photo, before, certified)


def record(resealing: Resealing, keys: Wraps, now: float) -> PhotoRecord:
    """The catalog's row: new version, new keys; a face that was not sealed again has no key any more."""
    before, sealed = resealing.published.photo, resealing.sealed

    def wrapped(key: bytes, slot: int | None) -> bytes:
        return keys.wrap(key, wrap_context(sealed.photo_id, sealed.version, slot))

    keyed = {slot: wrapped(key, slot) for slot, key in sealed.face_keys.items()}
    known = {face.slot: face for face in before.faces}
    new = [
        FaceRecord(slot, whole(face.box), None, None, keyed[slot])
        for slot, face in _sealed_faces(resealing).items()
        if slot not in known
    ]
    kept = [changed(face, wrapped_key=keyed.get(slot)) for slot, face in known.items()]
    return changed(
        before, version=sealed.version, base_sha256=sha256(sealed.base).digest(), base_size=len(sealed.base),
        wrapped_key=wrapped(sealed.directory_key, None), published=now, faces=tuple(kept + new),
        renditions=renditions.records(sealed),
    )  # fmt: skip


def certificate(resealing: Resealing, now: float, signer: Signer | None) -> str:
    """What was measured of the new fakes, and what was certified of those that stay; unsigned where nobody vouched for that."""
    sealed = resealing.sealed
    entries = [*pipeline.entries(resealing.replacement, sealed.slots), *resealing.stay]
    about = certificates.of(sealed.photo_id, sealed.version, sealed.base, entries, now)
    return certificates.stored(about, signer if resealing.vouched else None)


def _sealed_faces(resealing: Resealing) -> dict[int, Face]:
    return dict(zip(resealing.sealed.slots, resealing.replacement.faces, strict=True))
