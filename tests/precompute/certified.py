"""A shop whose recognisers really look at pixels, with one photo sealed and signed, and what ``certify`` says of it."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pytest

from precompute.faces import Face
from precompute.faces import Measurement
from tests.precompute.flat import FlatFaces
from tests.precompute.flat import Pixels
from tests.precompute.shop import Shop

BOXES = ((20, 30, 50, 64), (120, 20, 40, 52))
THRESHOLDS: Mapping[str, float] = {"near": 0.99, "far": 0.995}
SIGNED = '[precompute.certificate]\nkey_file = "certificate.pem"\n'


@dataclass
class Compares(FlatFaces):
    """Really looks: two pictures are as alike as their pixels are close in the middle of the face."""

    thresholds: Mapping[str, float] = None  # type: ignore[assignment]
    shift: float = 0.0

    def measure(self, pixels: Pixels, face: Face, output: Pixels) -> tuple[Measurement, ...]:
        """As close as the pixels; a hash for every name."""
        x, y, w, h = (round(v) for v in face.box)
        part = np.s_[y + h // 4 : y + 3 * h // 4, x + w // 4 : x + 3 * w // 4]
        alike = 1 - float(np.abs(pixels[part].astype(float) - output[part]).mean()) / 255 + self.shift
        return tuple(
            Measurement(name, sha256(name.encode()).hexdigest(), alike, limit, "configured", alike < limit)
            for name, limit in (self.thresholds or THRESHOLDS).items()
        )


def certified(shop: Shop, capsys: pytest.CaptureFixture[str], path: str = "/one.jpg") -> tuple[int, dict[str, object]]:
    """The exit code, and the one line of JSON."""
    capsys.readouterr()
    code = shop.run("certify", path, "--json")
    return code, json.loads(capsys.readouterr().out)


def states(line: dict[str, object]) -> list[str]:
    """What became of each face, by slot."""
    return [face["state"] for face in line["faces"]]  # type: ignore[attr-defined]


def change(shop: Shop, statement: str, *values: object) -> None:
    """Change the catalog behind everybody's back."""
    with closing(sqlite3.connect(shop.folder / "catalog.sqlite3")) as plain:
        plain.execute(statement, values)
        plain.commit()


def text(shop: Shop) -> str:
    """The stored certificate of /one.jpg."""
    with closing(sqlite3.connect(shop.folder / "catalog.sqlite3")) as plain:
        return str(plain.execute("SELECT certificate FROM photo WHERE path = '/one.jpg'").fetchone()[0])


def version(shop: Shop) -> bytes:
    """The published version of /one.jpg."""
    with closing(sqlite3.connect(shop.folder / "catalog.sqlite3")) as plain:
        return bytes(plain.execute("SELECT version FROM photo WHERE path = '/one.jpg'").fetchone()[0])
