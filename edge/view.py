"""THE view flow: one request for a photo, one answer, in this order and no other."""

from dataclasses import dataclass

from aiohttp import web

from edge import answer
from edge import conditions
from edge.answer import Variant
from edge.audit.reveals import Reveals
from edge.catalog import Photo
from edge.decisions import Decision
from edge.decisions import Decisions
from edge.errors import Stale
from edge.files import Files
from edge.metrics import Answer
from edge.metrics import Credentials
from edge.metrics import Granted
from edge.metrics import Metrics
from edge.plans import NOBODY
from edge.plans import Plans
from edge.plans import Selection
from edge.plans import base_tag
from edge.scalers import Scalers
from edge.viewer import HOLDER
from edge.viewer import REFUSED
from edge.viewer import STRANGER
from edge.viewer import Viewer


@dataclass(frozen=True, slots=True)
class View:
    """Everything the flow names; each is a seam of its own."""

    decisions: Decisions
    files: Files
    plans: Plans
    reveals: Reveals
    metrics: Metrics
    scalers: Scalers

    async def show(self, request: web.BaseRequest, now: float) -> web.StreamResponse:
        """The photo at the request's raw path, in the rendition asked for, as this viewer may see it; raises ``Refusal``.

        The decision comes before every lookup of pictures and keys. Whatever does not open shows the base, and so does what
        changed before it could be sent.
        """
        decision = await self.decisions.of(request, now)
        target, faces, manner = decision.target, decision.faces, decision.manner
        granted = faces.granted
        tag = self.plans.known_tag(faces, now) or await self.plans.tag(faces, now)
        if tag is None:
            granted, tag, manner = NOBODY, base_tag(faces.photo), decision.doubtful
        tag = target.tag(tag)
        if conditions.unmatched(request.headers, tag):
            raise Stale
        if conditions.unchanged(request.headers, tag):
            self._count(decision, "unchanged")
            return answer.not_modified(request, manner, _variant(decision, granted, tag), now)
        base = await self.files.base(faces.photo, now)
        spliced = (base,) if not granted else await self.plans.reveal(faces, base, now)
        shown = None if spliced is None else await self.scalers.made(tag, spliced, target.form, now, public=not granted)
        if shown is None or not await self.decisions.holds(decision, now):
            tag = target.tag(base_tag(faces.photo))
            shown = await self.scalers.made(tag, (base,), target.form, now, public=True)
            self._count(decision, "withheld" if faces.granted else "base")
            return answer.picture(request, decision.doubtful, _variant(decision, NOBODY, tag), shown, now)
        if granted:
            self.reveals.note(decision.viewer, decision.photo, granted, now)
        self._count(decision, "spliced" if granted else "withheld" if faces.granted else "base")
        return answer.picture(request, manner, _variant(decision, granted, tag), shown, now)

    def _count(self, decision: Decision, what: Answer) -> None:
        viewer, granted = decision.viewer, decision.faces.granted
        known: Credentials = "none" if viewer is STRANGER else "bad" if viewer is REFUSED else "good"
        credentials: Credentials = "url" if viewer is HOLDER else known
        extent: Granted = "none" if not granted else "some" if len(granted) < len(decision.photo.faces) else "all"
        self.metrics.picture(credentials, extent, what)


def _variant(decision: Decision, granted: frozenset[int], tag: str) -> Variant:
    """The photo with the ``granted`` faces real: any other is not the person's own."""
    return Variant(decision.photo.path, tag, len(granted) < len(decision.photo.faces))


@dataclass(frozen=True, slots=True)
class Decided:
    """What the view flow would show, without a request for it (``edge.control.urls.Decide``)."""

    decisions: Decisions
    plans: Plans

    async def __call__(self, path: str, viewer: Viewer, now: float) -> tuple[Photo, frozenset[int]]:
        """The photo and the slots that ``viewer`` may see; raises ``NotFound`` or ``Unavailable``."""
        photo = await self.decisions.photos.find(path, now)
        return photo, await self.decisions.granted(photo, viewer, now)

    async def tag(self, photo: Photo, granted: frozenset[int], now: float) -> str:
        """The strong entity tag of the photo with ``granted`` faces real; the base's where a key does not open."""
        faces = Selection.of(photo, granted)
        return self.plans.known_tag(faces, now) or await self.plans.tag(faces, now) or base_tag(photo)
