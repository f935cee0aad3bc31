"""Faces for the upload flow: find them, make faces of nobody, measure what came out. Models and donors stay behind this."""

import os
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from precompute import certify
from precompute import describe
from precompute import donor_index
from precompute import equipment
from precompute import landmarks
from precompute.blend import Fake as Fake
from precompute.certify import Measurement as Measurement
from precompute.choice import Choice
from precompute.choice import Rule
from precompute.describe import Recogniser
from precompute.detect import Detections
from precompute.donors import Donor
from precompute.donors import Gallery
from precompute.donors import Index
from precompute.donors import Wanted
from precompute.equipment import Equipment
from precompute.errors import DonorsUnusable
from precompute.face import Face as Face
from precompute.models import ModelStore
from precompute.models import Progress
from precompute.screening import Screen
from precompute.settings import FacesConfig as FacesConfig
from precompute.swap import Swapper
from precompute.swap import light
from precompute.swap import opaque
from precompute.swap.donor import DonorSwapper
from precompute.trial import Around

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

DONORS_VARIABLE = "MFMC_DONORS"
LIKELY = 0.55
AGREE_SHARE = 0.25


class Anonymiser:
    """Finds faces, makes synthetic ones and measures the outcome. ``notes`` are sentences that the operator should read."""

    def __init__(self, config: FacesConfig, models: Equipment, gallery: Gallery | None, swapper: Swapper | None) -> None:
        self._config = config
        self._models = models
        self._gallery = gallery
        self._swapper = swapper
        self.notes: tuple[str, ...] = () if gallery else (NO_DONORS,)

    @classmethod
    def load(
        cls, config: FacesConfig, models: ModelStore, progress: Progress | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> "Anonymiser":  # fmt: skip
        """Load models, and open or build the donors' index; raises ``PrecomputeError``."""
        loaded = equipment.load(config, models)
        folder = donors_folder(config, environ)
        if folder is None:
            return cls(config, loaded, None, None)
        if not folder.is_dir():
            raise DonorsUnusable(f"the donors folder {folder} is not there: mend donors_folder or {DONORS_VARIABLE}")
        index = donor_index.open_index(folder, config, models, progress)
        return cls(config, loaded, gallery(folder, index, config, loaded), DonorSwapper(index.reference))

    @property
    def recognisers(self) -> tuple[Recogniser, ...]:
        """Whose descriptors the faces have."""
        return self._models.recognisers

    @property
    def rule(self) -> Rule:
        """How fakes are chosen."""
        measure = self._models.similarity
        return Rule(self._config.policy, measure.name, measure.threshold)

    def find(self, pixels: Pixels) -> tuple[Face, ...]:
        """Every face of BGR uint8 (h, w, 3), from left to right and then from top to bottom."""
        found = self._models.detector.find(pixels, self._config.detect_long_sides_px)
        found = found.take(np.lexsort((found.boxes[:, 1], found.boxes[:, 0])))
        told = self._models.attributes.tell(pixels, found.boxes)
        seen = {r.name: r.embed(pixels, found.points) for r in self._models.recognisers}
        return tuple(
            self._face(pixels, found, i, told[i], {name: vectors[i] for name, vectors in seen.items()}) for i in range(len(found))
        )

    def _face(self, pixels: Pixels, found: Detections, i: int, told: Floats, seen: Mapping[str, Floats]) -> Face:
        points = found.points[i]
        mesh = self._models.mesh.fit(pixels, points)
        pose = describe.pose(mesh.points)
        x, y, w, h = (float(value) for value in found.boxes[i])
        reason = unfit(mesh, points, pose, (x, y, w, h), pixels.shape[:2], self._config)
        return Face(
            (x, y, w, h), float(found.scores[i]), points, mesh.points, mesh.presence,
            describe.gender(float(told[0]), LIKELY), float(told[1]), pose.yaw, pose.pitch, pose.roll,
            seen, reason is None, reason,
        )  # fmt: skip

    def fakes(self, pixels: Pixels, face: Face, rng: np.random.Generator, first: Donor | None = None) -> Iterator[Fake]:
        """Donor swaps with different donors, at most ``tries``, then one opaque fill; unusable faces get that alone.

        ``first`` is asked before all others, and must pass as they must.
        """
        looked_at = 0
        if face.usable and face.mesh is not None and self._gallery is not None and self._swapper is not None:
            screen = Screen(pixels, face, self._models, self._swapper, rng)
            choice = Choice(self._config.policy, self._config.screened, screen.judge)
            around = Around.of(pixels, face.mesh)
            donors = self._gallery.choose(wanted(around, face), rng)
            for donor in islice(choice.among(donors, first), self._config.tries):
                yield replace(around.fake(self._swapper, donor, rng), looked_at=choice.looked_at, source=donor)
            looked_at = choice.looked_at
        yield replace(opaque.fill(pixels, face.box), looked_at=looked_at)

    def measure(self, pixels: Pixels, face: Face, output: Pixels) -> tuple[Measurement, ...]:
        """How like the face in ``pixels`` each recogniser finds what is at its place in ``output``, of the same size."""
        box = np.array(face.box, np.float32)
        models = self._models
        return certify.measure(output, face.points, box, face.embeddings, models.recognisers, models.detector)


NO_DONORS = f"there are no donor faces, so every face gets the opaque fill; set donors_folder or {DONORS_VARIABLE}"


def donors_folder(config: FacesConfig, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where donors lie: ``MFMC_DONORS``, or the configured folder, or nowhere."""
    named = environ.get(DONORS_VARIABLE)
    return Path(named) if named else config.donors_folder


def gallery(folder: Path, index: Index, config: FacesConfig, models: Equipment) -> Gallery:
    """The donors of an index with the limits of the loaded recognisers."""
    face = np.zeros((1, 5, 2), np.float32)
    sizes = [r.embed(np.zeros((8, 8, 3), np.uint8), face).shape[1] for r in models.recognisers]
    limits = [(size, r.threshold - config.identity_margin) for size, r in zip(sizes, models.recognisers, strict=True)]
    return Gallery(folder, index, tuple(limits), config.shortlist, config.age_band_years)


def wanted(around: Around, face: Face) -> Wanted:
    """What a donor for this face should be like."""
    skin = light.skin(around.crop, around.mesh)
    return Wanted(
        face.gender, face.age, np.array([face.yaw, face.pitch, face.roll], np.float32),
        describe.expression(around.mesh), light.of_face(skin, around.mesh), landmarks.width(around.mesh),
        np.concatenate(list(face.embeddings.values())),
    )  # fmt: skip


def unfit(
    mesh: landmarks.Mesh, points: Floats, pose: describe.Pose, box: tuple[float, float, float, float],
    size: tuple[int, ...], config: FacesConfig,
) -> str | None:  # fmt: skip
    """Why a face cannot be swapped well, or None."""
    if box[2] < config.swap_width_px:
        return "too small"
    if mesh.presence < config.swap_presence:
        return "not clearly a face"
    if abs(pose.yaw) > config.swap_yaw_degrees:
        return "turned too far"
    if visible(mesh.points, size) < config.swap_visible_share:
        return "cut off by the picture's edge"
    return None if agrees(mesh.points, points) else "points and mesh disagree"


def visible(mesh: Floats, size: tuple[int, ...]) -> float:
    """Share of the mesh's points inside of a (h, w) picture."""
    x, y = mesh[:, 0], mesh[:, 1]
    return float(((x >= 0) & (y >= 0) & (x < size[1]) & (y < size[0])).mean())


def agrees(mesh: Floats, points: Floats) -> bool:
    """Whether eyes and mouth of the mesh lie near the detector's five points."""
    there = landmarks.five_points(mesh)[[0, 1, 3, 4]]  # the tip of a nose is where neither is sure
    miss = np.linalg.norm(there - points[[0, 1, 3, 4]], axis=1)
    return bool(miss.max() < AGREE_SHARE * landmarks.width(mesh))
