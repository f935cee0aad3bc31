"""``mfmc-edge sign``: the URL that shows certain faces of a photo, made by hand."""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence

from edge import address
from edge import config
from edge import sizes
from edge.catalog import Catalog
from edge.catalog import Photo
from edge.errors import BadRendition
from edge.errors import ConfigError
from edge.errors import NotFound
from edge.policy import may_be_seen
from edge.render.request import exact
from edge.render.settings import Sizes
from edge.urls.keys import Keys
from edge.urls.settings import Urls
from edge.urls.signing import sign

ABOUT = """Print the address of a photo that shows the named faces as they are to whoever holds it, until it expires or somebody
says no. It stands behind the edge's own address: https://photos.example and the line that is printed."""
EXAMPLES = """examples:
  mfmc-edge keys new --urls                            make the keys that edge.urls.key_file names, once
  mfmc-edge faces list /2026/t1.jpg                    which faces are there?
  mfmc-edge sign /2026/t1.jpg --face 1 --face 3        for one or two edge.urls.bucket_seconds
  mfmc-edge sign /2026/t1.jpg --face 1 --seconds 1800  for half an hour, and then until the bucket ends
  mfmc-edge sign /2026/t1.jpg --face 1 --rendition 'w=500&fmt=auto'   in a size of its own
"""


def add(parser: argparse.ArgumentParser) -> None:
    """The operands."""
    parser.description, parser.epilog = ABOUT, EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("photo", metavar="PHOTO", help="the photo's path, such as /2026/t1.jpg")
    parser.add_argument(
        "--face", type=int, action="append", required=True, metavar="N", help="a face's number; may be given more than once"
    )
    parser.add_argument("--seconds", type=float, metavar="N", help="how long at least; default: edge.urls.bucket_seconds")
    parser.add_argument(
        "--rendition", default="", metavar="QUERY", help="size, quality and format, as after the ? of an address; odd ones too"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=_sign)


def _sign(arguments: argparse.Namespace) -> int:
    settings, now = config.load(arguments.config), time.time()
    if settings.edge.urls is None:
        raise ConfigError("edge.urls.key_file: is not set; config.toml in the repository explains [edge.urls]")
    keys, bucket = Keys.read(settings.edge.urls.key_file), settings.edge.urls.bucket_seconds
    photo = asyncio.run(_photo(settings, arguments.photo))
    shown = _shown(photo, arguments.face, settings.policy)
    rendition = _rendition(photo, arguments.rendition, settings.sizes)
    seconds = _lifetime(arguments.seconds, settings.edge.urls)
    signed = sign(
        keys, photo.path, photo.version, shown, now, bucket_seconds=bucket, lifetime_seconds=seconds, rendition=rendition
    )
    print(json.dumps({"url": signed.url, "expires": signed.expires}) if arguments.json else signed.url)
    return 0


async def _photo(settings: config.Config, path: str) -> Photo:
    """The photo as it is now; raises ``NotFound``."""
    async with Catalog.open(settings.catalog.url) as catalog:
        photo = await catalog.photo(address.parse(path))
    if photo is None:
        raise NotFound
    return photo


def _shown(photo: Photo, numbers: Sequence[int], policy: config.Policy) -> tuple[tuple[int, int, int], ...]:
    good = {face.slot for face in photo.faces if may_be_seen(face, policy)}
    for number in numbers:
        if number not in good:
            raise ConfigError(f"--face {number}: is not on the photo, or nobody may see it: it is unclaimed, locked or erased")
    return photo.shown(set(numbers))


def _rendition(photo: Photo, text: str, settings: Sizes) -> str:
    """The canonical form of what the edge makes; raises ``ConfigError`` for what it does not."""
    try:
        asked = exact(text, settings.bounds)
        sizes.target(photo, asked, (), settings, signed=True)
    except BadRendition:
        raise ConfigError(f"--rendition {text}: is not made; docs/renditions.md says what is, within [sizes]") from None
    return str(asked)


def _lifetime(seconds: float | None, urls: Urls) -> float:
    longest = urls.max_lifetime_seconds - urls.bucket_seconds
    if seconds is not None and not 0 < seconds <= longest:
        raise ConfigError(f"--seconds: must be above 0 and at most {longest}, edge.urls.max_lifetime_seconds less a bucket")
    return urls.bucket_seconds if seconds is None else seconds
