"""``mfmc-edge keys``: make, list and rotate the key ring, and export its public halves; never prints a key."""

import argparse
import json
from pathlib import Path

from edge import config
from edge.keys import ring


def add(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """The subcommands; each takes what ``common`` takes, and where the ring lies."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    where = argparse.ArgumentParser(add_help=False, parents=[common])
    where.add_argument("--ring", type=Path, metavar="FILE", help="the key ring; instead of keys.ring")
    told = argparse.ArgumentParser(add_help=False, parents=[where])
    told.add_argument("--json", action="store_true", help="print JSON")
    new = commands.add_parser("new", parents=[told], help="make a key ring; never replaces one")
    new.set_defaults(command=_new)
    listing = commands.add_parser("list", parents=[told], help="print the keys' ids, never the keys")
    listing.set_defaults(command=_list)
    rotate = commands.add_parser("rotate", parents=[told], help="add a key that wraps from now on; the others still open")
    rotate.set_defaults(command=_rotate)
    public = commands.add_parser("export-public", parents=[where], help="print what lets an upload machine wrap, not open")
    public.set_defaults(command=_export_public)


def _new(arguments: argparse.Namespace) -> int:
    return _print_ids(ring.create(_file(arguments)), arguments)


def _list(arguments: argparse.Namespace) -> int:
    return _print_ids(ring.read(_file(arguments)), arguments)


def _rotate(arguments: argparse.Namespace) -> int:
    return _print_ids(ring.rotate(_file(arguments)), arguments)


def _export_public(arguments: argparse.Namespace) -> int:
    print(ring.public_text(ring.read(_file(arguments))), end="")
    return 0


def _file(arguments: argparse.Namespace) -> Path:
    return arguments.ring or config.read(arguments.config).keys.ring


def _print_ids(keys: ring.KeyRing, arguments: argparse.Namespace) -> int:
    if arguments.json:
        print(json.dumps({"primary": keys.primary, "keys": keys.ids}))
    else:
        for key_id in keys.ids:
            print(f"{key_id}{'  primary' if key_id == keys.primary else ''}")
    return 0
