"""How much the threads that scale pictures have to do: plain numbers, which are passed on once a second."""

from dataclasses import dataclass


@dataclass(slots=True)
class Load:
    """``taken`` pictures are being made or wait for one of the ``threads`` now; ``refused`` is how often the answer was a 503."""

    threads: int = 0
    taken: int = 0
    refused: int = 0

    @property
    def busy(self) -> int:
        """Threads at work."""
        return min(self.taken, self.threads)

    @property
    def waiting(self) -> int:
        """Pictures that wait for a thread."""
        return self.taken - self.busy
