"""Ten thousand random steps: six viewers, five photos of four faces, and the pixels equal the model's decision every time."""

import itertools

import pytest
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import seed
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests import postgresql
from tests.access import operations
from tests.access.happening import Happening
from tests.access.machine import RULES
from tests.access.machine import Database
from tests.access.model import Kind
from tests.access.saying import Saying
from tests.access.watch import Tally

KINDS = ("tag", "rule", "matrix")
EXAMPLES = 9  # of one run: from the tenth on, most are variations of one before
ROUNDS, STEPS = 4, 115
WORDS = {"200", "204", "401", "403", "404", "409", "412"}


class Access(Saying, Happening):
    """All rules."""


def run(kind: Kind, rounds: int, steps: int, database: Database) -> Tally:
    """So many runs, always the same ones; how often what happened in them."""
    tally = Tally()
    for number in range(rounds):
        machine = seed(1_000 * KINDS.index(kind) + number)(lambda: Access(kind, tally, database))
        options = settings(
            max_examples=EXAMPLES, stateful_step_count=steps, database=None, deadline=None,
            phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        run_state_machine_as_test(machine, settings=options)
    return tally


async def embedded() -> str | None:
    """A new SQLite file for each example, in its folder."""
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_equal_the_decision(kind: Kind) -> None:
    """Whatever was said, published, rotated, lost or remembered before, every face is shown to just whom it is for."""
    tally = run(kind, ROUNDS, STEPS, embedded)
    simplest = ROUNDS * (STEPS - 1)  # the first example of every run is nothing but the simplest step
    assert tally.steps.total() - simplest >= 10_000 / len(KINDS)
    assert set(tally.steps) == RULES
    known = {name for name in operations.NAMES if kind in operations.ONLY_IN.get(name, {kind})}
    known -= {"rule", "override"} if kind == "tag" else set()
    assert {name for name, status in tally.operations if status in (200, 204)} == known
    assert {str(status) for _, status in tally.operations} == WORDS
    happened = ("GET 200", "GET 304", "GET 404", "HEAD 200", "token ended", "rotated", "rewrapped", "retired", "swept",
                "lost all memory", "lost the disk cache", "signed real", "signed base",
                *(f"{number} real" for number in range(5)))  # fmt: skip
    assert [what for what in happened if not tally.looks[what]] == []


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_equal_the_decision_on_postgresql(kind: Kind, postgresql_server: postgresql.Server) -> None:
    """The same, a tenth of it, over a catalog that several edges share."""
    numbers = itertools.count()

    async def shared() -> str:
        return await postgresql_server.create(f"access_{kind}_{next(numbers)}")

    tally = run(kind, 1, 40, shared)
    assert tally.steps.total() >= 1_000 / len(KINDS)
