"""THE view flow: one request for a photo, one answer, in this order and no other."""

from dataclasses import dataclass

from aiohttp import web

from edge import address
from edge import answer
from edge.answer import Answers
from edge.files import Files
from edge.photos import Photos
from edge.plans import NOBODY
from edge.plans import Plans
from edge.plans import base_tag
from edge.policy import decide
from edge.viewer import Viewers


@dataclass(frozen=True, slots=True)
class View:
    """Everything the flow names; each is a seam of its own."""

    viewers: Viewers
    photos: Photos
    files: Files
    plans: Plans
    answers: Answers
    default_rule: str

    async def show(self, request: web.BaseRequest, now: float) -> web.StreamResponse:
        """The photo at the request's raw path as this viewer may see it at ``now``; raises ``Refusal``.

        The decision comes before every lookup of pictures and keys. Whatever does not open shows the base.
        """
        path = address.parse(request.raw_path)
        viewer = await self.viewers.identify(request.headers, now)
        photo = await self.photos.find(path, now)
        granted = decide(photo, viewer, now, self.default_rule)
        manner = self.answers.manner(viewer, granted)
        tag = self.plans.known_tag(photo, granted, now) or await self.plans.tag(photo, granted, now)
        if tag is None:
            granted, tag = NOBODY, base_tag(photo)
        if answer.unchanged(request.headers, tag):
            return answer.not_modified(manner, tag, now)
        base = await self.files.base(photo, now)
        spliced = await self.plans.reveal(photo, granted, base, now)
        if spliced is None:
            return answer.picture(manner, base_tag(photo), (base,), now)
        return answer.picture(manner, tag, spliced, now)
