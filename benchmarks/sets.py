"""The two sets of models that the product is measured with."""

from collections.abc import Mapping
from typing import Final

from precompute.settings import PERMISSIVE
from precompute.settings import FacesConfig

OWN: Final = FacesConfig(
    detector="face-detector",
    landmarks="face-mesh",
    attributes="face-attributes",
    recognisers=("face-recogniser-a", "face-recogniser-b"),
)
SETS: Final[Mapping[str, FacesConfig]] = {"own": OWN, "permissive": PERMISSIVE}
