"""Prometheus metrics of one edge: what it does, how long it waits for others, how late a change may be seen.

Labels are words of this program. None names or counts people, photos or faces: a picture's label says whether none, some or all
of its faces were granted, summed up over everybody.

Several workers count into files of one private folder (the library's multiprocess mode), so that whichever of them is asked
tells of all, the ended ones included. The library decides for or against that when it is first imported; hence the late imports.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Final
from typing import Literal

from edge.cache.tally import Tally
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import OriginFailed
from edge.errors import OriginTimeout
from edge.errors import Unavailable
from edge.load import Load

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
QUICK: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CACHES: Final = ("files", "disk", "catalog", "keys", "plans", "scaled")
COUNTED_IN_BYTES: Final = ("files", "keys", "plans", "scaled")

Credentials = Literal["none", "good", "bad", "url"]
Granted = Literal["none", "some", "all"]
Answer = Literal["base", "spliced", "unchanged", "withheld"]


def share(folder: str | None) -> None:
    """Count into files of ``folder`` from now on, in this process and those it forks; None: each for itself.

    To be called before the first ``Metrics``.
    """
    os.environ.pop(FOLDER, None)
    if folder is not None:
        os.environ[FOLDER] = folder


class Metrics:
    """All that is counted."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry
        from prometheus_client import Counter
        from prometheus_client import Gauge
        from prometheus_client import Histogram

        registry = self._registry = CollectorRegistry()
        self._requests = Histogram(
            "mfmc_request_seconds", "Requests, and the time until their answer could be sent.", ("kind", "status"),
            buckets=QUICK, registry=registry,
        )  # fmt: skip
        self.running = 0
        self._running = Gauge(
            "mfmc_requests_running", "Requests that are being answered.", registry=registry, multiprocess_mode="livesum"
        )
        self._pictures = Counter(
            "mfmc_pictures", "Decisions about pictures, and what was sent.", ("credentials", "granted", "answer"),
            registry=registry,
        )  # fmt: skip
        self._steps = Histogram(
            "mfmc_step_seconds", "Questions to what the edge depends on, and their time.", ("step", "outcome"),
            buckets=QUICK, registry=registry,
        )  # fmt: skip
        self._cache = {
            name: Counter(f"mfmc_cache_{name}", f"Questions to a cache that were {name}.", ("cache",), registry=registry)
            for name in ("hits", "misses")
        }
        self._held = Gauge(
            "mfmc_cache_bytes", "Bytes in a cache's memory, of all workers.", ("cache",), registry=registry,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self._disk = Gauge("mfmc_cache_disk_bytes", "Bytes in the disk cache.", registry=registry, multiprocess_mode="livemax")
        self._lag = Gauge(
            "mfmc_revocation_lag_seconds", "How late a change that was made elsewhere may be seen now.", registry=registry,
            multiprocess_mode="livemax",
        )  # fmt: skip
        self._scaling = Gauge(
            "mfmc_scaling_pictures", "Pictures that threads scale (busy), and that wait for one.", ("state",),
            registry=registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self._refused = Counter("mfmc_scaling_refused", "Answers that say there is too much to scale.", registry=registry)
        self._reloads = Counter("mfmc_reloads", "SIGHUPs, by what became of them.", ("outcome",), registry=registry)
        self._of_requests: dict[tuple[str, int], Histogram] = {}
        self._pictured: dict[tuple[Credentials, Granted, Answer], int] = {}
        self.tallies: Mapping[str, Tally] = {name: Tally() for name in CACHES}
        self._told = {name: Tally() for name in CACHES}
        self.scaling = Load()
        self._told_refused = 0

    def request(self, kind: str, status: int, seconds: float) -> None:
        """A request was answered."""
        found = self._of_requests.get((kind, status))
        if found is None:
            found = self._of_requests[kind, status] = self._requests.labels(kind, str(status))
        found.observe(seconds)

    def picture(self, credentials: Credentials, granted: Granted, answer: Answer) -> None:
        """A picture was decided about and sent; ``withheld`` is a base in spite of a grant, since something did not open."""
        what = credentials, granted, answer
        self._pictured[what] = self._pictured.get(what, 0) + 1

    def step(self, name: str, seconds: float, error: BaseException | None) -> None:
        """A step ended, with an error or without."""
        self._steps.labels(name, _outcome(error)).observe(seconds)

    def lag(self, seconds: float) -> None:
        """How late a change may be seen now."""
        self._lag.set(seconds)

    def disk(self, size: int) -> None:
        """Bytes in the disk cache now."""
        self._disk.set(size)

    def reloaded(self, outcome: Literal["done", "refused"]) -> None:
        """A SIGHUP was answered."""
        self._reloads.labels(outcome).inc()

    def settle(self) -> None:
        """Pass on what was counted in plain numbers since last time; to be called every second and before ``text``."""
        pictured, self._pictured = self._pictured, {}
        for what, count in pictured.items():
            self._pictures.labels(*what).inc(count)
        for name, tally in self.tallies.items():
            told = self._told[name]
            self._cache["hits"].labels(name).inc(tally.hits - told.hits)
            self._cache["misses"].labels(name).inc(tally.misses - told.misses)
            told.hits, told.misses = tally.hits, tally.misses
        for name in COUNTED_IN_BYTES:
            self._held.labels(name).set(self.tallies[name].held)
        self._running.set(self.running)
        self._scaling.labels("busy").set(self.scaling.busy)
        self._scaling.labels("waiting").set(self.scaling.waiting)
        refused, self._told_refused = self.scaling.refused - self._told_refused, self.scaling.refused
        self._refused.inc(refused)

    def text(self) -> bytes:
        """Everything in Prometheus' text format, of all workers."""
        from prometheus_client import generate_latest

        self.settle()
        return generate_latest(_all_workers() if FOLDER in os.environ else self._registry)


def ended(pid: int) -> None:
    """What a worker that ended counted stays; what it held does not."""
    if FOLDER in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(pid)  # type: ignore[no-untyped-call]


def _all_workers() -> "CollectorRegistry":
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _outcome(error: BaseException | None) -> str:
    """A refusal of the caller's is no failure of the step."""
    if isinstance(error, OriginTimeout | TimeoutError):
        return "timeout"
    return "failed" if isinstance(error, OriginFailed | Unavailable | KeyRingError | Damaged | OSError) else "ok"
