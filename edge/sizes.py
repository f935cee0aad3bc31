"""From what is asked for to what is sent: a picture of the photo as it was sealed, or what has to be made of one.

A named width is sealed, and so costs a splice. What has to be made costs a processor, so anybody may ask only for what is
bounded: the named widths, as JPEG and in the configured formats. Everything else needs a signed URL, or ``sizes.odd_sizes``.
"""

import re
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Final
from typing import NamedTuple

from edge.catalog import Photo
from edge.errors import BadRendition
from edge.errors import OddRendition
from edge.render import scaling
from edge.render.request import FULL
from edge.render.request import Rendition
from edge.render.request import canonical
from edge.render.scaling import TYPES
from edge.render.scaling import Form
from edge.render.scaling import Format
from edge.render.settings import Sizes

_NOTHING = re.compile(r"q=0(?:\.0*)?", re.ASCII)

AVIF_LESS: Final = 20  # AVIF at quality 62 looks like JPEG at 82


class Target(NamedTuple):
    """What is sent. ``photo``: in the rendition that it is taken from; ``form``: what is made of that, None: it is sent as it is.

    ``negotiated``: another ``Accept`` could have brought another format.
    """

    photo: Photo
    form: Form | None = None
    negotiated: bool = False

    @property
    def type(self) -> str:
        """The media type."""
        return TYPES["jpeg" if self.form is None else self.form.format]

    def tag(self, sealed: str) -> str:
        """The entity tag of what is sent, given that of the picture it is taken from."""
        return sealed if self.form is None else self.form.tag(sealed)


def target(photo: Photo, asked: Rendition, accept: Iterable[str], settings: Sizes, *, signed: bool = False) -> Target:
    """What a request with these ``Accept`` headers gets for this rendition; raises ``BadRendition`` and ``OddRendition``."""
    if asked is FULL or asked == FULL:  # nearly always the very one
        return Target(photo)
    free = signed or settings.odd_sizes or _is_named(photo, asked, settings)
    kind, negotiated = _format(asked, settings.formats, accept if free else None)
    if not signed and is_odd(photo, asked, settings):
        raise OddRendition
    scaled, size = scaling.sizes((photo.width, photo.height), asked)
    source = _source(photo, scaled[0])
    own = source.width, source.height
    if kind == "jpeg" and asked.quality is None and size == scaled and own == scaled:
        return Target(source, None, negotiated)
    return Target(source, Form(own, scaled, size, kind, _quality(asked, kind, settings)), negotiated)


def is_odd(photo: Photo, asked: Rendition, settings: Sizes) -> bool:
    """Whether only a signed URL may ask for it."""
    whole = asked.width is asked.height is asked.quality is None and asked.format in ("jpeg", "auto")
    return not (whole or settings.odd_sizes or _is_named(photo, asked, settings))


def read(query: str, settings: Sizes) -> Rendition:
    """What a raw query string asks for, within the configured bounds; raises ``BadRendition``."""
    return canonical(query, settings.bounds) if query else FULL


def _is_named(photo: Photo, asked: Rendition, settings: Sizes) -> bool:
    widths = {*settings.renditions, *(each.width for each in photo.renditions)}
    return asked.width in widths and asked.height is None and asked.quality is None


def _format(asked: Rendition, offered: Sequence[Format], accept: Iterable[str] | None) -> tuple[Format, bool]:
    """The format, and whether ``accept`` had a part in that; None: it may not."""
    if asked.format == "jpeg" or (asked.format == "auto" and accept is None):
        return "jpeg", False
    made = [kind for kind in offered if scaling.encodes(kind)]
    if asked.format != "auto":
        if asked.format not in made:
            raise BadRendition
        return asked.format, False
    accepted = _accepted(accept or ())
    return next((kind for kind in made if TYPES[kind] in accepted), "jpeg"), bool(made)


def _accepted(lines: Iterable[str]) -> set[str]:
    """The media types that ``Accept`` names in full, and not with a weight of nothing (RFC 9110 section 12.5.1).

    A wildcard names none: browsers that cannot show a format send one too.
    """
    accepted = set()
    for line in lines:
        for entry in line.split(","):
            kind, *parameters = (part.strip(" \t").lower() for part in entry.split(";"))
            if not any(_NOTHING.fullmatch(parameter) for parameter in parameters):
                accepted.add(kind)
    return accepted


def _source(photo: Photo, width: int) -> Photo:
    """The smallest picture of the photo that is no narrower than this."""
    fitting = [each for each in photo.renditions if width <= each.width]
    return photo.at(fitting[0]) if fitting else photo


def _quality(asked: Rendition, kind: Format, settings: Sizes) -> int:
    if asked.quality is not None:
        return asked.quality
    return max(1, settings.quality - AVIF_LESS) if kind == "avif" else settings.quality
