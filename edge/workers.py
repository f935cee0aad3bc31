"""Processes: one that serves, or several that share the port under a parent that only watches them."""

import ctypes
import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field

STEADY_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
PR_SET_PDEATHSIG = 1
WATCHED = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP)

_log = logging.getLogger("mfmc.workers")


@dataclass(slots=True)
class _Worker:
    """One place for a worker process; ``pid`` is 0 while it waits to be started again."""

    pid: int = 0
    started: float = 0.0
    pause: float = 0.0
    due: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Keeps ``count`` processes running ``serve`` until told to stop; call ``run`` before any thread or loop exists.

    SIGTERM and SIGINT are passed on as SIGTERM, and the parent ends when the last worker has drained. A worker that
    dies is replaced, after a pause that doubles while its successors die young; ``ended`` is told of its process. On SIGHUP, what
    is good enough for ``reload`` is passed on; workers take it once they unblock it.
    """

    serve: Callable[[], int]
    count: int
    reload: Callable[[], bool]
    ended: Callable[[int], None]
    _workers: list[_Worker] = field(default_factory=list)
    _stopping: bool = False

    def run(self) -> int:
        """0 after an orderly stop, 1 when a worker refused to start."""
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)  # blocked and taken by sigtimedwait: no handler, no race
        self._workers = [_Worker() for _ in range(self.count)]
        failed = False
        while not (self._stopping and all(worker.pid == 0 for worker in self._workers)):
            self._start_due()
            caught = signal.sigtimedwait(WATCHED, 0.5)
            if caught is not None and caught.si_signo == signal.SIGHUP:
                self._reload()
            elif caught is not None and caught.si_signo != signal.SIGCHLD:
                self._stop()
            failed |= self._reap()
        return 1 if failed else 0

    def _start_due(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.pid == 0 and now >= worker.due and not self._stopping:
                worker.started = now
                worker.pid = self._fork()

    def _fork(self) -> int:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                _end_with(parent)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, set(WATCHED) - {signal.SIGHUP})
                code = self.serve()
            finally:
                os._exit(code)  # a worker never returns into the parent's code
        return pid

    def _stop(self) -> None:
        self._stopping = True
        self._tell(signal.SIGTERM)

    def _reload(self) -> None:
        if self.reload():
            self._tell(signal.SIGHUP)

    def _tell(self, number: signal.Signals) -> None:
        for worker in self._workers:
            if worker.pid:
                os.kill(worker.pid, number)

    def _reap(self) -> bool:
        """Note the workers that ended; True when one refused to start, which a restart cannot mend."""
        refused = False
        for worker in self._workers:
            if worker.pid == 0:
                continue
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if pid:
                self.ended(pid)
                refused |= self._ended(worker, os.waitstatus_to_exitcode(status))
        return refused

    def _ended(self, worker: _Worker, code: int) -> bool:
        now = time.monotonic()
        young = now - worker.started < STEADY_SECONDS
        longer = min(LONGEST_PAUSE_SECONDS, worker.pause * 2)
        worker.pause = max(FIRST_PAUSE_SECONDS, longer if young else 0)
        worker.pid, worker.due = 0, now + worker.pause
        if code == 1 and young and not self._stopping:
            self._stop()
            return True
        if not self._stopping:
            told = {"code": code, "seconds": round(worker.pause, 1)}
            _log.warning("a worker ended by itself (%(code)s); another starts in %(seconds)s s", told)
        return False


def _end_with(parent: int) -> None:
    """Ask Linux to send SIGTERM when the parent dies without a word, so that no worker serves on unwatched (prctl(2))."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before it could be watched
        os._exit(1)
