"""Load by ``wrk`` from one core: who is asked for what, in rounds that alternate, so that a busy machine slows all of them."""

import re
import subprocess
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.request import Request
from urllib.request import urlopen

from benchmarks.serving.machine import LOAD_CORE
from benchmarks.serving.machine import Running

CONNECTIONS = 16
CROWD = 64
QUEUE = 4  # for a server that does one request at a time and takes long: more would only wait
SCRIPT = Path(__file__).with_name("paths.lua")
MILLISECONDS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True)
class Case:
    """One server and one kind of viewer: what is asked, and whether an answer is the one that is meant.

    With ``script``, a file of paths (and tokens behind a tab) is asked for in turn; ``path`` is one of them. ``most``: over how
    many connections at most.
    """

    name: str
    server: Running
    path: str
    good: Callable[[bytes], bool]
    token: str | None = None
    script: Path | None = None
    most: int = CROWD

    def require(self) -> None:
        """What is measured must be what is meant."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        with urlopen(Request(self.server.address + self.path, headers=headers), timeout=60) as answer:  # noqa: S310 - loopback
            assert self.good(answer.read()), f"{self.name} returned another body"


@dataclass(frozen=True)
class Loaded:
    """Requests that were answered per second, and the milliseconds that one in a hundred took longer than."""

    per_second: float
    p99_ms: float


class Rounds:
    """Figures of cases, round by round."""

    def __init__(self, cases: Sequence[Case], rounds: int, seconds: int, connections: int = CONNECTIONS) -> None:
        self._found: dict[str, list[Loaded]] = {case.name: [] for case in cases}
        for case in cases:
            case.require()
            load(case, seconds, connections)
        for _ in range(rounds):
            for case in cases:
                self._found[case.name].append(load(case, seconds, connections))
                case.require()

    def rate(self, name: str) -> float:
        """The median of a case's requests per second."""
        return round(median(each.per_second for each in self._found[name]), 1)

    def p99_ms(self, name: str) -> float:
        """The median of a case's slowest in a hundred."""
        return round(median(each.p99_ms for each in self._found[name]), 3)

    def ratio(self, ours: str, theirs: str) -> float:
        """Requests per second over another's, round by round, so that what slowed one slowed the other."""
        return round(median(a.per_second / b.per_second for a, b in self._pairs(ours, theirs)), 3)

    def p99_ratio(self, ours: str, theirs: str) -> float:
        """The slowest in a hundred over another's."""
        return round(median(a.p99_ms / b.p99_ms for a, b in self._pairs(ours, theirs)), 3)

    def _pairs(self, ours: str, theirs: str) -> list[tuple[Loaded, Loaded]]:
        return list(zip(self._found[ours], self._found[theirs], strict=True))


def load(case: Case, seconds: int, connections: int = CONNECTIONS) -> Loaded:
    """Ask for so long; every answer must be a 200."""
    command = ["taskset", "-c", str(LOAD_CORE), "wrk", "--latency", "--timeout", "30s"]
    command += ["-t1", f"-c{min(connections, case.most)}", f"-d{seconds}s"]
    if case.token is not None:
        command += ["-H", f"Authorization: Bearer {case.token}"]
    if case.script is not None:
        command += ["-s", str(SCRIPT)]
    command.append(case.server.address + case.path)
    if case.script is not None:
        command += ["--", str(case.script)]
    return parsed(case.name, subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def parsed(name: str, said: str) -> Loaded:
    """What ``wrk --latency`` prints; an error among the answers ends the measurement."""
    assert "Non-2xx" not in said, f"{name} failed under load"
    assert "Socket errors" not in said, f"{name} was too slow or hung up under load"
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    slow = re.search(r"99%\s+([0-9.]+)(us|ms|s|m)\b", said)
    assert rate is not None, f"wrk said nothing of {name}"
    assert slow is not None, f"wrk said nothing of {name}"
    assert float(rate[1]) > 0, f"{name} answered nothing in time; give it more --seconds"
    return Loaded(float(rate[1]), float(slow[1]) * MILLISECONDS[slow[2]])
