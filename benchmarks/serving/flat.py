"""What a request costs by the size of the catalog, by the number of the viewer's friends, and by the faces that are granted."""

from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import numpy as np

from benchmarks.report import Figures
from benchmarks.serving.cold import AT_HAND
from benchmarks.serving.cold import FORGETFUL
from benchmarks.serving.load import Case
from benchmarks.serving.load import Rounds
from benchmarks.serving.machine import running
from benchmarks.serving.many import Many
from benchmarks.serving.many import origin
from benchmarks.serving.photos import THUMBNAIL
from benchmarks.serving.photos import Sample
from benchmarks.serving.photos import sample
from benchmarks.serving.site import Site
from edge.render import sealed
from edge.render import splice

FEW_PHOTOS = 1_000
ASKED = 900
FEW_FRIENDS, MANY_FRIENDS = 10, 5_000
FACES = (0, 1, 5, 10, 15, 20)
BY_REFERENCE = '[edge.friends]\nsource = "reference"\n[edge.friends.reference]\nurl = "{address}/"\n'


def by_catalog(folder: Path, rounds: int, seconds: int, photos: int) -> Figures:
    """Requests per second for photos that are not remembered, of ``photos`` in the catalog over those of a thousand."""
    base = sample("/any.jpg", THUMBNAIL).made.base
    found: Figures = {"catalog_photos": photos}
    with ExitStack() as stack:
        cases = []
        for name, count in (("catalog_small", FEW_PHOTOS), ("catalog_large", photos)):
            many = Many.create(folder / name, count, ASKED, base)
            address = stack.enter_context(origin(folder / f"nginx-{name}", many.site.folder / "origin"))
            forgetful = FORGETFUL.format(memory=AT_HAND)
            edge = stack.enter_context(many.site.edge(origin=f'url = "{address}"', more=forgetful))
            many.fetch_all(edge, base)
            cases.append(Case(name, edge, many.path, base.__eq__, script=many.paths))
        rates = Rounds(cases, rounds, seconds)
    found |= {f"{case.name}_per_second": rates.rate(case.name) for case in cases}
    return found | {"catalog_large_vs_small": rates.ratio("catalog_large", "catalog_small")}


def by_friends(folder: Path, rounds: int, seconds: int) -> Figures:
    """Requests per second of a viewer with thousands of friends over those of one with ten; both lists are signed and fetched."""
    photo = sample("/small.jpg")
    site = Site.create(folder / "site", [photo])
    (folder / "lists").mkdir()
    with ExitStack() as stack:
        lists = {name: count for name, count in (("friends_few", FEW_FRIENDS), ("friends_many", MANY_FRIENDS))}
        for name, count in lists.items():
            friends = [*photo.owners, *(f"u-friend-{number:08d}" for number in range(count - len(photo.owners)))]
            (folder / "lists" / name).write_bytes(site.listed(friends, f"v-{name}", "1"))
        host = stack.enter_context(running("benchmarks.serving.yardsticks", "bare", str(folder / "lists")))
        edge = stack.enter_context(site.edge(more=BY_REFERENCE.format(address=host.address)))
        original = photo.made.skeleton.__eq__
        tokens = {name: site.token(viewer=f"v-{name}", friends_ref=name, friends_version="1") for name in lists}
        rates = Rounds([Case(name, edge, photo.path, original, tokens[name]) for name in lists], rounds, seconds)
    found: Figures = {f"{name}_per_second": rates.rate(name) for name in lists}
    return found | {"friends_many_vs_few": rates.ratio("friends_many", "friends_few")}


def by_faces(folder: Path, rounds: int, seconds: int) -> Figures:
    """Microseconds per request by faces granted, and how far they are from a straight line over the bytes of patches."""
    photo = sample("/crowd.jpg", faces=max(FACES))
    site = Site.create(folder / "site", [photo])
    plans = {count: _plan(photo, count) for count in FACES}
    with site.edge() as edge:
        cases = [
            Case(f"faces_{count}", edge, photo.path, splice.reveal(plan).__eq__, site.token(photo.owners[:count]))
            for count, plan in plans.items()
        ]
        rates = Rounds(cases, rounds, seconds)
    found: Figures = {f"{case.name}_us": round(1e6 / rates.rate(case.name), 1) for case in cases}
    patches = np.array([plan.cutter.size for plan in plans.values()]) / 1000
    times = np.array([found[f"{case.name}_us"] for case in cases])
    slope, start = np.polyfit(patches, times, 1)
    bent = np.abs(times / (start + slope * patches) - 1).max()
    return found | {
        "faces_patches_kb": float(patches[-1]), "faces_us_per_kb": round(float(slope), 4), "faces_bend": round(float(bent), 3),
    }  # fmt: skip


def _plan(photo: Sample, count: int) -> splice.Plan:
    """What shows the first so many faces."""
    made = photo.made
    read = sealed.parse(
        made.sidecar, made.directory_key, photo_id=made.photo_id, version=made.version,
        base_sha256=sha256(made.base).digest(), base_size=len(made.base),
    )  # fmt: skip
    return splice.plan(made.base, read, {slot: made.face_keys[slot] for slot in made.slots[:count]})
