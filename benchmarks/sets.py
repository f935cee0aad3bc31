"""The two sets of models that the product is measured with."""

from collections.abc import Mapping
from typing import Final

from precompute.settings import OWN
from precompute.settings import PERMISSIVE
from precompute.settings import FacesConfig

SETS: Final[Mapping[str, FacesConfig]] = {"own": OWN, "permissive": PERMISSIVE}
