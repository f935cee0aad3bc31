"""Fields off the front of a bounded buffer: nothing is read past its end."""

from edge.errors import Damaged


class Fields:
    """Takes fields in order, integers big-endian; every shortage is ``Damaged``."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        if count > len(self._data) - self._at:
            raise Damaged
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, width: int) -> int:
        """The next ``width`` bytes as an unsigned integer."""
        return int.from_bytes(self.take(width), "big")

    def since(self, start: int) -> bytes:
        """What was taken since the offset ``start``."""
        return self._data[start : self._at]

    def rest(self) -> bytes:
        """What was not taken."""
        return self._data[self._at :]

    @property
    def at(self) -> int:
        """The offset of the next field."""
        return self._at
