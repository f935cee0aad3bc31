"""The photos that benchmarks measure on: the group photo that the insightface package installs, as it is and at 11 MP."""

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

GROUP_SIZE = (1280, 886)
LARGE_SIZE = (4000, 2769)
LARGE_QUALITY = 94
# Where the six faces of the group photo are: x, y, width, height.
FACES = tuple((x, y, 100, 130) for x, y in ((90, 280), (330, 200), (520, 250), (700, 170), (880, 270), (1050, 220)))


def group() -> bytes:
    """1280 x 886, about 130 kB."""
    spec = find_spec("insightface")
    if spec is None or spec.origin is None:
        raise SystemExit("the benchmarks use a photo of the insightface package; run: make setup")
    return (Path(spec.origin).parent / "data" / "images" / "t1.jpg").read_bytes()


def large() -> bytes:
    """4000 x 2769, about 1.4 MB: the same picture enlarged."""
    picture = cv2.imdecode(np.frombuffer(group(), np.uint8), cv2.IMREAD_COLOR)
    enlarged = cv2.resize(picture, LARGE_SIZE, interpolation=cv2.INTER_CUBIC)
    return bytes(cv2.imencode(".jpg", enlarged, [cv2.IMWRITE_JPEG_QUALITY, LARGE_QUALITY])[1])
