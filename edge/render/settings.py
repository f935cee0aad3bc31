"""``[sizes]`` of config.toml: which renditions are sealed at upload, which others are made on request, and at what cost."""

from itertools import pairwise
from typing import Annotated
from typing import Final
from typing import Literal

from msgspec import Meta

from edge.render.request import Bounds
from edge.section import Bytes
from edge.section import Section

Width = Annotated[int, Meta(ge=16, le=16_384)]
Quality = Annotated[int, Meta(ge=1, le=100)]


class Sizes(Section, frozen=True):
    """``[sizes]``, which both programs read: upload seals the ``renditions``, the edge scales the rest."""

    renditions: Annotated[tuple[Width, ...], Meta(max_length=8)] = (320, 640, 1_280, 2_048)
    quality: Quality = 82
    odd_sizes: bool = False
    formats: tuple[Literal["webp", "avif"], ...] = ("avif", "webp")
    max_px: Width = 4_096
    max_dpr: Annotated[float, Meta(ge=1, le=9)] = 4
    min_quality: Quality = 20
    max_quality: Quality = 95
    scalers: Annotated[int, Meta(ge=1, le=64)] = 1
    scale_waiting: Annotated[int, Meta(ge=1, le=10_000)] = 16
    scale_seconds: Annotated[float, Meta(gt=0, le=60)] = 5
    scaled_bytes: Bytes = 16 << 20

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for what contradicts itself."""
        if any(a >= b for a, b in pairwise(self.renditions)):
            raise ValueError("renditions must ascend")
        if self.min_quality > self.max_quality:
            raise ValueError("min_quality must not be above max_quality")

    @property
    def bounds(self) -> Bounds:
        """What may be asked for."""
        return Bounds(self.max_px, self.max_dpr, self.min_quality, self.max_quality)


NO_RENDITIONS: Final = Sizes(renditions=())
