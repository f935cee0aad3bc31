"""What the fakes are worth, against every bar: known people for privacy and likeness, group photos for what must not go wrong.

The shipped models find and choose, and those of others only judge (``MFMC_MODEL_MIRROR``); or ``--models permissive``.
``--people`` or ``MFMC_VERIFICATION`` names a folder with a folder of pictures for each person, ``--photos`` or ``MFMC_GROUPS`` a
folder of group photos.
"""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from benchmarks import report
from benchmarks import seal
from precompute import command_evaluate
from precompute import verification
from precompute.errors import PrecomputeError
from precompute.evaluation import course
from precompute.evaluation import crew
from precompute.evaluation import population
from precompute.evaluation import quality
from precompute.evaluation.crew import Examiner
from precompute.evaluation.crew import Task
from precompute.models import ModelStore
from precompute.photo import Limits
from precompute.settings import FacesConfig

SEED = 1
ROUNDS = 5
SPEED_PICTURES = 40
SECTIONS = {"own": "anonymity", "permissive": "anonymity-permissive"}  # of bars.toml, by the models that find and choose
TITLES = {
    "rank1_max": "rank-1 re-identification, worst recogniser",
    "tar_max": "TAR at FAR 1e-3, worst recogniser",
    "drop_points": "accuracy drop over all recognisers, points",
    "drop_relative": "accuracy drop, relative",
    "parrot_vs_chance": "parrot attack, rank-1 over chance, worst",
    "inverter_gain": "inverter's gain in cosine over a random face, worst",
    "found": "detector finds the fake",
    "landmark_error": "landmark error, share of interocular distance",
    "gender": "gender unchanged",
    "age_group": "age group unchanged",
    "opaque": "opaque fill on faces >= 48 px in group photos",
    "drawn_difference": "greatest difference outside of the masks, grey levels",
    "blocks_changed": "changed blocks that hold no mask",
    "feather_share": "widest feather, share of the face's width",
    "face_ms": "milliseconds a face, one core, all checks included",
    "large_s": "seconds for an 11 MP photo with six faces, one core",
    "held_out": "recognisers held out",
}


def main(argv: list[str]) -> int:
    """The command line."""
    parser = report.parser("anonymity", "Replace the faces of known people and of group photos, and measure what comes out.")
    named = report.folder("MFMC_VERIFICATION", "verification")
    parser.add_argument("--people", type=Path, default=named, help="a folder per person")
    parser.add_argument("--photos", type=Path, default=report.folder("MFMC_GROUPS", "groups"), help="group photos, JPEG")
    parser.add_argument("--limit", type=int, metavar="PEOPLE", help="a quick look: only so many people, and as many photos")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)), help="default: one for each core")
    parser.add_argument("--models", choices=SECTIONS, default="own", help="which find and choose (default: %(default)s)")
    parser.add_argument("--held-out", action="append", metavar="NAME", help="recognisers that take no part in choosing")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write report.json and report.html there too")
    options = parser.parse_args(argv)
    if options.people is None or options.photos is None:
        print("benchmarks.anonymity: name the folders: --people FOLDER --photos FOLDER", file=sys.stderr)
        return 2
    cv2.setNumThreads(1)
    try:
        found = measure(options)
    except PrecomputeError as error:
        print(f"benchmarks.anonymity: {error}", file=sys.stderr)
        return 2
    section = SECTIONS[options.models]
    return report.finish(section, found, options, partial(report.compared, section, TITLES))


def measure(options: Any) -> report.Figures:
    """Speed first, while nothing else runs; then known people, then group photos."""
    config, store = FacesConfig(models=options.models), ModelStore()
    task = Task(config, store, course.held_out(config, store, options.held_out), Limits(), "central", SEED)
    examiner = Examiner.load(task)
    found = speed(examiner, options)
    with command_evaluate.progress() as shown:
        evaluated = course.run(options.people, task, options.processes, options.limit, shown)
    if options.out is not None:
        command_evaluate.write(evaluated, options.out, pictures=True, seed=SEED)
    files = sorted(options.photos.glob("*.jpg"))[: options.limit]
    with command_evaluate.progress() as shown:
        everyone = Examiner(Task(config, task.store, (), Limits(), "everyone", SEED), examiner.anonymiser, ())
        grouped = crew.collect(files, everyone, min(options.processes, max(1, len(files) // 2)), shown)
    groups = population.of(grouped, [file.name for file in files])
    return found | known(evaluated.figures) | together(evaluated.figures, groups)


def known(figures: dict[str, Any]) -> report.Figures:
    """The bars on known people, each the worst over all recognisers."""
    recognisers = figures["recognisers"]
    found: report.Figures = {"held_out": sum(each["held_out"] for each in recognisers.values())}
    ranks = {name: each["identification"] for name, each in recognisers.items()}
    for name, each in recognisers.items():
        found |= {f"rank1_before_{name}": ranks[name]["rank1_before"], f"rank1_{name}": ranks[name]["rank1_after"]}
        found |= {f"{figure}_{name}": ranks[name][figure] for figure in ("rank1_same_picture", "rank1_surroundings")}
        found |= {f"tar_{name}": each["verification"]["tar_after"]}
        found |= {f"parrot_{name}": each["attacks"]["parrot_rank1"], f"reverse_{name}": each["attacks"]["reverse_rank1"]}
        found |= gains(name, each["attacks"])
    parrots = [each["attacks"]["parrot_rank1"] / ranks[name]["chance"] for name, each in recognisers.items()]
    inverted = [value for name, value in found.items() if name.startswith("gain_") and value is not None]
    found |= {
        "rank1_max": max(each["rank1_after"] for each in ranks.values()),
        "tar_max": max(each["verification"]["tar_after"] for each in recognisers.values()),
        "parrot_vs_chance": round(max(parrots), 2),
        **{f"drop_{name}": value for name, value in figures["drop"].items() if value is not None},
        **{name: figures["kept"][name] for name in ("landmark_error", "gender", "age_group")},
        "seam_auc": figures["seam"]["auc"],
    }
    both = [name for name in ranks if f"surroundings_{name}" in found]
    beyond = [found[f"gain_embedding_{name}"] - found[f"surroundings_{name}"] for name in both]
    found |= {"inverter_beyond_surroundings": round(max(beyond), 4)} if beyond else {}
    return found | ({"inverter_gain": max(inverted)} if inverted else {})


def gains(name: str, attacks: dict[str, Any]) -> report.Figures:
    """What the two inverters gain over a random face with one recogniser, and what one gains from what surrounds the face alone.

    Nothing where too few people were there to train.
    """
    found = {f"gain_{kind}_{name}": attacks[f"{kind}_inverter"].get("gain_over_random") for kind in ("embedding", "picture")}
    found[f"surroundings_{name}"] = attacks["embedding_inverter"].get("surroundings_over_random")
    return {figure: value for figure, value in found.items() if value is not None}


def together(figures: dict[str, Any], groups: population.Population) -> report.Figures:
    """The bars on all photos: known people's and groups'."""
    outside: dict[str, Any] = figures["outside"]
    more: dict[str, Any] = quality.around(groups.pictures)
    keeping, wide = quality.keeping(groups.pairs), quality.opaque(groups.pairs, course.WIDE_PX)
    shares = [(figures["kept"]["found"], figures["kept"]["faces"]), (keeping["found"], keeping["faces"])]
    whole = sum(count for share, count in shares if share is not None)
    found: dict[str, Any] = {
        "people_faces": figures["data"]["evaluated"], "group_faces": len(groups), "group_faces_wide": wide["faces"],
        "found": round(sum(share * count for share, count in shares if share is not None) / max(1, whole), 4),
        "opaque": wide["share"], "opaque_people": figures["opaque"]["share"],
        **{name: max(outside[name], more[name]) for name in ("drawn_difference", "blocks_changed", "decoded_difference")},
        "feather_share": max(each["feather_share_max"] or 0.0 for each in (outside, more)),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def speed(examiner: Examiner, options: Any) -> report.Figures:
    """Milliseconds a face on pictures of one person, and seconds for the 11 MP photo, on one core and in one process."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        files = verification.collection(options.people).files
        timed = [examiner.look(i, file) for i, file in enumerate(files[:: max(1, len(files) // SPEED_PICTURES)])]
        large = seal.speed(examiner.anonymiser, ROUNDS)
    finally:
        os.sched_setaffinity(0, cores)
    measured: dict[str, Any] = quality.speed([picture for picture in timed if picture is not None])
    return {
        "face_ms": round(measured["find_and_replace_ms_a_face"], 1),
        "replace_ms": round(measured["replace_ms_a_face"], 1),
        "large_s": large["total_s"], "large_faces": large["faces"],
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
