"""``mfmc-edge keys``: make, list and rotate the key ring, and export its public halves; never prints a key."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from edge import config
from edge.errors import ConfigError
from edge.keys import ring
from edge.keys.opening import open_keys
from edge.keys.rewrap import Progress
from edge.keys.rewrap import rewrap
from edge.keys.wrapped import is_key_id

EXAMPLES = """examples:
  mfmc-edge keys rotate                       a new key wraps from now on; copy the ring to the other edges
  mfmc-edge keys rewrap                       everything wrapped by older keys is wrapped by the new one
  mfmc-edge keys retire k-5f0c1a2b            and the old key is gone; `mfmc-edge keys list` shows which there are
  mfmc-edge keys new --urls                   keys of their own, for signed URLs (edge.urls.key_file)
  mfmc-edge keys export-public > public.toml  an upload machine with keys.ring = "public.toml" seals and opens nothing
"""


def add(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """The subcommands; each takes what ``common`` takes, and where the ring lies."""
    parser.epilog, parser.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    where = argparse.ArgumentParser(add_help=False, parents=[common])
    where.add_argument("--ring", type=Path, metavar="FILE", help="the key ring; instead of keys.ring")
    told = argparse.ArgumentParser(add_help=False, parents=[where])
    told.add_argument("--urls", action="store_true", help="the keys of signed URLs, edge.urls.key_file; instead of keys.ring")
    told.add_argument("--json", action="store_true", help="print JSON")
    new = commands.add_parser("new", parents=[told], help="make a key ring; never replaces one")
    new.set_defaults(command=_new)
    listing = commands.add_parser("list", parents=[told], help="print the keys' ids, never the keys")
    listing.set_defaults(command=_list)
    rotate = commands.add_parser("rotate", parents=[told], help="add a key that wraps from now on; the others still open")
    rotate.set_defaults(command=_rotate)
    rewrap = commands.add_parser("rewrap", parents=[common], help="wrap all keys of the catalog by the primary; resumes")
    rewrap.add_argument("--json", action="store_true", help="print JSON")
    rewrap.set_defaults(command=_rewrap)
    retire = commands.add_parser("retire", parents=[told], help="remove a key that wraps nothing in the catalog any more")
    retire.add_argument("key", metavar="KEY", help="its id, as `keys list` prints it")
    retire.set_defaults(command=_retire)
    public = commands.add_parser("export-public", parents=[where], help="print what lets an upload machine wrap, not open")
    public.set_defaults(command=_export_public)


def _new(arguments: argparse.Namespace) -> int:
    return _print_ids(ring.create(_file(arguments)), arguments)


def _list(arguments: argparse.Namespace) -> int:
    return _print_ids(ring.read(_file(arguments)), arguments)


def _rotate(arguments: argparse.Namespace) -> int:
    return _print_ids(ring.rotate(_file(arguments)), arguments)


def _rewrap(arguments: argparse.Namespace) -> int:
    done, left = asyncio.run(_rewrapped(config.read(arguments.config)))
    if arguments.json:
        print(json.dumps({"rewrapped": done.rewrapped, "overtaken": done.overtaken, "lost": done.lost, "left": left}))
    else:
        print(f"{done.rewrapped} keys wrapped anew, {left} left")
    if done.lost:
        print(f"mfmc-edge: {done.lost} wrapped keys do not open under any key at hand; they stay as they are", file=sys.stderr)
    return 1 if left else 0


async def _rewrapped(settings: config.Config) -> tuple[Progress, int]:
    from edge.catalog import Catalog  # the other commands start faster without a database
    from edge.catalog.rewrapping import WrappedKeys
    from edge.catalog.rewrapping import count

    async with Catalog.open(settings.catalog.url) as catalog, open_keys(settings.keys) as keys:
        store = WrappedKeys(catalog.database, keys.primary)
        total = await count(catalog.database, other_than=keys.primary)
        done = await rewrap(store, keys, keys, lambda so_far: _show(so_far, total))
        await catalog.database.forget_deleted()
        return done, await count(catalog.database, other_than=keys.primary)


def _show(done: Progress, total: int) -> None:
    """One line that counts up, where somebody is looking."""
    if sys.stderr.isatty():
        print(f"\r{done.rewrapped} of {total} keys", end="", file=sys.stderr, flush=True)


def _retire(arguments: argparse.Namespace) -> int:
    """Refuses while the catalog holds anything that the key wrapped: it would be lost for ever. URLs just end."""
    if arguments.key == ring.read(_file(arguments)).primary:
        raise ConfigError(f"{arguments.key} is the primary and wraps what is sealed now; first run: mfmc-edge keys rotate")
    held = 0 if arguments.urls else asyncio.run(_held(config.read(arguments.config), arguments.key))
    if held:
        raise ConfigError(f"{arguments.key} still wraps {held} keys of the catalog; run: mfmc-edge keys rewrap")
    return _print_ids(ring.retire(_file(arguments), arguments.key), arguments)


async def _held(settings: config.Config, key_id: str) -> int:
    from edge.catalog import Catalog
    from edge.catalog.rewrapping import count

    if not is_key_id(key_id):
        raise ConfigError("KEY: is not the id of a wrapping key")
    async with Catalog.open(settings.catalog.url) as catalog:
        return await count(catalog.database, key_id)


def _export_public(arguments: argparse.Namespace) -> int:
    print(ring.public_text(ring.read(_file(arguments))), end="")
    return 0


def _file(arguments: argparse.Namespace) -> Path:
    if arguments.ring is not None:
        return Path(arguments.ring)
    settings = config.read(arguments.config)
    if not getattr(arguments, "urls", False):
        return settings.keys.ring
    if settings.edge.urls is None:
        raise ConfigError("edge.urls.key_file: is not set; config.toml in the repository explains [edge.urls]")
    return settings.edge.urls.key_file


def _print_ids(keys: ring.KeyRing, arguments: argparse.Namespace) -> int:
    if arguments.json:
        print(json.dumps({"primary": keys.primary, "keys": keys.ids}))
    else:
        for key_id in keys.ids:
            print(f"{key_id}{'  primary' if key_id == keys.primary else ''}")
    return 0
