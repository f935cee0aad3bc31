"""Faces for the upload flow: find them, make faces of nobody, measure what came out. Models and donors stay behind this."""

import os
from collections.abc import Generator
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from precompute import certify
from precompute import describe
from precompute import equipment
from precompute import landmarks
from precompute.blend import Fake as Fake
from precompute.certify import Measurement as Measurement
from precompute.choice import Choice
from precompute.choice import Rule
from precompute.describe import Recogniser
from precompute.detect import Detections
from precompute.donors import Donor
from precompute.donors import Wanted
from precompute.equipment import Equipment
from precompute.face import Face as Face
from precompute.models import ModelStore
from precompute.models import Progress
from precompute.screening import Screen
from precompute.settings import FacesConfig as FacesConfig
from precompute.swap import generator as generators
from precompute.swap import light
from precompute.swap import opaque
from precompute.swap.generator import NO_DONORS
from precompute.trial import Around

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

LIKELY = 0.55
PROFILE = 40.0  # degrees of yaw
REACHES = (1.0, 1.12, 1.25)
FEWER = 4


class Anonymiser:
    """Finds faces, makes synthetic ones and measures the outcome. ``notes`` are sentences that the operator should read."""

    def __init__(self, config: FacesConfig, models: Equipment, generator: generators.Generator | None) -> None:
        self._config = config
        self._models = models
        self._generator = generator
        self.notes: tuple[str, ...] = () if generator else (NO_DONORS,)

    @classmethod
    def load(
        cls, config: FacesConfig, models: ModelStore, progress: Progress | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> "Anonymiser":  # fmt: skip
        """Load models and the generator, for which the donors' index may have to be built; raises ``PrecomputeError``."""
        loaded = equipment.load(config, models)
        return cls(config, loaded, generators.load(config, loaded, models, environ, progress))

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
        mesh = self._models.mesh.fit(pixels, points, found.boxes[i])
        pose = describe.pose(mesh.points)
        x, y, w, h = (float(value) for value in found.boxes[i])
        reason = unfit(mesh, pose, w, float(found.scores[i]), pixels.shape[:2], self._config)
        return Face(
            (x, y, w, h), float(found.scores[i]), points, mesh.points, mesh.presence,
            describe.gender(float(told[0]), LIKELY), float(told[1]), pose.yaw, pose.pitch, pose.roll,
            seen, reason is None, reason,
        )  # fmt: skip

    def fakes(self, pixels: Pixels, face: Face, rng: np.random.Generator, first: Donor | None = None) -> Iterator[Fake]:
        """Swaps with different synthetic faces, at most ``tries``, then one opaque fill; unusable faces get that alone.

        ``first`` is asked before all others, and must pass as they must.
        """
        swaps, looked_at = self._swaps(pixels, face, rng, first), 0
        for _ in range(self._config.tries):
            try:
                fake = next(swaps)
            except StopIteration as end:
                looked_at = end.value
                break
            looked_at = fake.looked_at
            yield fake
        yield replace(opaque.fill(pixels, face.box), looked_at=looked_at)

    def _swaps(
        self, pixels: Pixels, face: Face, rng: np.random.Generator, first: Donor | None
    ) -> Generator[Fake, None, int]:
        """Where recognisers know a face by what is around the mask, as they do on profiles, the next swaps reach farther out.

        Returns how many candidates were looked at.
        """
        made, before = self._generator, 0
        if not face.usable or face.mesh is None or made is None:
            return before
        for number, mesh in enumerate(landmarks.enlarged(face.mesh, REACHES)):
            screen = Screen(pixels, face, mesh, self._models, made, rng)
            # Where none will do, few more tries at each reach tell as much as many.
            screened = self._config.screened if number == 0 else -(-self._config.screened // FEWER)
            choice = Choice(self._config.policy, screened, screen.judge)
            for donor in choice.among(made.source.choose(wanted(screen.around, face), rng), first):
                yield replace(screen.drawn(donor), looked_at=before + choice.looked_at)
            before += choice.looked_at
        return before

    def measure(self, pixels: Pixels, face: Face, output: Pixels) -> tuple[Measurement, ...]:
        """How like the face in ``pixels`` each recogniser finds what is at its place in ``output``, of the same size."""
        box = np.array(face.box, np.float32)
        models = self._models
        return certify.measure(output, face.points, box, face.embeddings, models.recognisers, models.detector)


def wanted(around: Around, face: Face) -> Wanted:
    """What a donor for this face should be like."""
    skin = light.skin(around.crop, around.mesh)
    return Wanted(
        face.gender, face.age, np.array([face.yaw, face.pitch, face.roll], np.float32),
        describe.expression(around.mesh), light.of_face(skin, around.mesh, around.crop.shape), landmarks.width(around.mesh),
        np.concatenate(list(face.embeddings.values())), light.variation(skin, around.mesh, around.crop.shape),
    )  # fmt: skip


def unfit(
    mesh: landmarks.Mesh, pose: describe.Pose, width: float, score: float, size: tuple[int, ...], config: FacesConfig
) -> str | None:
    """Why a face cannot be swapped well, or None; ``width`` px and ``score`` of the detector's box, ``size`` of the picture.

    A mesh that the model did not see, laid on the five points, counts where the detector is certain of a profile: a face that
    looks at us and is not seen is hidden behind something.
    """
    if width < config.swap_width_px:
        return "too small"
    profile = abs(pose.yaw) > PROFILE and score >= config.swap_stiff_score
    if not profile if mesh.stiff else mesh.presence < config.swap_presence:
        return "not clearly a face"
    if abs(pose.yaw) > config.swap_yaw_degrees:
        return "turned too far"
    return "cut off by the picture's edge" if visible(mesh.points, size) < config.swap_visible_share else None


def visible(mesh: Floats, size: tuple[int, ...]) -> float:
    """Share of the mesh's points inside of a (h, w) picture."""
    x, y = mesh[:, 0], mesh[:, 1]
    return float(((x >= 0) & (y >= 0) & (x < size[1]) & (y < size[0])).mean())
