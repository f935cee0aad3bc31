"""Many callers, one piece of work: whoever asks while it runs waits for the same result."""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Hashable
from typing import Any
from typing import Generic
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Flight(Generic[K, V]):
    """Runs the work for one key at most once at a time; a caller that goes away does not cancel it for the others."""

    def __init__(self) -> None:
        self._running: dict[K, asyncio.Task[V]] = {}

    async def run(self, key: K, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """The result of ``work``, started now or by an earlier caller; its exception is raised to every caller."""
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(work())
            task.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(task)

    def _land(self, key: K, task: "asyncio.Task[V]") -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # seen here, so that an abandoned failure is not printed by asyncio with its text
