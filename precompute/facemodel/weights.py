"""The face model's numbers: one file, made by the training recipe, read without running anything that it contains."""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute.errors import FaceModelUnusable

Floats = npt.NDArray[np.float32]

FORMAT: Final = 1
READOUT: Final = "readout-"
PLAIN: Final = (
    "reference", "mean", "coefficients", "shapes", "females", "ages", "tones", "expressions", "variations",
    "mouth_gaps", "mouth_tones",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Readout:
    """What a linear look at coefficients says: float32 (k, d) slope and (d,) at coefficients of 0."""

    slope: Floats
    level: Floats

    def at(self, coefficients: Floats) -> Floats:
        """float32 (k,) or (n, k) -> (d,) or (n, d)."""
        return np.asarray(self.level + coefficients @ self.slope, np.float32)


@dataclass(frozen=True, slots=True)
class Weights:
    """k components of textures with n numbers, of m training faces. Coefficients have a spread of 1 in every component.

    reference float32 (478, 3) mean mesh; mean (n,); components (k, n); coefficients (m, k); shapes (m, 478, 3) in the pixels
    of the layout, turned to the front; females float32 (m,) 0..1; ages (m,) years; tones (m, 3) log BGR; expressions (m, 3);
    variations (m, 2);
    training faces 2i and 2i + 1 are a portrait and its mirror image;
    readouts: SHA-256 of a model, or ``female`` (log odds) and ``age`` (years) -> what it would say of a drawn face;
    mouths uint8 (j, h, w, 3) insides of open mouths, BGR; mouth_gaps (j,) lips apart as in
    ``describe.expression``; mouth_tones (j,) log luma of the skin.
    """

    reference: Floats
    mean: Floats
    components: Floats
    coefficients: Floats
    shapes: Floats
    females: Floats
    ages: Floats
    tones: Floats
    expressions: Floats
    variations: Floats
    readouts: Mapping[str, Readout]
    mouths: npt.NDArray[np.uint8]
    mouth_gaps: Floats
    mouth_tones: Floats


def save(weights: Weights, file: Path) -> None:
    """Components are rounded to 8 bits of their largest number, coefficients to 16 bits: below what a picture shows."""
    largest = np.abs(weights.components).max(1)
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "format": np.array([FORMAT]), "reference": weights.reference, "mean": weights.mean.astype(np.float16), "largest": largest,
        "components": np.rint(weights.components / largest[:, None] * 127).astype(np.int8),
        "mouths": weights.mouths,
    }  # fmt: skip
    for name in PLAIN[2:]:
        arrays[name] = getattr(weights, name).astype(np.float16)
    for name, readout in weights.readouts.items():
        arrays[f"{READOUT}{name}"] = np.vstack([readout.slope, readout.level]).astype(np.float16)
    file.parent.mkdir(parents=True, exist_ok=True)
    # A zip of one date each, so that the same numbers are the same bytes.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as part:
                np.lib.format.write_array(part, np.ascontiguousarray(array), allow_pickle=False)


def load(file: Path) -> Weights:
    """Raises ``FaceModelUnusable`` for a file that ``save`` did not write."""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            if kept["format"].tolist() != [FORMAT]:
                raise FaceModelUnusable(file.name, "it has another format")
            plain = {name: kept[name].astype(np.float32) for name in PLAIN}
            readouts = {
                name.removeprefix(READOUT): Readout(table[:-1], table[-1])
                for name, table in ((n, kept[n].astype(np.float32)) for n in kept.files if n.startswith(READOUT))
            }
            components = kept["components"] * (kept["largest"][:, None] / np.float32(127))
            return Weights(**plain, components=components.astype(np.float32), readouts=readouts, mouths=kept["mouths"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        raise FaceModelUnusable(file.name, f"it cannot be read ({type(error).__name__})") from None
