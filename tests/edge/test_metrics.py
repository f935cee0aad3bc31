"""Metrics: what is counted, over all workers, and that no label tells of a person, a photo or a face."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge.errors import Conflict
from edge.errors import KeyServiceFailed
from edge.errors import OriginFailed
from edge.errors import OriginTimeout
from edge.errors import Unavailable
from edge.metrics import Metrics
from edge.watch import Watch
from tests.fakes import World

WORDS = {
    "kind": {"picture", "own", "control"},
    "credentials": {"none", "good", "bad", "url"},
    "granted": {"none", "some", "all"},
    "answer": {"base", "spliced", "unchanged", "withheld"},
    "step": {"catalog", "origin", "keys", "friends", "disk"},
    "outcome": {"ok", "failed", "timeout", "done", "refused"},
    "cache": {"files", "disk", "catalog", "keys", "plans", "scaled"},
    "state": {"busy", "waiting"},
}


def samples(text: str) -> dict[str, float]:
    """Each sample by its name and labels, as they are written."""
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in lines if "_created" not in name}


def told(world: World) -> dict[str, float]:
    """The samples of a running edge."""
    assert world.app is not None
    return samples(world.app.view.metrics.text().decode())


def pictures(found: dict[str, float]) -> dict[tuple[str, ...], float]:
    """Pictures by credentials, granted and answer."""
    entries = {name: value for name, value in found.items() if name.startswith("mfmc_pictures_total{")}
    order = ("credentials", "granted", "answer")
    return {
        tuple(re.search(f'{label}="([^"]*)"', name)[1] for label in order): value for name, value in entries.items()  # type: ignore[index]
    }


async def test_pictures(world: World) -> None:
    """Every picture is counted once: by its credentials, by how much was granted, and by what was sent."""
    await world.publish({1: "u-red", 2: "u-blue"}, rules={"u-red": "friends"})
    one = await world.publish({3: "u-red"}, "/one.jpg")
    await world.start()
    red = world.issuer.token("u-red")
    await world.get()
    await world.get(token="nonsense")
    await world.get(token=world.issuer.token("u-eve"))
    tag = (await world.get(token=red)).headers["ETag"]
    await world.get(token=red, If_None_Match=tag)
    await world.get("/one.jpg", token=red)
    world.origin_file(one, 1).write_bytes(b"damaged")
    world.clock.now += 10
    world.app.view.files._memory.drop(str(world.origin_file(one, 1).relative_to(world.folder / "origin")))  # type: ignore[union-attr]
    assert (await world.get("/one.jpg", token=red)).body == one.base
    await world.get("/none.jpg", token=red)
    assert pictures(told(world)) == {
        ("none", "none", "base"): 1, ("bad", "none", "base"): 1, ("good", "none", "base"): 1,
        ("good", "some", "spliced"): 1, ("good", "some", "unchanged"): 1,
        ("good", "all", "spliced"): 1, ("good", "all", "withheld"): 1,
    }  # fmt: skip


async def test_steps(world: World) -> None:
    """What a picture waits for is counted with its outcome and its time; what is remembered waits for nothing."""
    await world.publish({1: "u-red"})
    await world.start()
    token = world.issuer.token("u-red")
    await world.get(token=token)
    first = told(world)
    assert first['mfmc_step_seconds_count{outcome="ok",step="origin"}'] == 2
    assert first['mfmc_step_seconds_count{outcome="ok",step="keys"}'] == 1
    assert first['mfmc_step_seconds_count{outcome="ok",step="catalog"}'] >= 1
    await world.get(token=token)
    again = told(world)
    for step in ("origin", "keys", "catalog"):
        name = f'mfmc_step_seconds_count{{outcome="ok",step="{step}"}}'
        assert again[name] == first[name]
    await world.publish({1: "u-red"}, "/two.jpg")
    for file in (world.folder / "origin").glob("two*"):
        file.unlink()
    assert (await world.get("/two.jpg")).status == 502
    assert told(world)['mfmc_step_seconds_count{outcome="failed",step="origin"}'] >= 1


async def test_caches(world: World) -> None:
    """Hits, misses and bytes of the caches, the disk's included."""
    world.configure({"cache": {"disk_folder": "cache"}})
    made = await world.publish({1: "u-red"})
    await world.start()
    for _ in range(3):
        await world.get()
    found = told(world)
    assert found['mfmc_cache_misses_total{cache="files"}'] == 1
    assert found['mfmc_cache_hits_total{cache="files"}'] == 2
    assert found['mfmc_cache_misses_total{cache="disk"}'] == 1
    assert found['mfmc_cache_hits_total{cache="catalog"}'] >= 2
    assert found['mfmc_cache_bytes{cache="files"}'] == len(made.base)
    disk = world.app.view.files._cache  # type: ignore[union-attr]
    assert await disk.size() > len(made.base)


def test_scaling() -> None:
    """The pool's gauge says how many threads are at work and how many pictures wait now; refusals add up."""
    metrics = Metrics()
    metrics.scaling.threads, metrics.scaling.taken, metrics.scaling.refused = 2, 5, 7
    for _ in range(2):
        found = samples(metrics.text().decode())
        assert found['mfmc_scaling_pictures{state="busy"}'] == 2
        assert found['mfmc_scaling_pictures{state="waiting"}'] == 3
        assert found["mfmc_scaling_refused_total"] == 7
    metrics.scaling.taken = 1
    found = samples(metrics.text().decode())
    assert (found['mfmc_scaling_pictures{state="busy"}'], found['mfmc_scaling_pictures{state="waiting"}']) == (1, 0)


async def test_nothing_social_in_labels(world: World) -> None:
    """Labels are words of this program: no path, no user, no count of faces, whatever is asked."""
    await world.publish({1: "u-red", 2: "u-blue", 3: None}, rules={"u-red": "everyone"})
    await world.start()
    for user in ("u-red", "u-blue", "u-canary"):
        await world.get(token=world.issuer.token(user))
        await world.get(f"/{user}.jpg", token=world.issuer.token(user))
        await world.get(f"/-/{user}")
    found = told(world)
    assert any(name.startswith("mfmc_step") for name in found)
    for name in found:
        for label, value in re.findall(r'(\w+)="([^"]*)"', name):
            if label == "le":
                continue
            assert value.isdigit() if label == "status" else value in WORDS[label], name
    assert not re.search(r"u-|jpg|photos", world.app.view.metrics.text().decode())  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "ok"), (Conflict(), "ok"), (KeyError("x"), "ok"), (OriginTimeout(), "timeout"), (TimeoutError(), "timeout"),
        (OriginFailed(), "failed"), (Unavailable(), "failed"), (KeyServiceFailed(), "failed"), (ConnectionError(), "failed"),
    ],
)  # fmt: skip
def test_outcomes(error: Exception | None, outcome: str) -> None:
    """A refusal of the caller's is no failure of what was asked, and an error goes on as it was."""
    watch = Watch(Metrics())
    if error is None:
        with watch.step("keys"):
            pass
    else:
        with pytest.raises(type(error)) as raised, watch.step("keys"):
            raise error
        assert raised.value is error
    assert samples(watch.metrics.text().decode())[f'mfmc_step_seconds_count{{outcome="{outcome}",step="keys"}}'] == 1


WORKERS = """
import os, sys
from edge import metrics
metrics.share(sys.argv[1])
pids = []
for number in range(3):
    pid = os.fork()
    if pid == 0:
        own = metrics.Metrics()
        own.running = 5
        own.tallies["files"].hits = number
        for _ in range(number + 1):
            own.picture("none", "none", "base")
        own.settle()
        os._exit(0)
    pids.append(pid)
for pid in pids:
    os.waitpid(pid, 0)
    metrics.ended(pid)
own = metrics.Metrics()
own.running = 2
print(own.text().decode())
"""


def test_workers_are_summed(tmp_path: Path) -> None:
    """Whichever worker is asked tells of all; what ended ones counted stays, and what they were doing does not."""
    found = subprocess.run(
        [sys.executable, "-c", WORKERS, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    told = samples(found.stdout)
    assert told['mfmc_pictures_total{answer="base",credentials="none",granted="none"}'] == 6
    assert told['mfmc_cache_hits_total{cache="files"}'] == 3
    assert told["mfmc_requests_running"] == 2


def test_caches_are_counted_once() -> None:
    """Telling twice does not count twice."""
    own = Metrics()
    own.tallies["plans"].count(True)
    own.tallies["plans"].count(False)
    own.settle()
    own.tallies["plans"].count(True)
    found = samples(own.text().decode())
    assert found['mfmc_cache_hits_total{cache="plans"}'] == 2
    assert found['mfmc_cache_misses_total{cache="plans"}'] == 1
