"""What happens while nobody can tell whose friend a viewer is: nobody's, for a few seconds, and a line in the log."""

import logging

FAULT_SECONDS = 5.0
TELL_SECONDS = 10.0

_log = logging.getLogger("mfmc.friends")


class Faults:
    """Tells the log that a source of friends errs, now and then, by the name of the error alone."""

    def __init__(self) -> None:
        self._told = -TELL_SECONDS

    def tell(self, error: Exception, now: float) -> None:
        """Write the line, unless there was one within ``TELL_SECONDS``."""
        if not self._told <= now < self._told + TELL_SECONDS:
            self._told = now
            _log.warning("friends cannot be told: %(error)s", {"error": type(error).__name__})
