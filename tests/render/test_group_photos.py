"""Real group photos, not part of the repository: exact in both decoders, and each face original or base, block by block.

Looked for in ``MFMC_GROUPS``, or in ``shared/images/groups`` beside the checkout, with the faces' boxes in ``yunet_boxes.tsv``.
"""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from edge.render import splice
from tests import pictures
from tests.render.test_splice import check_blocks
from tests.sealing import Box
from tests.sealing import case

FOLDER = Path(os.environ.get("MFMC_GROUPS", Path(__file__).parents[3] / "shared" / "images" / "groups"))
PHOTOS = sorted(FOLDER.glob("*.jpg"))


def boxes(name: str) -> list[Box]:
    """Where the faces of a photo are, x, y, width, height."""
    with (FOLDER / "yunet_boxes.tsv").open() as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t") if row["file"] == name]
    return [tuple(round(float(row[key])) for key in ("x", "y", "w", "h")) for row in rows]  # type: ignore[misc]


@pytest.mark.skipif(not PHOTOS, reason=f"{FOLDER} is not there; set MFMC_GROUPS")
@pytest.mark.parametrize("file", PHOTOS or [FOLDER], ids=lambda file: file.stem[:24])
def test_exact(file: Path) -> None:
    """Every face granted: the upload's pixels in OpenCV and in Pillow. Every other face granted: block by block."""
    data = file.read_bytes()
    faces = boxes(file.name)
    sealed = case(data, *faces)
    assert faces
    shown = splice.reveal(splice.plan(sealed.sealed.base, sealed.parse(), sealed.keys(*range(len(faces)))))
    assert np.array_equal(pictures.by_opencv(shown), pictures.by_opencv(data))
    assert np.array_equal(pictures.by_pillow(shown), pictures.by_pillow(data))
    check_blocks(sealed, tuple(range(0, len(faces), 2)))
