"""OpenTelemetry spans: one per request that is traced, and one below it for each step that it waits for.

A span has a name, a time, a method, a kind and a status; no path, no query, no header, no user, and not what was shown: a trace
goes on in other systems, where it may stand beside a user's name. Errors end a span by their kind alone.
"""

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from contextlib import contextmanager
from contextlib import nullcontext
from typing import TYPE_CHECKING
from typing import Protocol

from aiohttp import web

from edge.errors import ConfigError
from edge.logs import METHODS
from edge.logs import OTHER
from edge.running import Trace
from edge.steps import Name

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter

SEND_SECONDS = 3.0  # with a collector that is down, an edge that ends waits so long for it

Answered = Callable[[int], None]


class Spans(Protocol):
    """Whoever draws requests and their steps as spans."""

    def request(self, request: web.BaseRequest, kind: str) -> AbstractContextManager[Answered]:
        """A request for as long as this lasts; to be told the answer's status."""

    def step(self, name: Name) -> AbstractContextManager[None]:
        """A step of the request at hand."""

    def close(self) -> None:
        """Send what waits."""


class NoSpans:
    """Draws nothing."""

    def request(self, request: web.BaseRequest, kind: str) -> AbstractContextManager[Answered]:
        """Nothing."""
        return _UNTOLD

    def step(self, name: Name) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()

    def close(self) -> None:
        """Nothing waits."""


NO_SPANS = NoSpans()
_UNTOLD: AbstractContextManager[Answered] = nullcontext(lambda status: None)


class Telemetry:
    """Spans for an OTLP collector; ``exporter`` takes them elsewhere."""

    def __init__(self, settings: Trace, exporter: "SpanExporter") -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased
        from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

        sampler = ParentBased(TraceIdRatioBased(settings.share))
        self._provider = TracerProvider(
            sampler=sampler, resource=Resource.create({"service.name": settings.name}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("mfmc-edge")
        self._follow = settings.follow

    @contextmanager
    def request(self, request: web.BaseRequest, kind: str) -> Iterator[Answered]:
        """A server span."""
        from opentelemetry.trace import SpanKind

        method = request.method if request.method in METHODS else OTHER
        with self._tracer.start_as_current_span(
            f"{method} {kind}", self._before(request), SpanKind.SERVER, {"http.request.method": method, "mfmc.kind": kind},
            record_exception=False, set_status_on_exception=False,
        ) as span:  # fmt: skip
            yield lambda status: span.set_attribute("http.response.status_code", status)

    @contextmanager
    def step(self, name: Name) -> Iterator[None]:
        """A client span; outside of a request there is none."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace import StatusCode
        from opentelemetry.trace import get_current_span

        if not get_current_span().get_span_context().is_valid:
            yield
            return
        with self._tracer.start_as_current_span(
            name, kind=SpanKind.CLIENT, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_status(StatusCode.ERROR)
                span.set_attribute("error.type", type(error).__name__)
                raise

    def close(self) -> None:
        """Send what waits, for some seconds at most."""
        self._provider.shutdown()

    def _before(self, request: web.BaseRequest) -> "Context":
        """Where the trace comes from: nowhere, unless a request may say so (W3C Trace Context)."""
        from opentelemetry.context import Context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        if not self._follow:
            return Context()
        said = {"traceparent": request.headers.get("traceparent", "")}
        return TraceContextTextMapPropagator().extract(said, Context())


def open_spans(settings: Trace) -> Spans:
    """Spans as the configuration wants them; raises ``ConfigError`` where the library is missing."""
    if settings.url is None:
        return NO_SPANS
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise ConfigError("edge.trace: needs OpenTelemetry; run: pip install 'mfmc-edge[otel]'") from None
    return Telemetry(settings, OTLPSpanExporter(endpoint=settings.url, timeout=SEND_SECONDS))
