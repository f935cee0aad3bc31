"""How often a cache had what it was asked for: plain numbers, since counting must not cost a picture anything."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Grows for as long as the process lives; ``held`` is the bytes that are there now."""

    hits: int = 0
    misses: int = 0
    held: int = 0

    def count(self, found: bool) -> None:
        """One question was answered, or not."""
        if found:
            self.hits += 1
        else:
            self.misses += 1
