"""THE upload flow: one photo from bytes to published, each step one call, nothing visible before the last."""

import asyncio
import secrets
import time
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from hashlib import sha256

import cv2
import numpy as np

from edge.catalog import Catalog
from edge.catalog import Face as FaceRecord
from edge.catalog import Photo as PhotoRecord
from edge.catalog import publication
from edge.config import Policy
from edge.errors import Damaged
from edge.errors import Unavailable
from edge.keys.envelope import ID_BYTES
from edge.keys.envelope import wrap_context
from edge.render import splice
from edge.render.settings import NO_RENDITIONS
from edge.render.settings import Sizes
from precompute import certificate as certificates
from precompute import claims as claimed
from precompute import disclosure
from precompute import enrolment
from precompute import people
from precompute import photo as upload
from precompute import publish
from precompute import renditions
from precompute import seal
from precompute.album import Album
from precompute.anonymise import Anonymiser
from precompute.anonymise import Replacement
from precompute.anonymise import replace
from precompute.company import Company
from precompute.config import Config
from precompute.errors import NotExact
from precompute.errors import PublishFailed
from precompute.errors import Rejected
from precompute.jpeg.entropy import OutOfRange
from precompute.keys import Wraps
from precompute.opened import whole
from precompute.signing import Signer


@dataclass(frozen=True, slots=True)
class Tools:
    """What is the same for every photo: what finds and replaces faces, whom it may know, which uploads it takes.

    ``marker``: puts a manifest into bases with faces, which says that they are synthetic.
    """

    anonymiser: Anonymiser
    finder: people.Finder = people.OFF
    marker: disclosure.Marker | None = None
    limits: upload.Limits = field(default_factory=upload.Limits)
    sizes: Sizes = NO_RENDITIONS


@dataclass(frozen=True, slots=True)
class Sealing:
    """One photo's way through the flow: what was read, what each face became, and what is to be published.

    ``suggested``: whom to ask about each face that nobody named; for those people alone.
    """

    photo: upload.Photo
    replacement: Replacement
    named: tuple[claimed.Named, ...]
    sealed: seal.SealedPhoto
    uploader: str | None = None
    suggested: tuple[str | None, ...] = field(default=(), repr=False)


def prepare(
    data: bytes, tools: Tools, claims: Sequence[claimed.Claim], seed: bytes, photo_id: bytes | None = None,
    uploader: str | None = None, album: Album | None = None,
) -> Sealing:  # fmt: skip
    """Upload bytes -> everything sealed, in memory alone. A new photo gets a random ``photo_id``.

    ``seed``: 32 secret random bytes that every fake is chosen and drawn from; they are kept nowhere. In an ``album``, people look
    as they did on its photos before.

    Raises ``Rejected``, ``NotDisclosed``, and ``NotExact`` where not even the converted picture is given back bit for bit.
    """
    photo_id = photo_id or secrets.token_bytes(ID_BYTES)
    photo = upload.read(data, tools.limits)
    try:
        return _seal(photo, tools, claims, seed, photo_id, uploader, album)
    except NotExact:
        if photo.converted:
            raise
        # Rare files whose coefficients alone do not give the pixels that viewers decode, such as unfinished progressive ones.
        photo = upload.converted(data, tools.limits, "the JPEG's coefficients do not give its pixels")
        return _seal(photo, tools, claims, seed, photo_id, uploader, album)


def _seal(
    photo: upload.Photo, tools: Tools, claims: Sequence[claimed.Claim], seed: bytes, photo_id: bytes, uploader: str | None,
    album: Album | None,
) -> Sealing:  # fmt: skip
    faces = tools.anonymiser.find(photo.pixels)
    named = claimed.named(claims, [face.box for face in faces])
    try:
        replacement = replace(photo, faces, tools.anonymiser, seed, Company(faces, tools.finder), album)
        mark = None if tools.marker is None else tools.marker.of([fake.method for fake in replacement.fakes])
        sealed = seal.photo(replacement.variants, photo.style, photo_id, secrets.token_bytes, mark)
        verify(photo, sealed)
        sealed = renditions.with_all(sealed, replacement.variants, photo.style, tools.sizes, mark)
    except OutOfRange:
        raise NotExact from None
    return Sealing(photo, replacement, tuple(named), sealed, uploader, tuple(tools.finder.suggest(faces, named)))


def verify(photo: upload.Photo, sealed: seal.SealedPhoto) -> None:
    """Open what was sealed the way the edge does: every face shown must give the upload's pixels, bit for bit."""
    try:
        opened = renditions.opened(sealed, sealed.base, sealed.sidecar)
        shown = splice.reveal(splice.plan(sealed.base, opened, sealed.face_keys))
    except Damaged:
        raise NotExact from None
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(shown, np.uint8), flags)
    if pixels is None or shown != sealed.skeleton or not np.array_equal(pixels, photo.canvas.pixels):
        raise NotExact


def release(sealing: Sealing, path: str, config: Config, keys: Wraps, signer: Signer | None = None) -> None:
    """Publish under ``path``: sidecar, base, catalog, plain name, in that order; raises ``PublishFailed``.

    Without a signer the certificate is unsigned.
    """

    def commit() -> bytes | None:
        photo = record(sealing, path, keys, time.time(), config.policy)
        certified = certificate(sealing, photo.published, signer)
        return _commit(config.catalog_url, photo, certified, namings(sealing, config.policy))

    put_in_place(sealing.sealed, path, config, commit)


def put_in_place(sealed: seal.SealedPhoto, path: str, config: Config, commit: Callable[[], bytes | None]) -> None:
    """Write a version's files, let ``commit`` make it the one shown (it gives the one before), and sweep what is older.

    Raises ``Rejected`` and ``PublishFailed``.
    """
    if max(len(sealed.base), len(sealed.sidecar)) > config.max_file_bytes:  # no rendition is larger
        raise Rejected(f"sealed, it is larger than edge.origin.max_bytes ({config.max_file_bytes}), so no edge would show it")
    small = {each.width: (each.base, each.sidecar) for each in sealed.renditions}
    with publish.alone(config.folder):
        publish.files(config.folder, path, sealed.version, sealed.base, sealed.sidecar, small)
        with publish.plain_name(config.folder, path, sealed.version):
            before = commit()
        # Edges may show the version before for some seconds yet, so it goes with the next publication.
        publish.sweep(config.folder, path, {sealed.version, before or sealed.version}, time.time())


def known_id(config: Config, path: str, data: bytes) -> bytes | None:
    """The id of the photo that is published at ``path``, or None.

    Raises ``Rejected`` where the upload is a published base: sealing it would put the synthetic faces in place of the originals,
    and forget the keys of those. Raises ``PublishFailed`` where the catalog cannot be read.
    """

    async def ask() -> bytes | None:
        async with Catalog.open(config.catalog_url) as catalog:
            shown = await catalog.shown_as(sha256(data).digest())
            if shown is not None:
                raise Rejected(f"it is sealed already, as {shown}; to seal that photo anew, give the original upload")
            known = await catalog.photo(path)
        if known is not None and sha256(data).digest() in [each.base_sha256 for each in known.renditions]:
            raise Rejected(f"it is a smaller picture of {path}, which is sealed; to seal that anew, give the original upload")
        return None if known is None else known.photo_id

    try:
        return asyncio.run(ask())
    except Unavailable:
        raise PublishFailed("the catalog cannot be read (catalog.url); nothing was changed") from None


def _commit(url: str, photo: PhotoRecord, certified: str, namings: Sequence[publication.Naming]) -> bytes | None:
    async def commit() -> bytes | None:
        async with Catalog.open(url) as catalog:
            wanted = await enrolment.still_enrolled(catalog, namings)
            return await publication.publish(catalog, photo, certified, wanted)

    try:
        return asyncio.run(commit())
    except Unavailable:
        raise PublishFailed(f"{photo.path}: the catalog cannot be written; the photo is as it was before") from None


def namings(sealing: Sealing, policy: Policy) -> list[publication.Naming]:
    """Who the uploader says is on the photo, for those people to answer where the policy wants their consent; and suggestions."""
    slots, tags = sealing.sealed.slots, [named.tag if policy.tag_needs_consent else None for named in sealing.named]
    return [
        publication.Naming(slot, person, proposed=proposed)
        for people_named, proposed in ((tags, True), (sealing.suggested, False))
        for slot, person in zip(slots, people_named, strict=True)
        if person is not None
    ]


def record(sealing: Sealing, path: str, keys: Wraps, now: float, policy: Policy) -> PhotoRecord:
    """The catalog's row: who is where on the upright picture, and every key wrapped by the primary.

    In the tag model an owner counts as tagged: whoever gave the list is the uploader's or the network's own job.
    """
    sealed, photo = sealing.sealed, sealing.photo

    def wrapped(key: bytes, slot: int | None) -> bytes:
        return keys.wrap(key, wrap_context(sealed.photo_id, sealed.version, slot))

    owners = [named.owner if policy.tag_needs_consent else named.owner or named.tag for named in sealing.named]
    faces = [
        FaceRecord(
            slot, whole(face.box), owner, None, wrapped(sealed.face_keys[slot], slot),
            shown=owner is not None and policy.access_model == "tag",
        )
        for slot, face, owner in zip(sealed.slots, sealing.replacement.faces, owners, strict=True)
    ]
    height, width = photo.pixels.shape[:2]
    return PhotoRecord(
        path, sealed.photo_id, sealed.version, sha256(sealed.base).digest(), len(sealed.base), width, height,
        wrapped(sealed.directory_key, None), now, tuple(sorted(faces, key=lambda face: face.slot)), sealing.uploader,
        renditions.records(sealed),
    )  # fmt: skip


def certificate(sealing: Sealing, now: float, signer: Signer | None) -> str:
    """What was measured on the published coefficients, as the catalog keeps it; never an embedding, never which donor."""
    sealed = sealing.sealed
    faces = entries(sealing.replacement, sealed.slots)
    return certificates.stored(certificates.of(sealed.photo_id, sealed.version, sealed.base, faces, now), signer)


def entries(done: Replacement, slots: Sequence[int]) -> list[certificates.FaceEntry]:
    """What the certificate says of each face."""
    return [
        certificates.face(slot, fake.method, commitment, measured, done.rule, fake.looked_at)
        for slot, fake, commitment, measured in zip(slots, done.fakes, done.commitments, done.measured, strict=True)
    ]
