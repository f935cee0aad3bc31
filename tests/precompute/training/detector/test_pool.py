"""What one process puts into the pool another reads, and no slot is read that is empty or being written."""

from pathlib import Path

import numpy as np
import pytest

from precompute.training.detector.labels import NOBODY
from precompute.training.detector.pool import SIDE
from precompute.training.detector.pool import Filling
from precompute.training.detector.pool import Pool
from precompute.training.detector.teacher import Cells
from precompute.training.detector.teacher import Pixels
from tests.precompute.training.detector import made

FACE = np.array([20, 20, 16, 20], np.float32)
CELL = 2 * (SIDE // 8) + 3


class Says:
    """A teacher that sees one face in one cell."""

    def cells(self, pixels: Pixels) -> Cells:
        return made.cells({CELL: (0.7, FACE)}, SIDE)


def test_what_is_put_is_read_by_whoever_opens_it(tmp_path: Path) -> None:
    """Pixels and labels, in their slot alone."""
    composite = made.composite(FACE[None], side=SIDE)
    composite.pixels[...] = 200
    Pool.opened(tmp_path, 3).put(1, composite, Says())  # type: ignore[arg-type]
    pool = Pool.opened(tmp_path, 3)
    assert (pool.pixels[1] == 200).all()
    assert (pool.pixels[[0, 2]] == 0).all()
    assert pool.whose[1, CELL] == 0
    assert (np.delete(pool.whose[1], CELL) == NOBODY).all()
    assert pool.scores[1, CELL] > 0.7
    assert np.allclose(pool.faces[1, 0, :4], FACE)


@pytest.mark.parametrize(("written", "wanted"), [(4, {0, 1, 2, 3}), (8, set(range(1, 8))), (21, set(range(8)) - {5})])
def test_slots_that_are_empty_or_being_written_are_not_drawn(tmp_path: Path, written: int, wanted: set[int]) -> None:
    """Of eight, the first four while they are all there is; later all but the one that comes next."""
    filling = Filling(tmp_path, 8, [], 0)
    filling._made.value = written
    assert set(filling.drawn(500, np.random.default_rng(0)).tolist()) == wanted
