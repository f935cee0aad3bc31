"""What the teachers, permissively licensed models of others, say of a shot."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute import equipment
from precompute import landmarks
from precompute.describe import Attributes
from precompute.describe import Recogniser
from precompute.landmarks import FaceMesh
from precompute.models import ModelStore
from precompute.settings import PERMISSIVE
from precompute.training.booth.pose import Posed

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

BOX: Final = 1.06  # how much wider and higher the detector's box is than the mesh's bounds


@dataclass(frozen=True, slots=True)
class Said:
    """points float32 (5, 2) as drawn; mesh float32 (478, 3) and presence 0..1 as the mesh's teacher sees them; told float32 (2,):
    probability of female, years; one unit vector per recogniser of ``PERMISSIVE``. All in pixels of the shot."""

    points: Floats
    mesh: Floats
    presence: float
    told: Floats
    embeddings: tuple[Floats, ...]


class Teachers:
    """The teachers of every model that is trained on shots."""

    def __init__(self, mesh: FaceMesh, attributes: Attributes, recognisers: tuple[Recogniser, ...]) -> None:
        self._mesh = mesh
        self._attributes = attributes
        self._recognisers = recognisers

    @classmethod
    def load(cls, store: ModelStore) -> "Teachers":
        """From the registry; raises ``PrecomputeError`` where one is missing."""
        models = equipment.load(PERMISSIVE, store)
        return cls(models.mesh, models.attributes, models.recognisers)

    def say(self, pixels: Pixels, posed: Posed) -> Said:
        """Of a shot BGR uint8 (h, w, 3) whose face was drawn at ``posed.mesh``."""
        points = landmarks.five(posed.mesh)[:, :2]
        seen = self._mesh.look(pixels, landmarks.square_of_mesh(posed.mesh))
        told = self._attributes.tell(pixels, box(posed.mesh)[None])[0]
        embeddings = tuple(recogniser.embed(pixels, points[None])[0] for recogniser in self._recognisers)
        return Said(points, seen.points, seen.presence, told, embeddings)


def box(mesh: Floats) -> Floats:
    """About the box x, y, w, h that a detector would find for a mesh (478, 3), float32 (4,)."""
    low, high = mesh[: landmarks.POINTS, :2].min(0), mesh[: landmarks.POINTS, :2].max(0)
    size = (high - low) * BOX
    return np.asarray(np.concatenate([(low + high - size) / 2, size]), np.float32)
