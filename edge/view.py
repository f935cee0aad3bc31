"""THE view flow: one request for a photo, one answer, in this order and no other."""

from dataclasses import dataclass

from aiohttp import web

from edge import address
from edge import answer
from edge import sizes
from edge.answer import Answers
from edge.audit.reveals import Reveals
from edge.catalog import Photo
from edge.config import Policy
from edge.errors import Unavailable
from edge.files import Files
from edge.photos import Photos
from edge.plans import NOBODY
from edge.plans import Plans
from edge.plans import base_tag
from edge.policy import NO_TIES
from edge.policy import decide
from edge.render.settings import Sizes
from edge.scalers import Scalers
from edge.ties import Acquaintance
from edge.viewer import STRANGER
from edge.viewer import Viewer
from edge.viewer import Viewers


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
    sizes: Sizes
    scalers: Scalers

    async def show(self, request: web.BaseRequest, now: float) -> web.StreamResponse:
        """The photo at the request's raw path, in the rendition asked for, as this viewer may see it; raises ``Refusal``.

        The decision comes before every lookup of pictures and keys. Whatever does not open shows the base, and so does what
        changed before it could be sent.
        """
        raw, query = address.split(request.raw_path)
        path, asked = address.parse(raw), sizes.read(query, self.sizes)
        viewer = await self.viewers.identify(request.headers, now)
        photo = await self.photos.find(path, now)
        granted = await self.decide(photo, viewer, now)
        target = sizes.target(photo, asked, request.headers.getall("Accept", ()), self.sizes)
        sealed, form = target.photo, target.form
        manner = self.answers.manner(viewer, granted).of_type(target.type, negotiated=target.negotiated)
        tag = self.plans.known_tag(sealed, granted, now) or await self.plans.tag(sealed, granted, now)
        if tag is None:
            granted, tag = NOBODY, base_tag(sealed)
        tag = target.tag(tag)
        if answer.unchanged(request.headers, tag):
            return answer.not_modified(manner, tag, now, synthetic=_hides(photo, granted))
        base = await self.files.base(sealed, now)
        spliced = await self.plans.reveal(sealed, granted, base, now)
        shown = None if spliced is None else await self.scalers.made(tag, spliced, form, now, public=False)
        if shown is None or await self._changed(photo, now):
            tag = target.tag(base_tag(sealed))
            shown = await self.scalers.made(tag, (base,), form, now, public=True)
            return answer.picture(manner, tag, shown, now, synthetic=_hides(photo, NOBODY))
        self.reveals.note(viewer, photo, granted, now)
        return answer.picture(manner, tag, shown, now, synthetic=_hides(photo, granted))

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


def _hides(photo: Photo, granted: frozenset[int]) -> bool:
    """Whether any face is not the person's own in an answer that shows the ``granted`` ones."""
    return len(granted) < len(photo.faces)


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
