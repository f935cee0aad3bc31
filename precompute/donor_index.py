"""What is known of every donor: described once with a progress report, then kept beside the models."""

import hashlib
import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from precompute import describe
from precompute import equipment
from precompute import landmarks
from precompute.donors import Index
from precompute.equipment import Equipment
from precompute.errors import DonorsUnusable
from precompute.models import ModelStore
from precompute.models import Progress
from precompute.settings import FacesConfig
from precompute.swap import cleanness
from precompute.swap import light

Floats = npt.NDArray[np.float32]

FORMAT: Final = 11
SUFFIXES: Final = {".jpg", ".jpeg", ".png"}
LONG_SIDES: Final = (640,)
SURE: Final = 0.85
_BATCH: Final = 8


def pictures(folder: Path) -> list[Path]:
    """The donor pictures of a folder, in the order of their names."""
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)


def open_index(folder: Path, config: FacesConfig, store: ModelStore, progress: Progress | None = None) -> Index:
    """The kept index of a folder, or a new one where a picture or a model has changed; raises ``DonorsUnusable``."""
    found = pictures(folder)
    kept = store.cache_dir.parent / "donors" / f"{_key(found, config, store)}.npz"
    if not kept.is_file():
        _write(kept, build(found, config, store, progress))
    return _read(kept)


def _key(found: list[Path], config: FacesConfig, store: ModelStore) -> str:
    """Names every picture by name, size and time of change, and every model by hash."""
    digest = hashlib.sha256(f"{FORMAT} {config.detector} {config.attributes} {config.recognisers}\n".encode())
    for name in equipment.names(config):
        digest.update(f"{store.model(name).sha256}\n".encode())
    for file in found:
        facts = file.stat()
        digest.update(f"{file.name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


def _write(file: Path, index: Index) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, suffix=".npz")
    try:
        with os.fdopen(handle, "wb") as part:
            np.savez(part, **{field.name: getattr(index, field.name) for field in fields(Index)})
        os.replace(name, file)
    finally:
        Path(name).unlink(missing_ok=True)


def _read(file: Path) -> Index:
    with np.load(file, allow_pickle=False) as kept:
        return Index(**{field.name: kept[field.name] for field in fields(Index)})


def build(found: list[Path], config: FacesConfig, store: ModelStore, progress: Progress | None = None) -> Index:
    """Describe every picture, in ``config.index_processes`` processes; raises ``DonorsUnusable``."""
    rows: list[dict[str, Any]] = []
    for done, row in enumerate(_described(found, config, store), 1):
        rows += [row] if row else []
        if progress:
            progress("donors", done, len(found))
    if not rows:
        raise DonorsUnusable("no usable face among the donors; name a folder of portraits, one face each")
    return _index(rows)


def _index(rows: list[dict[str, Any]]) -> Index:
    columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    clean = cleanness.ranks(columns["skins"], columns["meshes"], columns["lights"], columns.pop("edges"))
    return Index(**columns, clean=clean, reference=mean_mesh(columns["meshes"]))


def _described(found: list[Path], config: FacesConfig, store: ModelStore) -> Iterator[dict[str, Any] | None]:
    if config.index_processes <= 1 or len(found) <= _BATCH:
        models = equipment.load(config, store)
        yield from (describe_file(file, models) for file in found)
        return
    # Threads of the models do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(config.index_processes, context, _start, (config, store)) as pool:
        yield from pool.map(_work, found, chunksize=_BATCH)


_worker: list[Equipment] = []


def _start(config: FacesConfig, store: ModelStore) -> None:
    cv2.setNumThreads(1)
    _worker[:] = [equipment.load(config, store)]


def _work(file: Path) -> dict[str, Any] | None:
    return describe_file(file, _worker[0])


def describe_file(file: Path, models: Equipment) -> dict[str, Any] | None:
    """One row of the index, or None where the picture holds no face."""
    pixels = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        return None
    faces = models.detector.find(pixels, LONG_SIDES)
    if not len(faces):
        return None
    largest = faces.take(np.argsort(-faces.boxes[:, 2], kind="stable")[:1])
    mesh = models.mesh.fit(pixels, largest.points[0], largest.boxes[0])
    female, age = models.attributes.tell(pixels, largest.boxes)[0]
    pose = describe.pose(mesh.points)
    skin = light.skin(pixels, mesh.points)
    return {
        "names": file.name,
        "meshes": mesh.points,
        "genders": str(describe.gender(female, SURE)),
        "ages": np.float32(age),
        "poses": np.array([pose.yaw, pose.pitch, pose.roll], np.float32),
        "expressions": describe.expression(mesh.points),
        "skins": skin,
        "edges": cleanness.edges(pixels, mesh.points),
        "lights": light.of_face(skin, mesh.points, pixels.shape),
        "widths": np.float32(landmarks.width(mesh.points)),
        "presence": np.float32(mesh.presence),
        "embeddings": np.concatenate([r.embed(pixels, largest.points)[0] for r in models.recognisers]),
    }


def mean_mesh(meshes: Floats) -> Floats:
    """float32 (n, 478, 3) -> their mean shape (478, 3), middle at 0, face 1 wide (Procrustes: shifted, turned, scaled)."""
    shapes = meshes - meshes.mean(1, keepdims=True)
    mean = shapes[0] / landmarks.width(shapes[0])
    for _ in range(3):
        mean = np.mean([_onto(shape, mean) for shape in shapes], 0)
        mean = mean / landmarks.width(mean)
    return np.asarray(mean, np.float32)


def _onto(shape: Floats, mean: Floats) -> Floats:
    c, s = float((shape[:, :2] * mean[:, :2]).sum()), float((shape[:, 0] * mean[:, 1] - shape[:, 1] * mean[:, 0]).sum())
    turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, np.hypot(c, s)]]) / float((shape[:, :2] ** 2).sum())
    return np.asarray(shape @ turn, np.float32)
