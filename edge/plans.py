"""From a decision to the bytes that show it: which keys, which patches, and the entity tag that names the result.

Face keys are unwrapped for the granted faces alone, and kept (inside a plan) for seconds.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from typing import Self

from edge.cache import key
from edge.cache.memory import Memory
from edge.cache.tally import Tally
from edge.catalog import Photo
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import OriginFailed
from edge.errors import OriginTimeout
from edge.files import Files
from edge.keys.envelope import wrap_context
from edge.keys.service import KeyService
from edge.render import sealed
from edge.render import splice

ENTITY_TAG_BYTES = 16
PLAN_OVERHEAD_BYTES = 4_096

Granted = frozenset[int]
SelectionKey = tuple[bytes, tuple[key.Shown, ...], int]
NOBODY: Granted = frozenset()


class Selection(NamedTuple):
    """The ``granted`` faces of a photo in one rendition.

    ``key``: its version; each granted face with its epochs, so that nothing from before a change that hides one is found; its
    size.
    """

    photo: Photo
    granted: Granted
    key: SelectionKey

    @classmethod
    def of(cls, photo: Photo, granted: Granted) -> Self:
        """These slots."""
        return cls(photo, granted, (photo.version, photo.shown(granted), photo.rendition))


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """A plan, or None where the patches do not open.

    Remembered either way, so that a fault costs one try per while.
    """

    plan: splice.Plan | None


def base_tag(photo: Photo) -> str:
    """The strong entity tag (RFC 9110 section 8.8.3) of the base; it needs no key."""
    return f'"{photo.base_sha256[:ENTITY_TAG_BYTES].hex()}"'


class Plans:
    """Opens faces of photos; plans and tags are remembered for ``seconds``."""

    def __init__(
        self, keys: KeyService, files: Files, *, seconds: float, size: int, items: int, tally: Tally | None = None
    ) -> None:
        self._keys = keys
        self._files = files
        self._seconds = seconds
        self._plans: Memory[SelectionKey, Opened] = Memory(items=items, size=size, tally=tally)
        self._tags: Memory[SelectionKey, str] = Memory(items=items, size=items)

    def known_tag(self, faces: Selection, now: float) -> str | None:
        """What ``tag`` answers, where no key is needed for it; None where ``tag`` has to be asked."""
        return self._tags.get(faces.key, now) if faces.granted else base_tag(faces.photo)

    async def tag(self, faces: Selection, now: float) -> str | None:
        """The strong entity tag of the photo with these faces real: the same on every edge, told to nobody by others.

        HMAC-SHA256 of the decision under the photo's directory key, cut to 128 bits. None where a key does not open: the
        base is to be shown then, and under its own tag.
        """
        known = self._plans.get(faces.key, now)
        if known is not None and known.plan is None:
            return None
        try:
            secret, _ = await self._unwrapped(faces)
        except (Damaged, KeyRingError):
            self._remember(faces, Opened(None), PLAN_OVERHEAD_BYTES, now)
            return None
        digest = hmac.digest(secret, key.decision(*faces.key), "sha256")
        tag = f'"{digest[:ENTITY_TAG_BYTES].hex()}"'
        self._tags.put(faces.key, tag, size=1, now=now, expires=now + self._seconds)
        return tag

    async def reveal(self, faces: Selection, base: bytes, now: float) -> Sequence[splice.Buffer] | None:
        """The photo with these faces real; None when nothing is granted or any patch does not open."""
        if not faces.granted:
            return None
        opened = self._plans.get(faces.key, now) or await self._open(faces, base, now)
        if opened.plan is None:
            return None
        try:
            return opened.plan.pieces()
        except Damaged:
            await self._remember_fault(faces, now)
            return None

    def purge(self, now: float) -> None:
        """Let go of keys whose time is over."""
        self._plans.purge(now)
        self._tags.purge(now)

    async def _open(self, faces: Selection, base: bytes, now: float) -> Opened:
        try:
            plan = await self._plan(faces, base, now)
        except (Damaged, KeyRingError, OriginFailed, OriginTimeout):
            return await self._remember_fault(faces, now)
        return self._remember(faces, Opened(plan), len(base) + plan.size + PLAN_OVERHEAD_BYTES, now)

    async def _plan(self, faces: Selection, base: bytes, now: float) -> splice.Plan:
        photo = faces.photo
        sidecar = await self._files.sidecar(photo, now)
        directory_key, face_keys = await self._unwrapped(faces)
        patches = sealed.parse(
            sidecar,
            directory_key,
            photo_id=photo.photo_id,
            version=photo.version,
            base_sha256=photo.base_sha256,
            base_size=photo.base_size,
            rendition=photo.rendition,
        )
        return splice.plan(base, patches, face_keys)

    async def _unwrapped(self, faces: Selection) -> tuple[bytes, dict[int, bytes]]:
        """The directory key, and the face key of each granted slot; one batch, the same for the tag and for the plan."""
        photo = faces.photo
        shown = [(face.slot, face.wrapped_key) for face in photo.faces if face.slot in faces.granted]
        batch = [(photo.wrapped_key, wrap_context(photo.photo_id, photo.version, None))]
        for slot, wrapped in shown:
            if wrapped is None:  # erased
                raise Damaged
            batch.append((wrapped, wrap_context(photo.photo_id, photo.version, slot)))
        directory_key, *face_keys = await self._keys.unwrap(batch)
        return directory_key, {slot: face_key for (slot, _), face_key in zip(shown, face_keys, strict=True)}

    async def _remember_fault(self, faces: Selection, now: float) -> Opened:
        await self._files.distrust_sidecar(faces.photo)
        return self._remember(faces, Opened(None), PLAN_OVERHEAD_BYTES, now)

    def _remember(self, faces: Selection, opened: Opened, size: int, now: float) -> Opened:
        self._plans.put(faces.key, opened, size=size, now=now, expires=now + self._seconds)
        return opened
