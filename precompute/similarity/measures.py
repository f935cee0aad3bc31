"""The measures by name, each with the threshold that counts here: calibrated, else the one of its own file."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Final

from precompute.describe import Recogniser
from precompute.similarity import Measure
from precompute.similarity import Name
from precompute.similarity import fingerprint
from precompute.similarity.embedding import Embedding
from precompute.similarity.fid import Fid
from precompute.similarity.psnr import Psnr
from precompute.similarity.rmse import Rmse
from precompute.similarity.ssim import Ssim
from precompute.thresholds import Calibrated

# Their thresholds are of a false accept rate of 1e-3, on the 1,250,180 pairs of different people among 1,583 pictures of LFW.
OF_IMAGES: Final[Mapping[Name, Callable[..., Measure]]] = {"fid": Fid, "rmse": Rmse, "ssim": Ssim, "psnr": Psnr}


def measure(name: Name, recognisers: tuple[Recogniser, ...], known: Mapping[str, Calibrated]) -> Measure:
    """The measure of this name; ``known``: thresholds that were calibrated, by hash or ``similarity.fingerprint``."""
    if name == "embedding":
        return Embedding({each.name: each.threshold for each in recognisers})
    calibrated = known.get(fingerprint(name))
    return OF_IMAGES[name]() if calibrated is None else OF_IMAGES[name](threshold=calibrated.threshold)
