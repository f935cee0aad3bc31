"""The training loop: it learns, keeps the best average of the weights, and stops in time."""

from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'mfmc-edge[train]'")

from precompute.training import learning  # noqa: E402
from precompute.training.learning import Task  # noqa: E402

nn = torch.nn
WANTED = torch.tensor([[2.0, -1.0]])


class Line(nn.Module):
    """One weight for each of two numbers; four dimensions, since images have them."""

    def __init__(self) -> None:
        super().__init__()
        self.only = nn.Conv2d(2, 1, 1)

    def forward(self, x: "torch.Tensor") -> "torch.Tensor":
        return self.only(x)


def batches() -> "Iterator[tuple[torch.Tensor, ...]]":
    """Numbers and what a line through them says."""
    generator = torch.Generator().manual_seed(0)
    while True:
        x = torch.randn(32, 2, 1, 1, generator=generator)
        yield x, (x * WANTED.reshape(1, 2, 1, 1)).sum(1, keepdim=True)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step takes a twentieth of a second."""
    seconds = count()
    monkeypatch.setattr(learning, "time", SimpleNamespace(monotonic=lambda: next(seconds) / 20))


def task(kept: list[nn.Module], judge: object = None) -> Task:
    """Fit the line; ``judge`` stands in for the distance of the weights from the right ones."""

    def off(network: nn.Module) -> float:
        assert not network.training
        return float((network.only.weight.detach().flatten() - WANTED.flatten()).norm())

    def loss(said: "torch.Tensor", batch: "tuple[torch.Tensor, ...]") -> "torch.Tensor":
        return (said.float() - batch[1]).square().mean()

    return Task(Line(), batches(), loss, judge or off, kept.append)  # type: ignore[arg-type]


def test_it_learns_and_returns_the_best() -> None:
    """In twenty seconds, or four hundred steps, a line is found, and what was kept last is the best judged."""
    torch.manual_seed(0)
    kept: list[nn.Module] = []
    best = learning.train(task(kept), minutes=1 / 3, rate=0.05, name="line")
    assert best < 0.3
    assert float((kept[-1].only.weight.detach().flatten() - WANTED.flatten()).norm()) == pytest.approx(best)


def test_only_what_is_better_is_kept() -> None:
    """Of judgements 3, 1, 2, 5 … the first two are kept."""
    said = iter([3.0, 1.0, 2.0, 5.0, *[9.0] * 40])
    kept: list[nn.Module] = []
    assert learning.train(task(kept, lambda _: next(said)), minutes=0.1, rate=0.01, name="line") == 1
    assert len(kept) == 2


def test_a_training_that_is_interrupted_keeps_its_best() -> None:
    """Ctrl-C while a batch is made."""

    def interrupted() -> "Iterator[tuple[torch.Tensor, ...]]":
        given = batches()
        for _ in range(5):
            yield next(given)
        raise KeyboardInterrupt

    kept: list[nn.Module] = []
    whole = task(kept)
    stopped = Task(whole.network, interrupted(), whole.loss, whole.judge, whole.keep)
    assert learning.train(stopped, minutes=5, rate=0.01, name="line") == float("inf")
    assert not kept


def test_weights_decay_and_biases_do_not() -> None:
    """Norms' scales are like biases."""
    weights, others = learning._groups(nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3)))
    assert [each.ndim for each in weights["params"]] == [4]
    assert [each.ndim for each in others["params"]] == [1, 1, 1]
    assert weights["weight_decay"] > others["weight_decay"] == 0
