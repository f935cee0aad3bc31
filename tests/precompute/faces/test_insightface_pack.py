"""InsightFace's own models fill our roles, where the operator has them."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from precompute import equipment
from precompute import insightface_pack
from precompute.errors import UnknownModel
from precompute.faces import Anonymiser
from precompute.faces import FacesConfig
from precompute.models import MIRROR_VARIABLE
from precompute.models import ModelStore
from precompute.thresholds import Threshold
from tests.precompute.faces.conftest import SHARED
from tests.precompute.faces.conftest import place

# Importing insightface warns about its own dependencies.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def scrfd() -> str:
    file = place(MIRROR_VARIABLE, SHARED / "models") / "restricted" / "scrfd_2.5g_bnkps.onnx"
    if not file.is_file():
        pytest.skip(f"{file} is not there; it may be used for research alone")
    return f"insightface:{file}"


def test_scrfd_finds_the_same_faces(scrfd: str, anonymiser: Anonymiser, group_photo: npt.NDArray[np.uint8]) -> None:
    """Six faces, with boxes and points where YuNet has them."""
    config = FacesConfig(detector=scrfd, provider="cpu")
    found = insightface_pack.detector(scrfd, config).find(group_photo, (1600, 640))
    assert len(found) == 6
    for face in anonymiser.find(group_photo):
        assert np.abs(found.points - face.points).mean((1, 2)).min() < 0.12 * face.box[2]


def test_scrfd_takes_its_place_in_the_equipment(scrfd: str, store: ModelStore) -> None:
    """The configuration alone chooses it, and it is not asked of the registry."""
    config = FacesConfig(detector=scrfd, provider="cpu")
    assert scrfd not in equipment.names(config)
    assert isinstance(equipment.load(config, store).detector, insightface_pack.Scrfd)


@pytest.mark.parametrize("shape", [(1, 1), (2, 900), (40, 30)], ids=str)
def test_scrfd_takes_odd_pictures(shape: tuple[int, int], scrfd: str) -> None:
    """Tiny and extreme pictures have no faces and raise nothing."""
    detector = insightface_pack.detector(scrfd, FacesConfig(provider="cpu"))
    assert len(detector.find(np.full((*shape, 3), 99, np.uint8), (1600, 640))) == 0


def test_a_pack_without_the_wanted_kind_is_an_error(scrfd: str) -> None:
    """A detector's file cannot be the recogniser."""
    config = FacesConfig(thresholds={scrfd: 0.3}, provider="cpu")
    with pytest.raises(UnknownModel, match="no ArcFaceONNX model"):
        insightface_pack.recogniser(scrfd, config, {})


def test_a_recogniser_needs_a_threshold() -> None:
    """Without one in the configuration nothing could be certified."""
    with pytest.raises(UnknownModel, match="calibrate"):
        insightface_pack.recogniser("insightface:buffalo_l", FacesConfig(), {})


class Embeds:
    """InsightFace's recogniser as far as it is used."""

    input_size = (112, 112)

    def get_feat(self, crops: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float32]:
        return np.array([[crop.shape[0], 0] for crop in crops], np.float32)


class Tells:
    """InsightFace's gender and age model as far as it is used."""

    def get(self, pixels: npt.NDArray[np.uint8], face: object) -> tuple[int, int]:
        return (1, 30) if face["bbox"][0] > 10 else (0, 40)  # type: ignore[index]


def test_arcface_gives_unit_vectors() -> None:
    """One vector of length 1 per face, none for none."""
    pytest.importorskip("insightface")
    recogniser = insightface_pack.ArcFace(Embeds(), "insightface:x", "00", Threshold(0.3, "configured"))
    points = np.random.default_rng(0).uniform(0, 50, (2, 5, 2)).astype(np.float32)
    pixels = np.zeros((60, 60, 3), np.uint8)
    np.testing.assert_allclose(recogniser.embed(pixels, points), [[1, 0], [1, 0]])
    assert len(recogniser.embed(pixels, points[:0])) == 0


def test_genderage_tells_both() -> None:
    """Sex 1 is male, and boxes go in as corners."""
    pytest.importorskip("insightface")
    boxes = np.array([[20, 0, 5, 5], [0, 0, 5, 5]], np.float32)
    told = insightface_pack.GenderAge(Tells()).tell(np.zeros((9, 9, 3), np.uint8), boxes)
    np.testing.assert_array_equal(told, [[0, 30], [1, 40]])


def test_packs_are_looked_for_as_paths_first(tmp_path: Path) -> None:
    """A folder stands for its models, a file for itself."""
    (tmp_path / "b.onnx").touch()
    (tmp_path / "a.onnx").touch()
    assert [file.name for file in insightface_pack.files(f"insightface:{tmp_path}")] == ["a.onnx", "b.onnx"]
    assert insightface_pack.files(f"insightface:{tmp_path / 'b.onnx'}") == [tmp_path / "b.onnx"]
