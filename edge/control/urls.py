"""``POST /-/urls``: where a page's photos are for this viewer, asked once per page since an ``<img>`` sends no header.

Where faces are granted to a viewer with a token, and the edge signs URLs (``[edge.urls]``), the address is a signed one; for
everybody else it is the photo's path.

``variant`` names what is shown there: the entity tag of the decision, which is the same for all to whom the same faces are
granted, and tells nobody which those are. A photo that does not exist has no address, and no more is said of it.
"""

from dataclasses import dataclass
from typing import Annotated
from typing import Final
from typing import Protocol

import msgspec

from edge import address
from edge.catalog import Photo
from edge.control.operations import Body
from edge.errors import NotFound
from edge.errors import Unprocessable
from edge.urls.door import UrlDoor
from edge.viewer import Viewer

MAX_PHOTOS: Final = 200


class Asked(Body, frozen=True):
    """The photos of a page, each once."""

    photos: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MAX_PHOTOS)]


class Url(msgspec.Struct, frozen=True):
    """Where a photo is for this viewer; None where there is no such photo, and no ``expires`` where the address stays good.

    After ``expires`` (seconds since 1970) a signed address shows synthetic faces alone.
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

    async def told(self, asked: Asked, viewer: Viewer, now: float) -> Told:
        """The address of each photo for ``viewer``; raises ``Unprocessable`` or ``Unavailable``, for all or none.

        One after the other, so that one request never keeps the catalog from others.
        """
        paths = list(map(_path, asked.photos))
        if len(set(paths)) != len(paths):
            raise Unprocessable
        return Told([await self._url(path, viewer, now) for path in paths])

    async def _url(self, path: str, viewer: Viewer, now: float) -> Url:
        try:
            photo, granted = await self.decide(path, viewer, now)
        except NotFound:
            return Url(path)
        variant = await self.decide.tag(photo, granted, now)
        if self.door is None or viewer.id is None or not granted:
            return Url(path, path, variant)
        signed = self.door.sign(photo, granted, now)
        return Url(path, signed.url, variant, signed.expires)


def _path(text: str) -> str:
    try:
        return address.parse(text)
    except NotFound:
        raise Unprocessable from None
