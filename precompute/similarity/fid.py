"""Frechet distance between the statistics of features, of one crop each::

    |ma - mb|^2 + tr(Va + Vb - 2 (Va Vb)^(1/2))

for the means m and covariances V of the features at all places of a crop: the distance of FID (Heusel et al., NeurIPS 2017,
arXiv 1706.08500, equation 6), taken within single pictures as SIFID does (Shaham et al., ICCV 2019, arXiv 1905.01164, section
3.1). Both take the features from an Inception network. Here they are the 15 lowest coefficients of the orthonormal 8 x 8 DCT-II
of patches 4 px apart, so that no further network is needed; values do not compare with those of FID elsewhere.
"""

from dataclasses import dataclass
from typing import ClassVar
from typing import Final

import numpy as np

from precompute.similarity import Floats
from precompute.similarity import Looks
from precompute.similarity import Name
from precompute.similarity import Side
from precompute.similarity import Values

DEFAULT: Final = 0.1215
PATCH: Final = 8
STEP: Final = 4
LOWEST: Final = [(u, v) for u in range(PATCH) for v in range(PATCH) if u + v < 5]
# Orthonormal DCT-II (Ahmed, Natarajan, Rao, IEEE Trans. Computers C-23, 1974), a frequency in each row.
BASIS: Final = np.sqrt(2 / PATCH) * np.cos(np.pi / PATCH * np.outer(np.arange(PATCH), np.arange(PATCH) + 0.5))
BASIS[0] /= np.sqrt(2)


def features(crop: Floats) -> Values:
    """Grey float32 (h, w) -> float64 (places, 15): DCT coefficients of each patch, rows of patches one after the other.

    The crop's mean becomes 0 and its standard deviation 1 first: exposure is no feature of a face.
    """
    even = (crop - crop.mean(dtype=np.float64)) / max(float(crop.std(dtype=np.float64)), 1.0)
    patches = np.lib.stride_tricks.sliding_window_view(even, (PATCH, PATCH))[::STEP, ::STEP].reshape(-1, PATCH, PATCH)
    spectrum = BASIS @ patches @ BASIS.T
    return np.stack([spectrum[:, u, v] for u, v in LOWEST], 1)


def statistics(found: Values | Floats) -> tuple[Values, Values]:
    """Features (n, d) -> mean (d,) and covariance (d, d), with n - 1 below; n at least 2."""
    return found.mean(0, dtype=np.float64), np.cov(found, rowvar=False, dtype=np.float64).reshape(2 * found.shape[1:])


def square_root(matrix: Values) -> Values:
    """Of a symmetric matrix (…, d, d) without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))[..., None, :]) @ np.swapaxes(vectors, -1, -2))


def frechet(one: tuple[Values, Values], means: Values, covariances: Values) -> Values:
    """Mean (d,), covariance (d, d) and those of m others, (m, d) and (m, d, d) -> distances (m,).

    tr (Va Vb)^(1/2) is that of (Va^(1/2) Vb Va^(1/2))^(1/2), which is symmetric.
    """
    root = square_root(one[1])
    inner = np.linalg.eigvalsh(root @ covariances @ root)
    shared = np.sqrt(np.maximum(inner, 0)).sum(1)
    traces = np.trace(one[1]) + np.trace(covariances, axis1=1, axis2=2)
    return np.asarray(np.maximum(np.square(means - one[0]).sum(1) + traces - 2 * shared, 0))


def between(ones: Values | Floats, others: Values | Floats) -> float:
    """Features (n, d) and (m, d) of any kind -> the distance of their statistics; n and m at least 2."""
    mean, covariance = statistics(others)
    return float(frechet(statistics(ones), mean[None], covariance[None])[0])


@dataclass(frozen=True, slots=True)
class Fid:
    """From 0 on; large where two crops differ in brightness, contrast or texture, wherever in the crop."""

    threshold: float = DEFAULT
    name: ClassVar[Name] = "fid"
    alike: ClassVar[Side] = "below"

    def values(self, ones: Looks, others: Looks) -> Values:
        """See ``Measure``."""
        means, covariances = (np.stack(parts) for parts in zip(*(statistics(features(c)) for c in others.crops), strict=True))
        return np.stack([frechet(statistics(features(crop)), means, covariances) for crop in ones.crops])
