"""``mfmc-edge``: serve photos, keep the key ring, say who may see which face. Data on stdout, one-line errors on stderr.

Whatever takes time to load is loaded inside of ``main``, where Ctrl-C is answered with a line.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.errors import ConfigError
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import LogBroken
from edge.errors import Refusal
from edge.errors import Unavailable

INTERRUPTED = 130  # 128 + SIGINT, as shells count
READER_GONE = 141  # 128 + SIGPIPE

ABOUT = "Serve photos, keep the key ring, say who may see which face. Data on stdout, one-line errors on stderr."
EXAMPLES = """examples:
  mfmc-edge keys new                            make the key ring that config.toml names
  mfmc-edge keys --help                         rotate keys while serving, and seal on machines that cannot open
  mfmc-edge check                               could the edge start, and would it work?
  mfmc-edge serve --workers 4                   answer until SIGTERM
  mfmc-edge faces rule u-red friends            u-red's friends see u-red, on every photo
  mfmc-edge faces override /t1.jpg u-red nobody   but not on this one
  mfmc-edge faces --help                        everything else that can be said of a face
  mfmc-edge sign /t1.jpg --face 1               an address that shows this face to whoever holds it, for minutes
  mfmc-edge catalog upgrade                     bring a shared catalog up to this version
  mfmc-edge audit verify                        was the log of changes tampered with?
"""


def main(argv: Sequence[str]) -> int:
    """Run one command; 0 when it worked, 1 when it did not, 2 (from argparse) when it was not understood."""
    try:
        arguments = _parser(argv[0] if argv else "").parse_args(argv)
        code = int(arguments.command(arguments))
        print(end="", flush=True)
        return code
    except (ConfigError, KeyRingError, Damaged, LogBroken) as error:
        print(f"mfmc-edge: {error}", file=sys.stderr)
    except Unavailable:
        print(f"mfmc-edge: catalog.url: {Unavailable.advice}", file=sys.stderr)
    except Refusal as refusal:
        from edge.control import problems

        print(f"mfmc-edge: {problems.of(refusal).title}", file=sys.stderr)
    except KeyboardInterrupt:
        print("mfmc-edge: stopped; every change is whole or was not made, so the same command may be run again", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read what is printed has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to print must not fail at exit
        return READER_GONE
    return 1


def run() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "mfmc-edge", description=ABOUT, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--config", type=Path, default=Path("config.toml"), metavar="FILE", help="the configuration (default: config.toml)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", parents=[common], help="answer requests")
    serve.add_argument("--workers", type=int, metavar="N", help="processes; instead of edge.workers")
    serve.set_defaults(command=_serve)
    check = commands.add_parser("check", parents=[common], help="could the edge start with this configuration, and work?")
    keys = commands.add_parser("keys", help="make, rotate or look at the key ring")
    faces = commands.add_parser("faces", help="say who may see which face, and look at what was said")
    sign = commands.add_parser("sign", parents=[common], help="sign the address of a photo")
    catalog = commands.add_parser("catalog", help="look after the catalog")
    audit = commands.add_parser("audit", help="check or print the log of changes")
    if command == "check":
        from edge import command_check

        command_check.add(check)
    if command == "keys":  # each command starts without what only the others need
        from edge import command_keys

        command_keys.add(keys, common)
    if command == "faces":
        from edge.control import command as faces_command

        faces_command.add(faces, common)
    if command == "sign":
        from edge.urls import command as sign_command

        sign_command.add(sign)
    if command == "catalog":
        from edge.catalog import command as catalog_command

        catalog_command.add(catalog, common)
    if command == "audit":
        from edge.audit import command as audit_command

        audit_command.add(audit, common)
    return parser


def _serve(arguments: argparse.Namespace) -> int:
    import asyncio

    from edge import config
    from edge.check import require_usable
    from edge.serve import serve

    settings = config.load(arguments.config)
    asyncio.run(require_usable(settings))
    workers = settings.edge.workers if arguments.workers is None else arguments.workers
    if not 1 <= workers <= 256:
        raise ConfigError("--workers: must be 1 to 256")
    return serve(settings, workers, lambda: config.load(arguments.config))


if __name__ == "__main__":
    run()
