"""How far apart two pictures are, by their pixels, and how far apart two sets of pictures are, by a model's features."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# Wang et al. 2004, section III.B and III.C.
SSIM_WINDOW: Final = 11
SSIM_SIGMA: Final = 1.5
SSIM_K1: Final = 0.01
SSIM_K2: Final = 0.03
PEAK: Final = 255.0


def rmse(one: Pixels, other: Pixels) -> float:
    """Two pictures uint8 (h, w, 3) -> root of the mean squared difference over all pixels and channels, in grey levels."""
    return float(np.sqrt(np.square(one.astype(np.float64) - other).mean()))


def psnr(one: Pixels, other: Pixels) -> float:
    """Peak signal to noise ratio, ``20 log10(255 / rmse)`` dB; infinite for equal pictures."""
    error = rmse(one, other)
    return float(20 * np.log10(PEAK / error)) if error else float("inf")


def ssim(one: Pixels, other: Pixels) -> float:
    """Mean structural similarity of the luma of two BGR pictures uint8 (h, w, 3), at most 1; both sides at least 11 px.

    Wang, Bovik, Sheikh, Simoncelli: Image Quality Assessment, IEEE TIP 13(4), 2004, eq. 13, with the paper's Gaussian window of
    11 px and sigma 1.5, where it lies wholly inside the picture.
    """
    x, y = (cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float64) for picture in (one, other))
    mx, my = _smooth(x), _smooth(y)
    vx, vy, both = _smooth(x * x) - mx * mx, _smooth(y * y) - my * my, _smooth(x * y) - mx * my
    c1, c2 = (SSIM_K1 * PEAK) ** 2, (SSIM_K2 * PEAK) ** 2
    map_ = (2 * mx * my + c1) * (2 * both + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    return float(map_.mean())


def _smooth(plane: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    half = SSIM_WINDOW // 2
    smooth = cv2.GaussianBlur(plane, (SSIM_WINDOW, SSIM_WINDOW), SSIM_SIGMA)
    return np.asarray(smooth[half:-half, half:-half], np.float64)


def frechet(one: Floats, other: Floats) -> float:
    """Features (n, d) and (m, d) -> squared Fréchet distance of the two Gaussians fitted to them; n and m at least 2.

    ``|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))``: Dowson and Landau, J. Multivariate Analysis 12(3), 1982; as FID by Heusel
    et al., NIPS 2017 (arXiv 1706.08500), who take Inception-v3's features.
    """
    (m1, c1), (m2, c2) = _gaussian(one), _gaussian(other)
    values, vectors = np.linalg.eigh(c1)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ c2 @ root).clip(0)).sum()
    return max(0.0, float(np.square(m1 - m2).sum() + np.trace(c1) + np.trace(c2) - 2 * cross))


def _gaussian(features: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    wide = features.astype(np.float64)
    return wide.mean(0), np.atleast_2d(np.cov(wide, rowvar=False))
