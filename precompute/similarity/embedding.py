"""Embedding distance: what recognisers see. ``max over recognisers r of cos(a_r, b_r) - t_r``, t_r their thresholds.

Cosine similarity of face embeddings at a threshold of a given false accept rate, as ArcFace is used (Deng et al., CVPR 2019,
arXiv 1801.07698); the recogniser that comes closest to taking two faces for one counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from precompute.similarity import Looks
from precompute.similarity import Name
from precompute.similarity import Side
from precompute.similarity import Values


@dataclass(frozen=True, slots=True)
class Embedding:
    """Cosine above the recogniser's own threshold, -2 to 2; ``limits``: recogniser -> threshold."""

    limits: Mapping[str, float]
    threshold: float = 0.0
    name: ClassVar[Name] = "embedding"
    alike: ClassVar[Side] = "above"

    def values(self, ones: Looks, others: Looks) -> Values:
        """See ``Measure``."""
        excess = [ones.vectors[name] @ others.vectors[name].T - limit for name, limit in self.limits.items()]
        return np.asarray(np.max(excess, axis=0), np.float64)
