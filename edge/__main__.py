"""``mfmc-edge``: serve photos, keep the key ring, set a user's rule. Data on stdout, one-line errors on stderr."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from edge import address
from edge import command_keys
from edge import config
from edge.errors import ConfigError
from edge.errors import KeyRingError
from edge.errors import NotFound
from edge.errors import Unavailable
from edge.friends import is_user
from edge.keys.opening import open_keys

EXAMPLES = """examples:
  mfmc-edge keys new                            make the key ring that config.toml names
  mfmc-edge keys rotate                         a new key wraps from now on; the old ones still open
  mfmc-edge check                               is config.toml usable?
  mfmc-edge serve --workers 4                   answer until SIGTERM
  mfmc-edge rule u-red friends                  u-red's friends see u-red, on every photo
  mfmc-edge rule u-red nobody --photo /t1.jpg   but not on this one
"""


def main(argv: Sequence[str]) -> int:
    """Run one command; 0 when it worked, 1 when it did not, 2 (from argparse) when it was not understood."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.command(arguments))
    except (ConfigError, KeyRingError) as error:
        print(f"mfmc-edge: {error}", file=sys.stderr)
    except Unavailable:
        print("mfmc-edge: catalog.url: cannot be read or written", file=sys.stderr)
    except NotFound:
        print("mfmc-edge: --photo: is not a photo's path, such as /2026/t1.jpg", file=sys.stderr)
    return 1


def run() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))


def _parser() -> argparse.ArgumentParser:
    shown = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(
        "mfmc-edge", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, default=Path("config.toml"), metavar="FILE", help="the configuration")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", parents=[common], formatter_class=shown, help="answer requests")
    serve.add_argument("--workers", type=int, metavar="N", help="processes; instead of edge.workers")
    serve.set_defaults(command=_serve)
    check = commands.add_parser("check", parents=[common], formatter_class=shown, help="check the configuration")
    check.set_defaults(command=_check)
    command_keys.add(commands.add_parser("keys", help="make, rotate or look at the key ring"), common)
    rule = commands.add_parser("rule", parents=[common], formatter_class=shown, help="say who may see a user")
    rule.add_argument("user", metavar="USER")
    rule.add_argument("rule", choices=("nobody", "friends", "everyone"))
    rule.add_argument("--photo", metavar="PATH", help="only on this photo")
    rule.set_defaults(command=_rule)
    return parser


def _serve(arguments: argparse.Namespace) -> int:
    from edge.serve import serve  # the other commands start faster without the server

    settings = _usable(arguments)
    workers = settings.edge.workers if arguments.workers is None else arguments.workers
    if not 1 <= workers <= 256:
        raise ConfigError("--workers: must be 1 to 256")
    return serve(settings, workers)


def _check(arguments: argparse.Namespace) -> int:
    _usable(arguments)
    print(f"{arguments.config}: usable")
    return 0


def _usable(arguments: argparse.Namespace) -> config.Config:
    """The configuration, once it and the key service it describes have been found good."""
    settings = config.load(arguments.config)
    asyncio.run(_open_keys(settings))
    return settings


async def _open_keys(settings: config.Config) -> None:
    async with open_keys(settings.keys):
        pass


def _rule(arguments: argparse.Namespace) -> int:
    if not is_user(arguments.user):
        raise ConfigError("USER: 1 to 128 letters, digits and _.:@-")
    path = None if arguments.photo is None else address.parse(arguments.photo)
    url = config.read(arguments.config).catalog.url
    if not asyncio.run(_set_rule(url, arguments.user, arguments.rule, path)):
        raise ConfigError(f"{arguments.user} has no face on that photo")
    return 0


async def _set_rule(url: str, user: str, rule: str, path: str | None) -> bool:
    from edge.catalog import Catalog

    async with Catalog.open(url) as catalog:
        if path is not None:
            return await catalog.set_override(path, user, rule)
        await catalog.set_rule(user, rule)
        return True


if __name__ == "__main__":
    run()
