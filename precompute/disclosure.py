"""The C2PA manifest of a base: this picture's faces are synthetic, says whoever publishes it, and signs it.

It is bound to the base's bytes, so answers with a real face leave it out (``edge.render.sealed``). It names who signed, and holds
nothing of the photo, its people, its name or its upload: no ingredient, no thumbnail, no count of faces.
"""

from collections.abc import Collection
from functools import partial
from io import BytesIO
from typing import Any
from typing import Final

import cv2
import numpy as np

from edge.errors import ConfigError
from edge.render.sealed import Cut
from precompute import credentials
from precompute.blend import Method
from precompute.credentials import Credentials
from precompute.errors import NotDisclosed
from precompute.jpeg import markers
from precompute.seal import Mark
from precompute.settings import DisclosureConfig

SOURCES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
# IPTC's words for a picture that a trained model had part in, and for one with other parts that no camera took.
TRAINED: Final = f"{SOURCES}compositeWithTrainedAlgorithmicMedia"
FILLED: Final = f"{SOURCES}compositeSynthetic"
SAID: Final = "Faces in this picture were replaced by synthetic ones."
SETTINGS: Final = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}
JPEG: Final = "image/jpeg"


class Marker:
    """Puts a signed manifest into finished bases; ``credentials`` say in whose name."""

    __slots__ = ("_c2pa", "credentials")

    def __init__(self, library: Any, held: Credentials) -> None:
        self._c2pa = library
        self.credentials = held

    def of(self, methods: Collection[Method]) -> Mark | None:
        """What marks a base with faces made in these ways; None where there are none, since nothing is synthetic then."""
        if not methods:
            return None
        return partial(self.mark, source=FILLED if set(methods) == {"opaque"} else TRAINED)

    def mark(self, base: bytes, source: str, *, stamped: bool = True) -> tuple[bytes, Cut]:
        """A JPEG -> the same with a manifest of this digital source type, and where it lies; nothing else is changed.

        ``stamped``: ask the configured authority, if there is one, for the time. Raises ``NotDisclosed``.
        """
        try:
            marked = self._signed(base, source, self.credentials.timestamp_url if stamped else None)
        except self._c2pa.C2paError as error:
            raise NotDisclosed(" ".join(str(error).split())) from None
        place = markers.first_run(marked, markers.APP11)
        if place is None or marked[: place[0]] + marked[place[1] :] != base:
            raise NotDisclosed("the picture around it was changed")
        return marked, Cut(*place, 0)

    def _signed(self, base: bytes, source: str, timestamp_url: str | None) -> bytes:
        held, c2pa = self.credentials, self._c2pa
        marked = BytesIO()
        info = c2pa.C2paSignerInfo(held.algorithm, held.chain, held.key, timestamp_url)
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Settings.from_dict(SETTINGS) as settings,
            c2pa.Context(settings) as context,
            c2pa.Builder(manifest(source), context) as builder,
        ):
            builder.sign(signer, JPEG, BytesIO(base), marked)
        return marked.getvalue()


def manifest(source: str) -> dict[str, object]:
    """All that is said: what made the file, and that it was made and edited into a picture of this digital source type."""
    actions = [
        {"action": "c2pa.created", "digitalSourceType": source},
        {"action": "c2pa.edited", "digitalSourceType": source, "description": SAID},
    ]
    return {
        "claim_generator_info": [{"name": "mfmc-edge"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}, "created": True}],
    }


def configured(config: DisclosureConfig, now: float) -> Marker | None:
    """What marks bases, tried out on a picture of nothing; None where disclosure is off. Raises ``ConfigError``."""
    if not config.enabled:
        return None
    marker = Marker(_library(), credentials.read(config, now))
    empty = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    try:
        marker.mark(empty, TRAINED, stamped=False)
    except NotDisclosed as error:
        raise ConfigError(f"{config.certificate_file}: cannot sign a manifest: {error.why}; see docs/disclosure.md") from None
    return marker


def _library() -> Any:
    try:
        import c2pa
    except ImportError:
        raise ConfigError("precompute.disclosure.enabled: needs c2pa-python; run: pip install 'mfmc-edge[c2pa]'") from None
    return c2pa
