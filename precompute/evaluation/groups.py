"""The same figures for each gender, age group and skin tone, and for each way of making fakes: is anybody served worse?"""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from precompute.evaluation import population as people
from precompute.evaluation import quality
from precompute.evaluation.pairs import Pair
from precompute.evaluation.population import Population
from precompute.evaluation.privacy import Matched

Flags = npt.NDArray[np.bool_]
Figures = dict[str, object]

KINDS: Final[Mapping[str, Callable[[Pair], str | None]]] = {
    "gender": people.gender, "age": people.age, "skin tone": people.tone, "made by": people.method,
}  # fmt: skip


def figures(population: Population, matched: Mapping[str, Matched]) -> dict[str, dict[str, Figures]]:
    """Kind -> group -> figures. Privacy is that of the recogniser that does best on the group, since one is enough."""
    return {
        kind: {group: _one(population, members, matched) for group, members in population.of_kind(name).items()}
        for kind, name in KINDS.items()
    }


def _one(population: Population, members: Flags, matched: Mapping[str, Matched]) -> Figures:
    pairs = [pair for pair, is_in in zip(population.pairs, members, strict=True) if is_in]
    keeping, probes = quality.keeping(pairs), 0
    if matched:
        probes = int(np.isfinite(next(iter(matched.values())).rank1[members]).sum())
    return {
        "faces": len(pairs),
        "probes": probes,
        "rank1": _most([each.rank1[members] for each in matched.values()]),
        "tar": _most([each.accepted[members] for each in matched.values()]),
        "opaque": quality.opaque(pairs)["share"],
        **{name: keeping[name] for name in ("found", "gender", "age_group", "landmark_error")},
        "ssim": quality.pixel_measures(pairs)["ssim"],
    }


def _most(each: list[npt.NDArray[np.float32]]) -> float | None:
    """The greatest of the means over those faces that have a value."""
    means = [float(np.nanmean(values)) for values in each if np.isfinite(values).any()]
    return round(max(means), 5) if means else None
