"""Which of the portraits no model is trained on, so that there are some to judge by: the same for every recipe."""

from hashlib import sha256
from pathlib import Path
from typing import Final

ONE_IN: Final = 10


def is_kept_back(file: Path) -> bool:
    """Whether recipes leave this portrait out; about one in ten, by the hash of its name."""
    return int.from_bytes(sha256(file.name.encode()).digest()[:4], "big") % ONE_IN == 0
