"""``[edge.admin]``, ``[edge.log]`` and ``[edge.trace]``: how a running edge is looked after."""

from typing import Annotated
from typing import Literal

from msgspec import Meta

from edge.section import Section
from edge.section import Text


class Admin(Section, frozen=True):
    """``[edge.admin]``: where health, readiness and metrics are told; off without a port. It asks nobody who they are."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] | None = None


class Log(Section, frozen=True):
    """``[edge.log]``: how what happens is written to stderr."""

    format: Literal["text", "json"] = "text"
    level: Literal["info", "warning", "error"] = "info"


class Trace(Section, frozen=True):
    """``[edge.trace]``: OpenTelemetry spans of a share of the requests; off without an address."""

    url: Text | None = None
    share: Annotated[float, Meta(ge=0, le=1)] = 0.01
    follow: bool = False
    name: Text = "mfmc-edge"
