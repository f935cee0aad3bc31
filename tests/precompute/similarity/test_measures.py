"""Each measure gives what its formula, written down another way, gives; and each knows on which side alike faces lie."""

from typing import get_args

import msgspec
import numpy as np
import pytest

from precompute import similarity
from precompute.similarity import Looks
from precompute.similarity import Measure
from precompute.similarity import Name
from precompute.similarity import fid
from precompute.similarity import measures
from precompute.similarity.embedding import Embedding
from precompute.similarity.fid import Fid
from precompute.similarity.psnr import Psnr
from precompute.similarity.rmse import Rmse
from precompute.similarity.ssim import Ssim
from tests.precompute.looks import RECOGNISERS
from tests.precompute.looks import look
from tests.precompute.looks import turned
from tests.precompute.test_thresholds import FOUND

SIDE = similarity.SIDE_PX


def crops(count: int, seed: int) -> Looks:
    """Smooth grey pictures with some grain, so that neighbouring pixels have to do with each other."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (count, SIDE // 8, SIDE // 8)).repeat(8, 1).repeat(8, 2)
    return Looks(np.clip(coarse + rng.normal(0, 12, coarse.shape), 0, 255).astype(np.float32), {})


ONES, OTHERS = crops(2, 1), crops(3, 2)


def test_rmse() -> None:
    """The root of the mean of the squared differences, for each pair; a shift by seven levels is seven."""
    found = Rmse().values(ONES, OTHERS)
    a, b = ONES.crops.astype(float), OTHERS.crops.astype(float)
    assert found == pytest.approx(np.array([[((x - y) ** 2).mean() ** 0.5 for y in b] for x in a]))
    assert Rmse().values(ONES, Looks(ONES.crops + 7, {}))[0, 0] == pytest.approx(7)


def test_psnr() -> None:
    """One level apart is 48.13 dB, as every table has it; 39.45 levels are 16.21 dB; the same crop has a number too."""
    level = Looks(np.full((1, SIDE, SIDE), 100, np.float32), {})
    for apart, value in ((1, 48.1308), (39.45, 16.2098), (255, 0)):
        assert Psnr().values(level, Looks(level.crops + apart, {}))[0, 0] == pytest.approx(value, abs=1e-3)
    assert 100 < Psnr().values(level, level)[0, 0] < 200


def test_ssim() -> None:
    """The mean of the paper's formula, window by window, with weights from the Gaussian itself."""
    at = np.arange(11) - 5
    weights = np.exp(-(at[:, None] ** 2 + at**2) / (2 * 1.5**2))
    weights /= weights.sum()
    c1, c2 = 2.55**2, 7.65**2
    x, y = ONES.crops[1, :40, :40].astype(float), OTHERS.crops[2, :40, :40].astype(float)
    values = []
    for top in range(30):
        for left in range(30):
            a, b = (part[top : top + 11, left : left + 11] for part in (x, y))
            ma, mb = (weights * a).sum(), (weights * b).sum()
            va, vb, cov = (weights * (a - ma) ** 2).sum(), (weights * (b - mb) ** 2).sum(), (weights * (a - ma) * (b - mb)).sum()
            values.append((2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2)))
    small = [Looks(looks.crops[:, :40, :40], {}) for looks in (ONES, OTHERS)]
    assert Ssim().values(*small)[1, 2] == pytest.approx(np.mean(values), abs=1e-4)


def test_ssim_of_another_hand() -> None:
    """scikit-image, which comes with insightface, finds the same."""
    metrics = pytest.importorskip("skimage.metrics")
    found = Ssim().values(ONES, OTHERS)
    for i, j in np.ndindex(found.shape):
        expected = metrics.structural_similarity(
            ONES.crops[i], OTHERS.crops[j], data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        assert found[i, j] == pytest.approx(expected, abs=1e-4)


def test_fid() -> None:
    """SciPy's matrix root and cosine transform give the same distance; moved and repeated patterns are close, noise is far."""
    linalg, fft = pytest.importorskip("scipy.linalg"), pytest.importorskip("scipy.fft")

    def features(crop: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        even = (crop - crop.mean()) / crop.std()
        rows = []
        for top in range(0, SIDE - 7, 4):
            for left in range(0, SIDE - 7, 4):
                spectrum = fft.dctn(even[top : top + 8, left : left + 8], norm="ortho")
                rows.append([spectrum[u, v] for u in range(5) for v in range(5 - u)])
        return np.array(rows)

    found = Fid().values(ONES, OTHERS)
    for i, j in np.ndindex(found.shape):
        a, b = features(ONES.crops[i].astype(float)), features(OTHERS.crops[j].astype(float))
        va, vb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
        expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(va + vb - 2 * linalg.sqrtm(va @ vb).real)
        assert found[i, j] == pytest.approx(expected, rel=1e-6)


def test_fid_of_places() -> None:
    """It does not ask how bright something is, nor much where: another exposure is the same, a mirror image near."""
    exposed, mirrored = Looks(ONES.crops * 0.5 + 60, {}), Looks(ONES.crops[:, :, ::-1], {})
    assert Fid().values(ONES, exposed)[0, 0] == pytest.approx(0, abs=1e-6)
    assert Fid().values(ONES, mirrored)[0, 0] < 0.5 * Fid().values(ONES, crops(1, 9))[0, 0]


def test_embedding() -> None:
    """The recogniser that comes closest to its own threshold counts."""
    limits = {"flat-a": 0.3, "flat-b": 0.5}
    ada = {name: look("ada", name) for name in limits}
    near = {name: turned(ada[name], cosine)[None] for name, cosine in (("flat-a", 0.25), ("flat-b", 0.4))}
    found = Embedding(limits).values(Looks(ONES.crops, {name: ada[name][None] for name in limits}), Looks(OTHERS.crops, near))
    assert found == pytest.approx(np.array([[-0.05]]), abs=1e-6)


@pytest.mark.parametrize("name", get_args(Name))
def test_sides(name: Name) -> None:
    """A face is alike to itself, unlike noise; turned so, the greater value is the more alike."""
    measure = measures.measure(name, RECOGNISERS, {})
    assert measure.name == name
    vectors = {each.name: look("ada", each.name)[None] for each in RECOGNISERS}
    others = {each.name: look("bob", each.name)[None] for each in RECOGNISERS}
    face = Looks(ONES.crops[:1], vectors)
    noise = Looks(np.random.default_rng(0).uniform(0, 255, (1, SIDE, SIDE)).astype(np.float32), others)
    itself, other = measure.values(face, face), measure.values(face, noise)
    assert not similarity.is_unlike(measure, float(itself[0, 0]))
    assert similarity.is_unlike(measure, float(other[0, 0]))
    assert similarity.rising(measure, itself) > similarity.rising(measure, other)
    assert not similarity.is_unlike(measure, measure.threshold)
    assert not similarity.is_unlike(measure, float("nan"))


def test_calibrated() -> None:
    """A threshold that was calibrated for just this measure counts, and no other one's."""
    known = {similarity.fingerprint("rmse"): msgspec.structs.replace(FOUND, threshold=33.0)}
    assert measures.measure("rmse", RECOGNISERS, known).threshold == 33.0
    for name in ("fid", "ssim", "psnr"):
        assert measures.measure(name, RECOGNISERS, known).threshold == measures.OF_IMAGES[name]().threshold


def test_protocol() -> None:
    """Every measure of pictures fits the seam."""
    kinds: list[Measure] = [kind() for kind in measures.OF_IMAGES.values()]
    assert {kind.name for kind in kinds} == set(get_args(Name)) - {"embedding"}
    assert len({similarity.fingerprint(name) for name in get_args(Name)}) == 5


def test_between() -> None:
    """Of any features: 0 for the same, the squared shift of means, and in one dimension the squared difference of deviations."""
    features = np.random.default_rng(0).standard_normal((200, 4)).astype(np.float32)
    assert fid.between(features, features) == pytest.approx(0, abs=1e-6)
    assert fid.between(features, features + np.array([3, 4, 0, 0], np.float32)) == pytest.approx(25, abs=1e-4)
    line = features[:, :1]
    assert fid.between(line, 3 * line - 2 * line.mean()) == pytest.approx(4 * line.var(ddof=1), rel=1e-4)


def test_between_few() -> None:
    """More dimensions than pictures leave singular covariances, which have roots all the same."""
    features = np.random.default_rng(0).standard_normal((6, 40)).astype(np.float32)
    assert fid.between(features, features[::-1]) == pytest.approx(0, abs=1e-4)
