"""``POST /-/urls``: where a page's photos are for this viewer, asked once per page since an ``<img>`` sends no header.

Where faces are granted to a viewer with a token, and the edge signs URLs (``[edge.urls]``), the address is a signed one; for
everybody else it is the photo's own. A photo may be named with the query of a rendition. One in a size that is made on request is
signed for every viewer with a token, and refused to strangers.

``variant`` names what is shown there: the entity tag of the decision, which is the same for all to whom the same faces are
granted, and tells nobody which those are. A photo that does not exist has no address, and no more is said of it.
"""

from dataclasses import dataclass
from typing import Annotated
from typing import Final
from typing import Protocol

import msgspec

from edge import address
from edge import sizes
from edge.catalog import Photo
from edge.control.operations import Body
from edge.errors import BadRendition
from edge.errors import NotFound
from edge.errors import Unprocessable
from edge.render.request import Rendition
from edge.render.settings import Sizes
from edge.urls.door import UrlDoor
from edge.viewer import Viewer

MAX_PHOTOS: Final = 200


class Asked(Body, frozen=True):
    """The photos of a page, each once, as they would be asked for: ``/2026/t1.jpg`` or ``/2026/t1.jpg?w=640``."""

    photos: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MAX_PHOTOS)]


class Url(msgspec.Struct, frozen=True):
    """Where a photo is for this viewer; None where there is no such photo, and no ``expires`` where the address stays good.

    No ``variant`` where the browser's ``Accept`` has a part in what is shown. After ``expires`` (seconds since 1970) a signed
    address shows synthetic faces alone.
    """

    photo: str
    url: str | None = None
    variant: str | None = None
    expires: int | None = None


class Told(msgspec.Struct, frozen=True):
    """The addresses, in the order asked."""

    urls: list[Url]


class Decide(Protocol):
    """What the view flow would show."""

    async def __call__(self, path: str, viewer: Viewer, now: float) -> tuple[Photo, frozenset[int]]:
        """The photo and the slots that ``viewer`` may see; raises ``NotFound`` or ``Unavailable``."""

    async def tag(self, photo: Photo, granted: frozenset[int], now: float) -> str:
        """The strong entity tag of the photo with ``granted`` faces real."""


@dataclass(frozen=True, slots=True)
class Urls:
    """Tells addresses; without a ``door`` none is signed."""

    decide: Decide
    door: UrlDoor | None
    sizes: Sizes

    async def told(self, asked: Asked, viewer: Viewer, now: float) -> Told:
        """The address of each photo for ``viewer``; for all or none.

        Raises ``Unprocessable``, ``OddRendition`` or ``Unavailable``. One after the other, so that one request never keeps the
        catalog from others.
        """
        if len(set(asked.photos)) != len(asked.photos):
            raise Unprocessable
        try:
            wanted = [(text, *self._read(text)) for text in asked.photos]
            return Told([await self._url(text, path, rendition, viewer, now) for text, path, rendition in wanted])
        except BadRendition:
            raise Unprocessable from None

    def _read(self, text: str) -> tuple[str, Rendition]:
        path, query = address.split(text)
        try:
            return address.parse(path), sizes.read(query, self.sizes)
        except NotFound:
            raise Unprocessable from None

    async def _url(self, text: str, path: str, asked: Rendition, viewer: Viewer, now: float) -> Url:
        try:
            photo, granted = await self.decide(path, viewer, now)
        except NotFound:
            return Url(text)
        door = None if viewer.id is None or not (granted or sizes.is_odd(photo, asked, self.sizes)) else self.door
        target = sizes.target(photo, asked, (), self.sizes, signed=door is not None)
        variant = None if target.negotiated else target.tag(await self.decide.tag(target.photo, granted, now))
        if door is None:
            query = str(asked)
            return Url(text, f"{path}?{query}" if query else path, variant)
        signed = door.sign(photo, granted, now, asked)
        return Url(text, signed.url, variant, signed.expires)
