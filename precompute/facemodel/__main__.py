"""``python -m precompute.facemodel SHEET.jpg``: a contact sheet of new faces, as the face model makes them."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from tqdm import tqdm

from precompute.errors import PrecomputeError
from precompute.facemodel import sheet
from precompute.facemodel import weights
from precompute.models import ModelStore

AGES: Final = (22, 35, 50, 65)
EXAMPLES: Final = """\
examples:
  python -m precompute.facemodel sheet.jpg
  python -m precompute.facemodel sheet.jpg --faces 20 --female --ages 30 60 --seed 7
  python -m precompute.facemodel sheet.jpg --weights new.npz     after training anew
"""


def run(argv: list[str] | None = None) -> int:
    """Draw the sheet, and say where each kind of face is on it."""
    given = _parser().parse_args(argv)
    genders = [gender for gender in ("female", "male") if getattr(given, gender)] or ["female", "male"]
    rows = [sheet.Row(gender, age) for gender in genders for age in given.ages]
    try:
        numbers = weights.load(given.weights or ModelStore().path("face-model"))
        with tqdm(total=given.faces, desc="faces", disable=None) as bar:
            drawn = sheet.drawn(
                numbers, rows, given.faces, np.random.default_rng(given.seed), lambda what, done, total: bar.update(done - bar.n)
            )
        given.sheet.write_bytes(cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, given.quality])[1].tobytes())
    except PrecomputeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {given.sheet} cannot be written ({error.strerror}); name another file", file=sys.stderr)
        return 1
    said = [f"{row.gender}, {row.age:g} years" for row in rows]
    if given.json:
        print(json.dumps({"sheet": str(given.sheet), "faces": given.faces, "seed": given.seed, "rows": said}))
    else:
        print(f"{given.sheet}: {given.faces} faces of nobody; from top to bottom: {'; '.join(said)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m precompute.facemodel", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Draw a contact sheet of new faces that belong to nobody, in rows by gender and age.",
    )  # fmt: skip
    parser.add_argument("sheet", type=Path, help="JPEG to write")
    parser.add_argument("--faces", type=_whole(1, 10_000), default=48, help="how many (default: 48)")
    parser.add_argument("--seed", type=_whole(0, 2**63), default=1, help="the same seed gives the same faces (default: 1)")
    parser.add_argument("--female", action="store_true", help="female faces alone")
    parser.add_argument("--male", action="store_true", help="male faces alone")
    parser.add_argument(
        "--ages", type=_whole(0, 120), nargs="+", default=AGES, help="years, a row each per gender (default: 22 35 50 65)"
    )
    parser.add_argument("--quality", type=_whole(0, 100), default=85, help="of the JPEG, 0 to 100 (default: 85)")
    parser.add_argument("--weights", type=Path, help="weights to draw from (default: those that are shipped)")
    parser.add_argument("--json", action="store_true", help="say it in JSON")
    return parser


def _whole(low: int, high: int) -> Callable[[str], int]:
    """What reads a whole number within these bounds."""

    def read(text: str) -> int:
        if not text.lstrip("-").isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"a whole number from {low} to {high}")
        return int(text)

    return read


if __name__ == "__main__":
    sys.exit(run())
