"""Every group gets its own figures, and privacy is that of the recogniser that finds the most."""

import numpy as np

from precompute.evaluation import groups
from precompute.evaluation.population import Population
from precompute.evaluation.privacy import Matched
from tests.precompute.evaluation import crowd


def test_groups() -> None:
    """Faces go by their original's gender, age, tone and by how the fake was made; NaN is no probe."""
    light = crowd.pair(crowd.BLANK, crowd.BLANK, tone=60.0)
    filled = crowd.pair(crowd.BLANK, crowd.BLANK, method="opaque", seen=None, again=None, found=False, tone=None)
    population = Population((light, light, filled), np.array([0, 0, 1]), ())
    nan = float("nan")
    one = Matched(np.array([nan, 0, nan], np.float32), np.array([0, 0, nan], np.float32))
    other = Matched(np.array([nan, 1, nan], np.float32), np.array([0.5, 0, nan], np.float32))
    found = groups.figures(population, {"one": one, "other": other})
    assert set(found["gender"]) == {"female", "unknown"}
    assert set(found["skin tone"]) == {"light", "unknown"}
    women = found["gender"]["female"]
    assert (women["faces"], women["probes"], women["rank1"], women["tar"], women["opaque"]) == (2, 1, 1.0, 0.25, 0.0)
    filled_ones = found["made by"]["opaque"]
    assert (filled_ones["opaque"], filled_ones["rank1"], filled_ones["found"]) == (1.0, None, None)
    assert found["age"]["30 to 44"]["age_group"] == 1.0
