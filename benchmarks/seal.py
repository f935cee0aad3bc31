"""Sealing an 11 MP photo with six faces, stage by stage on one core, and the bytes that sealing a folder of photos takes.

Three renditions are made and counted besides.

Needs models (``MFMC_MODEL_MIRROR``); ``--photos`` or ``MFMC_GROUPS`` names the folder.
"""

import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TypeVar

import cv2

from benchmarks import photos
from benchmarks import report
from edge.render.settings import Sizes
from precompute import faces as own_faces
from precompute import people
from precompute import photo as upload
from precompute import pipeline
from precompute import renditions
from precompute import seal
from precompute.anonymise import Anonymiser
from precompute.anonymise import replace
from precompute.company import Company
from precompute.errors import PrecomputeError
from precompute.models import ModelStore
from precompute.settings import FacesConfig

T = TypeVar("T")
STAGES = ("read", "find", "replace", "seal", "verify")
BESIDES = "renditions"
SIZES = Sizes(renditions=(640, 1_280, 2_048))


def main(argv: list[str]) -> int:
    """The command line."""
    parser = report.parser("seal", "Seal an 11 MP photo by stage, and a folder of photos for its size.")
    parser.add_argument("--rounds", type=int, default=9, help="how often the large photo is sealed (default: 9)")
    groups = report.folder("MFMC_GROUPS", "groups")
    parser.add_argument("--photos", type=Path, default=groups, help="JPEG photos to seal for their size")
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    try:
        anonymiser = own_faces.Anonymiser.load(FacesConfig(), ModelStore())
    except PrecomputeError as error:
        print(f"benchmarks.seal: {error}", file=sys.stderr)
        return 2
    found = speed(anonymiser, options.rounds)
    files = sorted(options.photos.glob("*.jpg")) if options.photos else []
    if files:
        found |= size(anonymiser, files)
    return report.finish("seal", found, options, table)


def speed(anonymiser: Anonymiser, rounds: int) -> report.Figures:
    """Median seconds of every stage, and of the whole."""
    data = photos.large()
    sealed(data, anonymiser)
    runs = [sealed(data, anonymiser, seed) for seed in range(rounds)]  # other faces each time, some of which are refused
    times = {f"{stage}_s": round(median(run[0][stage] for run in runs), 3) for stage in (*STAGES, BESIDES)}
    total = median(sum(run[0][stage] for stage in STAGES) for run in runs)
    return times | {"total_s": round(total, 3), "faces": runs[0][1], "upload_mb": round(len(data) / 1e6, 2)}


def sealed(data: bytes, anonymiser: Anonymiser, seed: int = 0) -> tuple[dict[str, float], int, seal.SealedPhoto]:
    """Seconds of every stage, the number of faces, and what was made."""
    times: dict[str, float] = {}
    photo = timed(times, "read", lambda: upload.read(data, upload.Limits()))
    faces = timed(times, "find", lambda: anonymiser.find(photo.pixels))
    company = Company(faces, people.OFF)
    replaced = timed(times, "replace", lambda: replace(photo, faces, anonymiser, seed.to_bytes(32, "big"), company))
    made = timed(
        times, "seal", lambda: seal.photo(replaced.variants, photo.style, secrets.token_bytes(16), secrets.token_bytes)
    )
    timed(times, "verify", lambda: pipeline.verify(photo, made))
    made = timed(times, BESIDES, lambda: renditions.with_all(made, replaced.variants, photo.style, SIZES, None))
    return times, len(faces), made


def timed(times: dict[str, float], stage: str, work: Callable[[], T]) -> T:
    """Do the work and note how long it took."""
    start = time.perf_counter()
    done = work()
    times[stage] = time.perf_counter() - start
    return done


def size(anonymiser: Anonymiser, files: list[Path]) -> report.Figures:
    """Bytes of base and sidecar over the bytes uploaded, for all files together and for the worst."""
    uploads, results, more = [], [], 0
    for file in files:
        data = file.read_bytes()
        made = sealed(data, anonymiser)[2]
        uploads.append(len(data))
        results.append(len(made.base) + len(made.sidecar))
        more += sum(len(each.base) + len(each.sidecar) for each in made.renditions)
        print(f"{file.name}: {results[-1] / uploads[-1]:.3f}", file=sys.stderr)
    ratios = [result / before for result, before in zip(results, uploads, strict=True)]
    return {
        "photos": len(files),
        "bytes_vs_upload": round(sum(results) / sum(uploads), 4),
        "renditions_vs_upload": round(more / sum(uploads), 4),
        "bytes_vs_upload_median": round(median(ratios), 4),
        "bytes_vs_upload_worst": round(max(ratios), 4),
    }


def table(found: report.Figures) -> str:
    """The figures as text."""
    rows: list[tuple[str, ...]] = [("stage", "seconds")]
    rows += [(stage, f"{found[f'{stage}_s']:.3f}") for stage in (*STAGES, "total", BESIDES)]
    text = f"11 MP, {found['upload_mb']} MB, {found['faces']:.0f} faces, one core\n{report.aligned(rows)}"
    if "photos" in found:
        text += (
            f"\n\n{found['photos']:.0f} photos: base and sidecar together {found['bytes_vs_upload']:.3f}x the uploads' bytes"
            f" (median photo {found['bytes_vs_upload_median']:.3f}, worst {found['bytes_vs_upload_worst']:.3f});"
            f" three renditions {found['renditions_vs_upload']:.3f}x more"
        )
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
