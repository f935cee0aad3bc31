"""Helpers of the tests of ``reseal``: the command, the catalog's rows, and what the keys open of /one.jpg."""

import json
import sqlite3
from contextlib import closing

import cv2
import pytest

from precompute import config
from precompute import keys
from precompute import opened
from tests.precompute.certified import Compares
from tests.precompute.certified import text
from tests.precompute.flat import Pixels
from tests.precompute.shop import Shop


def newer(shop: Shop, compares: Compares) -> None:
    """Configure a recogniser that calls the published fakes the person."""
    entries = json.loads(text(shop).split("\n")[0])["faces"]
    alike = min(entry["recognisers"][0]["similarity"] for entry in entries)
    compares.thresholds = {"near": 0.99, "newer": alike - 0.005}


def run(shop: Shop, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, object]]]:
    """The exit code, and the lines of JSON."""
    capsys.readouterr()
    code = shop.run("reseal", *arguments, "--json")
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def rows(shop: Shop, table: str, columns: str = "*", where: str = "1 = 1") -> list[tuple[object, ...]]:
    """Rows of a table."""
    with closing(sqlite3.connect(shop.folder / "catalog.sqlite3")) as plain:
        return sorted(plain.execute(f"SELECT {columns} FROM {table} WHERE {where}").fetchall(), key=repr)  # noqa: S608


def original(shop: Shop) -> opened.Opened:
    """What the keys open of /one.jpg."""
    settings = config.load(shop.config)
    held = keys.opens(keys.read(settings.keys))
    assert held is not None
    return opened.of(opened.published(settings, "/one.jpg").photo, settings, held)


def uploaded(shop: Shop) -> Pixels:
    """The pixels of the upload."""
    return cv2.imread(shop.photo("one.jpg"))  # type: ignore[return-value]
