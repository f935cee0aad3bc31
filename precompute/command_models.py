"""``mfmc-precompute models`` and ``doctor``: what is here, what is missing, and the one command that mends it."""

import argparse
import json
import sys

from precompute import config
from precompute import doctor as examination
from precompute import models as registry


def models(arguments: argparse.Namespace) -> int:
    """``pull``, ``list`` or ``verify``."""
    store = _store(config.own_or_defaults(arguments.config))
    if arguments.action == "pull":
        found = registry.pull(store, arguments.names, _progress)
    else:
        found = registry.statuses(store, arguments.names)
    for status in found:
        print(json.dumps(_row(status)) if arguments.json else _line(status))
    usable = all(status.state in ("shipped", "cached", "mirrored") for status in found)
    return 0 if usable or arguments.action == "list" else 1


def doctor(arguments: argparse.Namespace) -> int:
    """Every check with its mend; 1 if one failed."""
    own = config.own_or_defaults(arguments.config)
    checks = examination.report(own.faces, _store(own), said=own.disclosure)
    for check in checks if arguments.json else ():
        print(json.dumps({"name": check.name, "ok": check.ok, "detail": check.detail, "mend": check.mend}))
    if not arguments.json:
        print("\n".join(examination.lines(checks)))
    return 0 if all(check.ok for check in checks) else 1


def _store(own: config.Precompute) -> registry.ModelStore:
    return registry.ModelStore(own.models.cache_folder, own.models.mirror_folder)


def _progress(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{what}: {done * 100 // max(1, total)} %", end="\n" if done >= total else "", file=sys.stderr, flush=True)


def _row(status: registry.Status) -> dict[str, object]:
    model = status.model
    return {
        "name": model.name,
        "role": model.role,
        "state": status.state,
        "place": None if status.place is None else str(status.place),
        "licence": model.licence,
        "sha256": model.sha256,
        "url": model.url,
    }


def _line(status: registry.Status) -> str:
    return f"{status.model.name:<38} {status.model.role:<11} {status.state:<9} {status.model.licence}"
