"""Who sees which faces of what: the decision that every picture hangs on, before any picture or key is looked up for it.

What is decided of a viewer or a signed URL is remembered while the catalog's record of the photo is the very same object.
Who is asking is found out anew every time, and where others had to be asked about the viewer nothing is remembered. Nor is what
a signed URL shows, once the keys that open it are others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from typing import Self

from aiohttp import web

from edge import address
from edge import config
from edge import sizes
from edge.answer import Answers
from edge.cache.memory import Memory
from edge.catalog import Photo
from edge.errors import BadRendition
from edge.errors import Unavailable
from edge.manner import Manner
from edge.photos import Photos
from edge.plans import NOBODY
from edge.plans import Selection
from edge.policy import NO_TIES
from edge.policy import decide
from edge.render.request import Rendition
from edge.render.settings import Sizes
from edge.sizes import Target
from edge.ties import Acquaintance
from edge.urls import door
from edge.urls.door import Era
from edge.urls.door import UrlDoor
from edge.viewer import HOLDER
from edge.viewer import STRANGER
from edge.viewer import Viewer
from edge.viewer import Viewers

CHOICE_BYTES = 1_600  # measured, with the record of the photo, which would go sooner without it
FACE_BYTES = 800  # measured, each of that record's, with a wrapped key and a short rule
MEMORY_BYTES = 16 << 20

Basis = bytes | Era


class Choice(NamedTuple):
    """Which faces of what: ``photo`` is what was decided about, ``target`` how it is sent, ``faces`` which are real in that.

    It follows from what ends at ``until``; 0: a signed URL does not show what was signed.
    """

    photo: Photo
    target: Target
    faces: Selection
    until: float

    @classmethod
    def of(cls, photo: Photo, target: Target, granted: frozenset[int], until: float) -> Self:
        """These faces of the photo, sent so."""
        return cls(photo, target, Selection.of(target.photo, granted), until)


class Decision(NamedTuple):
    """Who sees that, under which headers, and under which the base where it cannot be shown after all."""

    viewer: Viewer
    photo: Photo
    target: Target
    faces: Selection
    manner: Manner
    doubtful: Manner


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decides; raises ``Refusal`` for a request that nothing can be shown for.

    ``remembered`` is by what a choice rests on, a token's digest or the keys of signed URLs, and by the request's target,
    which is all that such a URL says.
    """

    viewers: Viewers
    photos: Photos
    acquaintance: Acquaintance
    answers: Answers
    policy: config.Policy
    door: UrlDoor | None
    sizes: Sizes
    remembered: Memory[tuple[Basis, str], Choice]
    seconds: float

    async def of(self, request: web.BaseRequest, now: float) -> Decision:
        """What the request is answered with, by a signed URL or by who sent it."""
        if address.is_signed(request.raw_path):
            era = None if self.door is None else self.door.era
            return self._decision(HOLDER, await self._known(era, request, now) or await self._by_url(era, request, now), now)
        viewer = self.viewers.known(request.headers, now)
        choice = None if viewer is None else await self._known(viewer.digest, request, now)
        if choice is None or viewer is None:
            viewer, choice = await self._by_viewer(request, now)
        return self._decision(viewer, choice, now)

    async def granted(self, photo: Photo, viewer: Viewer, now: float) -> frozenset[int]:
        """The slots of the faces that ``viewer`` may see; where nobody can tell what owners say of them, a stranger's."""
        return (await self._granted(photo, viewer, now))[0]

    async def holds(self, decision: Decision, now: float) -> bool:
        """Whether nothing about the photo has changed since it was looked up, which may have been long ago."""
        found = await self.photos.find(decision.photo.path, now)
        return found is decision.photo or found == decision.photo

    def purge(self, now: float) -> None:
        """Let go of what is no longer valid at ``now``."""
        self.remembered.purge(now)

    async def _known(self, basis: Basis | None, request: web.BaseRequest, now: float) -> Choice | None:
        choice = None if basis is None else self.remembered.get((basis, request.raw_path), now)
        if choice is None or choice.photo is not await self.photos.find(choice.photo.path, now):
            return None
        return choice

    async def _by_viewer(self, request: web.BaseRequest, now: float) -> tuple[Viewer, Choice]:
        """What whoever sent the request may see, in the rendition that the query asks for."""
        raw, query = address.split(request.raw_path)
        path, asked = address.parse(raw), sizes.read(query, self.sizes)
        viewer = await self.viewers.identify(request.headers, now)
        photo = await self.photos.find(path, now)
        granted, lasting = await self._granted(photo, viewer, now)
        choice = Choice.of(photo, sizes.target(photo, asked, _accept(request), self.sizes), granted, viewer.expires)
        if lasting:
            self._remember(viewer.digest, request, asked, choice, now)
        return viewer, choice

    async def _by_url(self, era: Era | None, request: web.BaseRequest, now: float) -> Choice:
        """What whoever holds the signed URL may see, with a token or without: it is not looked at.

        A rendition that was signed and cannot be made is a doubt like any other: the base as it was uploaded.
        """
        sealed, path = address.parse_signed(request.raw_path)
        ticket = None if self.door is None else self.door.ticket(sealed, path, now)
        photo = await self.photos.find(path, now)
        target = Target(photo)
        if ticket is None:
            return Choice.of(photo, target, NOBODY, 0)
        try:
            asked = sizes.read(ticket.rendition, self.sizes)
            target = sizes.target(photo, asked, _accept(request), self.sizes, signed=True)
        except BadRendition:
            return Choice.of(photo, target, NOBODY, 0)
        granted = door.granted(ticket, photo, self.policy)
        if granted is None:
            return Choice.of(photo, target, NOBODY, 0)
        choice = Choice.of(photo, target, granted, ticket.expires)
        self._remember(era, request, asked, choice, now)
        return choice

    async def _granted(self, photo: Photo, viewer: Viewer, now: float) -> tuple[frozenset[int], bool]:
        """And whether that follows from the record and the viewer alone."""
        try:
            ties = await self.acquaintance.ties(photo, viewer, now)
        except Unavailable:
            return decide(photo, STRANGER, NO_TIES, now, self.policy), False
        return decide(photo, viewer, ties, now, self.policy), ties.lasting

    def _remember(self, basis: Basis | None, request: web.BaseRequest, asked: Rendition, choice: Choice, now: float) -> None:
        if basis is None or asked.format == "auto":  # what comes of that depends on ``Accept``
            return
        size = CHOICE_BYTES + FACE_BYTES * len(choice.photo.faces) + len(request.raw_path)
        self.remembered.put((basis, request.raw_path), choice, size=size, now=now, expires=min(choice.until, now + self.seconds))

    def _decision(self, viewer: Viewer, choice: Choice, now: float) -> Decision:
        """The choice under its headers, which are those of the target's media type."""
        photo, target, faces, until = choice
        if viewer is HOLDER:
            doubtful = self.answers.doubtful
            manner = self.answers.signed(until - now) if until else doubtful
        else:
            manner = doubtful = self.answers.manner(viewer, faces.granted)
        if target.form is not None or target.negotiated:
            manner, doubtful = (each.of_type(target.type, negotiated=target.negotiated) for each in (manner, doubtful))
        return Decision(viewer, photo, target, faces, manner, doubtful)


def _accept(request: web.BaseRequest) -> Sequence[str]:
    return request.headers.getall("Accept", ())
