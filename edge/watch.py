"""Eyes on one edge: metrics always, spans where tracing is set up; both are told of requests, pictures and steps."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from edge.metrics import Metrics
from edge.steps import Name
from edge.trace import NO_SPANS
from edge.trace import Spans


@dataclass(frozen=True, slots=True)
class Watch:
    """Outlives a reload, so that nothing is counted anew."""

    metrics: Metrics
    spans: Spans = NO_SPANS

    @contextmanager
    def step(self, name: Name) -> Iterator[None]:
        """A step (``edge.steps.Steps``) for as long as this lasts."""
        began, failed = time.perf_counter(), None
        try:
            with self.spans.step(name):
                yield
        except BaseException as error:
            failed = error
            raise
        finally:
            self.metrics.step(name, time.perf_counter() - began, failed)
