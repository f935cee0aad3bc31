"""The whole recipe, downward: read, lift, learn components, lay shapes over each other, lift mouths, learn readouts."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from precompute import donor_index
from precompute import equipment
from precompute.donors import Index
from precompute.facemodel.layout import Layout
from precompute.facemodel.weights import Weights
from precompute.models import ModelStore
from precompute.models import Progress
from precompute.settings import PERMISSIVE
from precompute.settings import FacesConfig
from precompute.swap import light
from precompute.swap.donor import DonorSwapper
from precompute.swap.donor import is_bare
from precompute.swap.donor import point_areas
from precompute.training.facemodel import components
from precompute.training.facemodel import guides
from precompute.training.facemodel import mouths
from precompute.training.facemodel import portraits
from precompute.training.facemodel import shapes
from precompute.training.facemodel import textures
from precompute.training.facemodel.portraits import Portrait

Floats = npt.NDArray[np.float32]

COMPONENTS: Final = 240
PHOTOS: Final = 30
# Whoever may choose fakes has a readout: those configured by default, and the permissive ones.
CHOOSING: Final = tuple(dict.fromkeys((*FacesConfig().recognisers, *PERMISSIVE.recognisers)))
SURE: Final = 0.9  # of a gender that is only seen, not told


def train(folder: Path, store: ModelStore, progress: Progress, seed: int = 0) -> Weights:
    """Portraits of synthetic people in a folder -> the weights; the same folder and seed give the same weights.

    Portraits are described by the permissive models, which see more than ours.
    """
    rng = np.random.default_rng(seed)
    models = equipment.load(msgspec.structs.replace(PERMISSIVE, recognisers=CHOOSING), store)
    index = donor_index.open_index(folder, PERMISSIVE, store, progress)
    rows = portraits.suitable(index)
    faces = list(portraits.read(folder, index, rows))
    reference = portraits.symmetric(index.reference)
    layout = Layout(reference)
    found = components.learn(*_lifted(faces, layout, progress), layout, COMPONENTS)
    inside = mouths.lifted(faces)
    who = np.array([face.i for face in faces])
    weights = Weights(
        reference, found.mean, found.components, found.coefficients,
        shapes.aligned(np.stack([face.mesh for face in faces]), layout.mesh),
        _females(index)[who], index.ages[who], index.lights[who, 0], index.expressions[who],
        np.stack([_variation(face) for face in faces]), {},
        inside.pixels, inside.gaps, inside.tones,
    )  # fmt: skip
    places = [faces[i] for i in rng.permutation(len(faces) // 2)[:PHOTOS] * 2]
    return replace(weights, readouts=guides.learn(weights, places, DonorSwapper(reference), models, rng, progress))


def _lifted(faces: list[Portrait], layout: Layout, progress: Progress) -> tuple[Floats, Floats]:
    """Vectors (m, n) and what is known of them (m, n), all in the median light and skin tone."""
    lifted, skins = [], []
    for done, face in enumerate(faces, 1):
        lifted.append(layout.lift(face.pixels, face.mesh))
        skins.append(light.skin(np.clip(lifted[-1], 0, 255).astype(np.uint8), layout.mesh))
        progress("textures", done, len(faces))
    wanted = np.asarray(np.median(skins, 0), np.float32)
    bare = point_areas(layout.ring, layout.corners) * is_bare(layout.reference)
    even = [textures.extended(textures.even(each, layout, wanted, bare), layout) for each in lifted]
    vectors = np.stack([layout.vector(np.clip(each, 0, 255)) for each in even])
    return vectors, np.stack([layout.weights(textures.known(face, layout)) for face in faces])


def _females(index: Index) -> Floats:
    """How likely each donor is female, float32 (n,)."""
    likely = {"female": SURE, "male": 1 - SURE}
    return np.array([likely.get(str(gender), 0.5) for gender in index.genders], np.float32)


def _variation(face: Portrait) -> Floats:
    return light.variation(light.skin(face.pixels, face.mesh), face.mesh, face.pixels.shape)
