"""``mfmc-precompute``: seal photos, enrol who wants to be found, fetch models. Data on stdout, one-line errors on stderr."""

import argparse
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.errors import ConfigError
from edge.errors import KeyRingError
from precompute.errors import PrecomputeError

ABOUT = "Seal photos, enrol who wants to be found, fetch models. Data on stdout, one-line errors on stderr."
EXAMPLES = """examples:
  mfmc-precompute models pull                       bring the models here
  mfmc-precompute doctor                            is this machine ready?
  mfmc-precompute seal party.jpg --dry-run          list the faces, publish nothing
  mfmc-precompute seal party.jpg --faces faces.json --as /2026/party.jpg
  mfmc-precompute seal uploads/*.jpg --json         many photos, one JSON object each
  mfmc-precompute seal album/*.jpg --consistent-within album   people look the same on all of them
  mfmc-precompute calibrate FOLDER                  thresholds for the recognisers at hand, from a folder per person
  mfmc-precompute calibrate FOLDER --similarity     the same for what compares pictures: FID, RMSE, SSIM, PSNR
  mfmc-precompute evaluate FOLDER                   what the fakes are worth, from a folder per person
  mfmc-precompute certify /2026/party.jpg           is what was measured at sealing still so?
  mfmc-precompute reseal --all --dry-run            which photos need new fakes, now that a newer recogniser is configured?
  mfmc-precompute reseal /2026/party.jpg --force    new fakes, without the upload; owners, rules, locks and tags stay
  mfmc-precompute enrol u-1742 me.jpg me2.jpg       find this person, who asked for it, in photos to come
  mfmc-precompute enrol u-1742 --forget             delete that again, suggestions included

faces.json says who is where on the upright photo:
  [{"point": [412, 230], "owner": "u-1742"}]
"""
SAID_OF_FACES = """With [precompute.disclosure], published photos carry a signed C2PA manifest that says that faces are synthetic
(docs/disclosure.md); answers with a real face leave it out."""
CALIBRATE_EXAMPLES = """examples:
  mfmc-precompute calibrate people                  the configured recognisers
  mfmc-precompute calibrate people --recogniser mobileface_v3
  mfmc-precompute calibrate people --similarity     FID, RMSE, SSIM and PSNR

Thresholds are kept in precompute.faces.thresholds_file, which is beside the models' cache folder unless it is set: there they
count for every configuration of this user that has the same models.
"""
EVALUATE_EXAMPLES = """examples:
  mfmc-precompute evaluate people --limit 20        a quick look: twenty people, a minute
  mfmc-precompute evaluate people --out reports --processes 4
  mfmc-precompute evaluate people --held-out mobileface_v2 --held-out deepface:Facenet512

FOLDER holds a folder of pictures for each person; people with several pictures are looked for among everybody.
report.html shows originals and is not for publishing; --no-pictures makes it without. docs/evaluation.md explains every figure.
"""
STOPPED = 130  # as shells spell SIGINT
SO_FAR = "photos already reported are done, the one at work is as it was"
EXTRA = ("insightface", "jpeglib", "onnxruntime", "PIL", "tqdm")  # what the edge's own installation lacks


def main(argv: Sequence[str]) -> int:
    """Run one command; 0 when it worked, 1 when it did not, 2 (from argparse) when it was not understood."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.command(arguments))
    except (ConfigError, KeyRingError, PrecomputeError) as error:
        print(f"mfmc-precompute: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        print(f"mfmc-precompute: {error.name} is not installed; run: pip install 'mfmc-edge[precompute]'", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"mfmc-precompute: stopped; {arguments.stopped}", file=sys.stderr)
        return STOPPED


def run() -> None:
    """The console script."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the upload and its keys
    sys.exit(main(sys.argv[1:]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "mfmc-precompute", description=ABOUT, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--config", type=Path, default=Path("config.toml"), metavar="FILE", help="the configuration (default: config.toml)"
    )
    common.add_argument("--json", action="store_true", help="print JSON, one object a line")
    common.set_defaults(stopped="everything is as it was before")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    seal = commands.add_parser("seal", parents=[common], help="replace every face and publish", epilog=SAID_OF_FACES)
    _add_seal(seal)
    _add_models(commands.add_parser("models", help="fetch, list or check the models"), common)
    _add_people(commands, common)
    calibrate = commands.add_parser(
        "calibrate", parents=[common], help="measure thresholds of recognisers and of similarity", epilog=CALIBRATE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    _add_calibrate(calibrate)
    evaluate = commands.add_parser(
        "evaluate", parents=[common], help="measure privacy and likeness of the fakes", epilog=EVALUATE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    _add_evaluate(evaluate)
    _add_certify(commands.add_parser("certify", parents=[common], help="measure published photos again"))
    _add_reseal(commands.add_parser("reseal", parents=[common], help="make new fakes where a newer recogniser finds the person"))
    doctor = commands.add_parser("doctor", parents=[common], help="what works on this machine, and how to mend what does not")
    doctor.set_defaults(command=_doctor)
    return parser


def _add_seal(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="picture files")
    parser.add_argument("--faces", type=Path, metavar="FILE", help="who is on the photo (JSON); for one photo")
    parser.add_argument("--as", dest="path", metavar="PATH", help="the photo's address, such as /2026/party.jpg; for one photo")
    parser.add_argument("--uploader", metavar="USER", help="whose photo it is: who may tag, unlock and delete")
    parser.add_argument("--dry-run", action="store_true", help="do everything but publish")
    parser.add_argument("--flatten", action="store_true", help="put transparent pictures on white")
    parser.add_argument("--first-frame", action="store_true", help="take the first frame of animated pictures")
    parser.add_argument(
        "--consistent-within", choices=("album", "folder"),
        help="one fake identity for a person: on all photos of this call, or on those of each folder; nothing of it is kept",
    )  # fmt: skip
    parser.set_defaults(command=_seal, stopped=SO_FAR)


def _add_models(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, about in (
        ("pull", "bring models into the cache folder"),
        ("list", "the registry, and where each model lies"),
        ("verify", "check every model's bytes; exit 1 if one is missing or wrong"),
    ):
        command = commands.add_parser(name, parents=[common], help=about)
        command.add_argument("names", nargs="*", metavar="MODEL", help="default: all")
        command.set_defaults(command=_models, action=name, stopped="models that were fetched stay")


def _add_people(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", common: argparse.ArgumentParser) -> None:
    enrol = commands.add_parser("enrol", parents=[common], help="find a person, who must have agreed to it, in photos to come")
    enrol.add_argument("user", metavar="USER", help="the user ID; you must know that the photos show this user")
    enrol.add_argument("photos", nargs="*", type=Path, metavar="PHOTO", help="photos with this person's face alone; none is kept")
    enrol.add_argument("--forget", action="store_true", help="delete what is kept of this person, suggestions included")
    enrol.set_defaults(command=_enrol)
    enrolled = commands.add_parser("enrolled", parents=[common], help="who is enrolled, and for which models")
    enrolled.set_defaults(command=_enrolled)


def _add_calibrate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="pictures of known people, a folder for each person")
    parser.add_argument(
        "--far", type=float, default=1e-3, metavar="RATE", help="share of pairs of different people taken for one (default: 1e-3)"
    )
    parser.add_argument(
        "--recogniser", action="append", metavar="NAME", help="in place of the configured ones; may be given several times"
    )
    parser.add_argument(
        "--similarity", action="store_true", help="measure FID, RMSE, SSIM and PSNR of pictures, and no recogniser"
    )
    parser.set_defaults(command=_calibrate)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="pictures of known people, a folder for each person")
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="FOLDER",
        help="where report.json and report.html go; made if need be (default: here)",
    )  # fmt: skip
    parser.add_argument(
        "--held-out", action="append", metavar="NAME",
        help="a recogniser that only evaluates and takes no part in choosing; may be given several times "
        "(default: those of others in models.toml that are here and do not choose)",
    )  # fmt: skip
    parser.add_argument("--limit", type=int, metavar="PEOPLE", help="only so many people, drawn at random (default: all)")
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="how many at once, a core each (default: 1)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="what every fake and drawing follows from (default: 1)")
    parser.add_argument("--no-pictures", action="store_true", help="leave the faces out of report.html")
    parser.set_defaults(command=_evaluate, stopped="nothing was written, and a report that lay there is as it was")


def _add_certify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photos", nargs="*", metavar="PATH", help="addresses of published photos, such as /2026/party.jpg")
    parser.add_argument("--new-key", type=Path, metavar="FILE", help="make a key that signs certificates")
    parser.set_defaults(command=_certify)


def _add_reseal(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photos", nargs="*", metavar="PATH", help="addresses of published photos, such as /2026/party.jpg")
    parser.add_argument("--all", action="store_true", help="every published photo")
    parser.add_argument("--force", action="store_true", help="also where every fake still passes, or the certificate is broken")
    parser.add_argument("--dry-run", action="store_true", help="say what is to be done, and publish nothing")
    parser.set_defaults(command=_reseal, stopped=SO_FAR)


def _seal(arguments: argparse.Namespace) -> int:
    from precompute import command_seal  # what follows loads models; the help does not

    return command_seal.seal(arguments)


def _models(arguments: argparse.Namespace) -> int:
    from precompute import command_models

    return command_models.models(arguments)


def _enrol(arguments: argparse.Namespace) -> int:
    from precompute import command_people

    return command_people.enrol(arguments)


def _enrolled(arguments: argparse.Namespace) -> int:
    from precompute import command_people

    return command_people.enrolled(arguments)


def _calibrate(arguments: argparse.Namespace) -> int:
    from precompute import command_calibrate

    return command_calibrate.calibrate(arguments)


def _evaluate(arguments: argparse.Namespace) -> int:
    from precompute import command_evaluate

    return command_evaluate.evaluate(arguments)


def _certify(arguments: argparse.Namespace) -> int:
    from precompute import command_certify

    return command_certify.certify(arguments)


def _reseal(arguments: argparse.Namespace) -> int:
    from precompute import command_reseal

    return command_reseal.reseal(arguments)


def _doctor(arguments: argparse.Namespace) -> int:
    from precompute import command_models

    return command_models.doctor(arguments)


if __name__ == "__main__":
    run()
