"""THE view flow: one request for a photo, one answer, in this order and no other."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from aiohttp import web

from edge import address
from edge import answer
from edge import conditions
from edge import sizes
from edge.answer import Answers
from edge.answer import Variant
from edge.audit.reveals import Reveals
from edge.catalog import Photo
from edge.config import Policy
from edge.errors import BadRendition
from edge.errors import Stale
from edge.errors import Unavailable
from edge.files import Files
from edge.manner import Manner
from edge.metrics import Answer
from edge.metrics import Credentials
from edge.metrics import Granted
from edge.metrics import Metrics
from edge.photos import Photos
from edge.plans import NOBODY
from edge.plans import Plans
from edge.plans import base_tag
from edge.policy import NO_TIES
from edge.policy import decide
from edge.render.settings import Sizes
from edge.scalers import Scalers
from edge.sizes import Target
from edge.ties import Acquaintance
from edge.urls import door
from edge.urls.door import UrlDoor
from edge.viewer import HOLDER
from edge.viewer import REFUSED
from edge.viewer import STRANGER
from edge.viewer import Viewer
from edge.viewer import Viewers


class _Decision(NamedTuple):
    """Who sees which faces of what, under which headers, and under which the base where they cannot be shown after all.

    ``photo`` is what was decided about, ``target`` how it is sent.
    """

    viewer: Viewer
    photo: Photo
    target: Target
    granted: frozenset[int]
    manner: Manner
    doubtful: Manner


@dataclass(frozen=True, slots=True)
class View:
    """Everything the flow names; each is a seam of its own."""

    viewers: Viewers
    photos: Photos
    acquaintance: Acquaintance
    files: Files
    plans: Plans
    answers: Answers
    reveals: Reveals
    policy: Policy
    door: UrlDoor | None
    metrics: Metrics
    sizes: Sizes
    scalers: Scalers

    async def show(self, request: web.BaseRequest, now: float) -> web.StreamResponse:
        """The photo at the request's raw path, in the rendition asked for, as this viewer may see it; raises ``Refusal``.

        The decision comes before every lookup of pictures and keys. Whatever does not open shows the base, and so does what
        changed before it could be sent.
        """
        by = self._by_url if address.is_signed(request.raw_path) else self._by_viewer
        decision = await by(request, now)
        photo, target, granted, manner = decision.photo, decision.target, decision.granted, decision.manner
        source = target.photo
        tag = self.plans.known_tag(source, granted, now) or await self.plans.tag(source, granted, now)
        if tag is None:
            granted, tag, manner = NOBODY, base_tag(source), decision.doubtful
        tag = target.tag(tag)
        if conditions.unmatched(request.headers, tag):
            raise Stale
        if conditions.unchanged(request.headers, tag):
            self._count(decision, "unchanged")
            return answer.not_modified(request, manner, _variant(photo, granted, tag), now)
        base = await self.files.base(source, now)
        spliced = (base,) if not granted else await self.plans.reveal(source, granted, base, now)
        shown = None if spliced is None else await self.scalers.made(tag, spliced, target.form, now, public=not granted)
        if shown is None or await self._changed(photo, now):
            tag = target.tag(base_tag(source))
            shown = await self.scalers.made(tag, (base,), target.form, now, public=True)
            self._count(decision, "withheld" if decision.granted else "base")
            return answer.picture(request, decision.doubtful, _variant(photo, NOBODY, tag), shown, now)
        if granted:
            self.reveals.note(decision.viewer, photo, granted, now)
        self._count(decision, "spliced" if granted else "withheld" if decision.granted else "base")
        return answer.picture(request, manner, _variant(photo, granted, tag), shown, now)

    async def _by_viewer(self, request: web.BaseRequest, now: float) -> _Decision:
        """What whoever sent the request may see, in the rendition that the query asks for."""
        raw, query = address.split(request.raw_path)
        path, asked = address.parse(raw), sizes.read(query, self.sizes)
        viewer = await self.viewers.identify(request.headers, now)
        photo = await self.photos.find(path, now)
        granted = await self.decide(photo, viewer, now)
        target = sizes.target(photo, asked, _accept(request), self.sizes)
        manner = self.answers.manner(viewer, granted)
        return _decision(viewer, photo, target, granted, manner, manner)

    async def _by_url(self, request: web.BaseRequest, now: float) -> _Decision:
        """What whoever holds the signed URL may see, with a token or without: it is not looked at.

        A rendition that was signed and cannot be made is a doubt like any other: the base as it was uploaded.
        """
        sealed, path = address.parse_signed(request.raw_path)
        ticket = None if self.door is None else self.door.ticket(sealed, path, now)
        photo = await self.photos.find(path, now)
        target, granted, doubtful = Target(photo), None, self.answers.doubtful
        if ticket is not None:
            with suppress(BadRendition):
                asked = sizes.read(ticket.rendition, self.sizes)
                target = sizes.target(photo, asked, _accept(request), self.sizes, signed=True)
                granted = door.granted(ticket, photo, self.policy)
        if ticket is None or granted is None:
            return _decision(HOLDER, photo, target, NOBODY, doubtful, doubtful)
        return _decision(HOLDER, photo, target, granted, self.answers.signed(ticket.expires - now), doubtful)

    def _count(self, decision: _Decision, what: Answer) -> None:
        viewer, granted = decision.viewer, decision.granted
        known: Credentials = "none" if viewer is STRANGER else "bad" if viewer is REFUSED else "good"
        credentials: Credentials = "url" if viewer is HOLDER else known
        extent: Granted = "none" if not granted else "some" if len(granted) < len(decision.photo.faces) else "all"
        self.metrics.picture(credentials, extent, what)

    async def _changed(self, photo: Photo, now: float) -> bool:
        """Whether something about the photo changed since it was looked up, which may have been long ago."""
        found = await self.photos.find(photo.path, now)
        return found is not photo and found != photo

    async def tag(self, photo: Photo, granted: frozenset[int], now: float) -> str:
        """The entity tag under which ``show`` answers this decision; the base's where a key does not open."""
        return self.plans.known_tag(photo, granted, now) or await self.plans.tag(photo, granted, now) or base_tag(photo)

    async def decide(self, photo: Photo, viewer: Viewer, now: float) -> frozenset[int]:
        """The slots of the faces that ``viewer`` may see; where nobody can tell what owners say of them, a stranger's."""
        try:
            ties = await self.acquaintance.ties(photo, viewer, now)
        except Unavailable:
            return decide(photo, STRANGER, NO_TIES, now, self.policy)
        return decide(photo, viewer, ties, now, self.policy)


def _variant(photo: Photo, granted: frozenset[int], tag: str) -> Variant:
    """The photo with the ``granted`` faces real: any other is not the person's own."""
    return Variant(photo.path, tag, len(granted) < len(photo.faces))


def _decision(
    viewer: Viewer, photo: Photo, target: Target, granted: frozenset[int], manner: Manner, doubtful: Manner
) -> _Decision:
    """The decision, its headers those of the target's media type."""
    if target.form is not None or target.negotiated:
        manner, doubtful = (each.of_type(target.type, negotiated=target.negotiated) for each in (manner, doubtful))
    return _Decision(viewer, photo, target, granted, manner, doubtful)


def _accept(request: web.BaseRequest) -> Sequence[str]:
    return request.headers.getall("Accept", ())


@dataclass(frozen=True, slots=True)
class Decided:
    """What the view flow would show, without a request for it (``edge.control.urls.Decide``)."""

    view: View

    async def __call__(self, path: str, viewer: Viewer, now: float) -> tuple[Photo, frozenset[int]]:
        """The photo and the slots that ``viewer`` may see; raises ``NotFound`` or ``Unavailable``."""
        photo = await self.view.photos.find(path, now)
        return photo, await self.view.decide(photo, viewer, now)

    async def tag(self, photo: Photo, granted: frozenset[int], now: float) -> str:
        """The strong entity tag of the photo with ``granted`` faces real."""
        return await self.view.tag(photo, granted, now)
