"""``[precompute.faces]``, ``certificate``, ``disclosure`` and ``people``: how faces are found, replaced, measured and told of."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from typing import Final
from typing import Literal

import msgspec

from precompute.session import Provider
from precompute.similarity import Name

Policy = Literal["random-above-threshold", "farthest"]
MODELS: Final[Mapping[str, Mapping[str, str | tuple[str, ...]]]] = {
    "own": {
        "detector": "face-detector",
        "landmarks": "face-mesh",
        "attributes": "face-attributes",
        "recognisers": ("face-recogniser-a", "face-recogniser-b"),
    },
    "permissive": {
        "detector": "yunet_n_dynamic",
        "landmarks": "mp_face_landmarks_478",
        "attributes": "age-gender-recognition-retail-0013",
        "recognisers": ("face-reidentification-retail-0095", "mobilefacenet_128"),
    },
}


class FacesConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Frozen; unknown keys are refused. A model is a name of the registry or ``insightface:PACK-OR-FILE``; a
    recogniser may be ``deepface:NAME`` too.
    """

    # "own": what is shipped; "permissive": the models of others that ours are taught by, which a mirror must have. Models
    # that are named in one of the next four take the place of the set's.
    models: Literal["own", "permissive"] = "own"
    detector: str = ""
    landmarks: str = ""
    attributes: str = ""
    recognisers: Annotated[tuple[str, ...], msgspec.Meta(min_length=2)] = ()
    # Cosine similarity per recogniser, in place of the calibrated one and the registry's.
    thresholds: dict[str, float] = {}
    # Where `mfmc-precompute calibrate` keeps its own; beside the folder of the models unless set.
    thresholds_file: Path | None = None
    provider: Provider = "auto"
    threads: int = 1

    detect_long_sides_px: tuple[int, ...] = (1600, 640)
    detect_score: float = 0.6

    # Faces that miss any of these get the opaque fill; none is ever skipped.
    swap_width_px: float = 24.0
    swap_yaw_degrees: float = 75.0
    swap_presence: float = 0.08
    swap_stiff_score: float = 0.7
    swap_visible_share: float = 0.75

    generator: Literal["face-model", "donor"] = "face-model"
    donors_folder: Path | None = None
    index_processes: int = 2
    # Fakes made of each face at full size before the fill; up to `screened` candidates are drawn small to find that many.
    policy: Policy = "random-above-threshold"
    similarity: Name = "embedding"
    tries: Annotated[int, msgspec.Meta(ge=0)] = 8
    screened: Annotated[int, msgspec.Meta(ge=0)] = 24
    shortlist: int = 50
    age_band_years: float = 12.0
    identity_margin: float = 0.3

    def __post_init__(self) -> None:
        """Name the models of the set, where no others are named."""
        for role, name in MODELS[self.models].items():
            if not getattr(self, role):
                msgspec.structs.force_setattr(self, role, name)


OWN: Final = FacesConfig()
PERMISSIVE: Final = FacesConfig(models="permissive")


class CertificateConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who signs certificates, and whose signatures count besides; without a key they are unsigned and say so."""

    key_file: Path | None = None
    public_files: tuple[Path, ...] = ()


class DisclosureConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The C2PA manifest in published bases, off by default, and what signs it; who is named there is asked for the time."""

    enabled: bool = False
    certificate_file: Path | None = None
    key_file: Path | None = None
    algorithm: Literal["es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519"] = "es256"
    timestamp_url: str | None = None


Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class PeopleConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Finding people who asked for it. Off by default: what it keeps of them is biometric data."""

    enabled: bool = False
    # Cosine similarity per recogniser, in place of the registry's ``suggest``; InsightFace's recognisers need theirs here.
    similarity: dict[str, Share] = {}
    margin: Share = 0.05
    width_px: float = 32.0
    enrol_width_px: float = 64.0
