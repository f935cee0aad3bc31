"""The whole edge: what it imports, and what it never says."""

import asyncio
import base64
import json
import logging
import subprocess
import sys
from typing import Any

import pytest
from multidict import CIMultiDict
from multidict import CIMultiDictProxy

from edge import upkeep
from edge.errors import Refusal
from edge.friends import NO_FRIENDS
from edge.friends import Friends
from edge.middleware import AccessLog
from edge.viewer import Viewer
from tests.edge.friends.fakes import STORE
from tests.edge.friends.fakes import Fga
from tests.edge.friends.fakes import Introspector
from tests.edge.friends.fakes import listening
from tests.edge.friends.fakes import told
from tests.fakes import PATH
from tests.fakes import World
from tests.fakes import real

FORBIDDEN = (
    "torch", "onnxruntime", "insightface", "precompute", "cv2", "numpy", "PIL", "sklearn", "skimage", "boto3", "botocore",
)  # fmt: skip


def test_imports_are_light() -> None:
    """Importing the edge pulls in no model runtime, no image library, no cloud's and nothing of the upload job."""
    code = "import sys, json, edge.app, edge.serve, edge.__main__; print(json.dumps(sorted(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    roots = {name.partition(".")[0] for name in json.loads(found.stdout)}
    assert roots.isdisjoint(FORBIDDEN)
    assert "edge" in roots


async def test_canaries(world: World, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    """No token, friend, key or patch is in any log, output, error body, cache file or catalog file, whatever happens."""
    caplog.set_level(logging.DEBUG)
    world.configure({"cache": {"disk_folder": "cache"}}, access_log=True)
    made = await world.publish({1: "u-red", 2: "u-canary"}, rules={"u-red": "friends"})
    await world.start()
    token = world.issuer.token("u-viewer-canary", friends=["u-red", "u-friend-canary"])
    for sent in (token, token[:-1], token + "=", "x" * 9_000):
        await world.get(token=sent)
        await world.get("/unknown.jpg", token=sent)
        await world.get(f"{PATH}?token={sent}", token=sent)
        await world.get("/-/ready", token=sent)
        await world.raw(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sent}\x01\r\n\r\n".encode())
        await world.raw(f"BREW {PATH} HTTP/1.1\r\nHost: x\r\nCookie: __Host-mfmc={sent}\r\n\r\n".encode())
    world.origin_file(made, 1).write_bytes(b"damaged")
    world.clock.now += 5
    await world.get(token=token)
    world.origin_file(made, 0).unlink()
    secrets = [token, token[-30:], "u-viewer-canary", "u-friend-canary", real(1)[:20].decode()]
    for key in made.secrets:
        secrets += [key.hex(), base64.b64encode(key).decode().rstrip("="), repr(key)]
    out = capfd.readouterr()
    text = caplog.text + out.out + out.err
    for record in caplog.records:
        text += json.dumps(record.__dict__, default=repr)
    for secret in secrets:
        assert secret not in text
    files = [file for file in world.folder.rglob("*") if file.is_file() and file.name not in ("ring.toml", "config.toml")]
    for file in files:
        content = file.read_bytes()
        for raw in (*made.secrets, token.encode(), real(1), b"u-viewer-canary", b"u-friend-canary"):
            assert raw not in content, file.name


async def test_canaries_of_kept_tokens(
    world: World, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """A token that is kept for introspection is sent there, and is in nothing else that leaves the process."""
    caplog.set_level(logging.DEBUG)
    endpoint = Introspector(friends={})
    token = world.issuer.token("u-viewer-canary")
    endpoint.instead = told({"active": True, "sub": "u-viewer-canary", "friends": ["u-friend-canary"]})
    (world.folder / "client.secret").write_text("secret-canary")
    (world.folder / "client.secret").chmod(0o600)
    async with listening(endpoint):
        table = {"url": f"{endpoint.url}/introspect", "client_id": "edge", "secret_file": "client.secret"}
        friends = {"source": "introspection", "introspection": table}
        world.configure({"cache": {"disk_folder": "cache"}}, access_log=True, friends=friends)
        made = await world.publish({1: "u-friend-canary"}, rules={"u-friend-canary": "friends"})
        await world.start()
        for sent in (token, token[:-1], token + "="):
            await world.get(token=sent)
            await world.get("/unknown.jpg", token=sent)
        assert world.app is not None
        headers = CIMultiDictProxy(CIMultiDict(Authorization=f"Bearer {token}"))
        viewer = await world.app.view.decisions.viewers.identify(headers, world.clock.now)
        owners = frozenset({"u-friend-canary", "u-other"})
        assert await world.app.view.decisions.acquaintance._source.among(viewer, owners, world.clock.now) == {"u-friend-canary"}
        endpoint.instead = told({"active": "canary"})
        assert await world.app.view.decisions.acquaintance._source.among(viewer, owners, world.clock.now + 60) == frozenset()
    assert token.encode() in endpoint.asked[0]["body"]
    out = capfd.readouterr()
    text = caplog.text + out.out + out.err + repr(viewer) + repr(world.app.view.decisions.viewers._remembered._entries)
    for record in caplog.records:
        text += json.dumps(record.__dict__, default=repr)
    assert "friends cannot be told" in text
    for secret in (token, token[-30:], "canary", base64.b64encode(b"edge:secret-canary").decode()):
        assert secret not in text
    for file in (file for file in (world.folder / "cache").rglob("*") if file.is_file()):
        assert token.encode() not in file.read_bytes()
    assert made.photo.faces


async def test_faults_of_ours_tell_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """An exception nobody expected is a fixed 500; its text and traceback go nowhere."""
    await world.publish({1: "u-red"})
    await world.start()
    assert world.app is not None

    async def breaks(path: str, now: float) -> Any:
        raise RuntimeError("canary-text")

    object.__setattr__(world.app.view.decisions, "photos", type("Broken", (), {"find": staticmethod(breaks)}))
    seen = await world.get(token=world.issuer.token("u-red"))
    assert (seen.status, seen.body) == (500, f"{Refusal.sentence}\n".encode())
    assert seen.headers["Cache-Control"] == "no-store"
    assert "canary-text" not in caplog.text
    assert "RuntimeError" in caplog.text
    assert (await world.get("/-/health")).status == 200


async def test_access_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A line holds the six allowed fields and nothing else; without the setting there is none."""
    caplog.set_level(logging.INFO, "mfmc.access")
    world.configure({}, access_log=True)
    made = await world.publish({1: "u-red"})
    await world.start()
    await world.get(token=world.issuer.token("u-red"))
    await world.get("/-/health", method="HEAD")
    await world.get("/nope.jpg?secret=1&dpr=2&w=320", method="DELETE")
    await world.raw(b"BREW / HTTP/1.1\r\n\r\n")
    lines = [record.args for record in caplog.records if record.name == "mfmc.access"]
    assert [set(line) for line in lines] == [{"method", "kind", "rendition", "status", "bytes", "ms"}] * 4
    told = [(line["method"], line["kind"], line["status"], line["bytes"]) for line in lines]
    assert told[0] == ("GET", "picture", 200, len(made.base))
    assert [entry[:3] for entry in told[1:]] == [("HEAD", "own", 200), ("DELETE", "picture", 405), ("other", "picture", 400)]
    assert [line["rendition"] for line in lines] == ["", "", "w=640", ""]
    texts = [record.getMessage().partition(":")[0] for record in caplog.records if record.name == "mfmc.access"]
    assert texts == ["GET picture", "HEAD own", "DELETE picture w=640", "other picture"]
    assert AccessLog(logging.getLogger("mfmc.access"), "").enabled


async def test_no_access_log_by_default(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Without the setting, no request leaves a line."""
    caplog.set_level(logging.DEBUG, "mfmc")
    await world.publish({1: "u-red"})
    await world.start()
    await world.get()
    assert not [record for record in caplog.records if record.name.startswith("mfmc")]


async def test_many_viewers_at_once(world: World) -> None:
    """Requests that run at the same time, for one photo, never share a decision."""
    owners: dict[int, str | None] = {slot: f"u-{slot}" for slot in range(4)}
    made = await world.publish(owners, rules={f"u-{slot}": "friends" for slot in owners})
    await world.start()
    wanted = [frozenset(slot for slot in owners if number >> slot & 1) for number in range(16)] * 8
    tokens = [world.issuer.token("u-eve", friends=[f"u-{slot}" for slot in some], jti=i) for i, some in enumerate(wanted)]
    seen = await asyncio.gather(*(world.get(token=token) for token in tokens))
    for some, answer in zip(wanted, seen, strict=True):
        assert answer.body == made.seen(*some)


async def test_republished_while_serving(world: World) -> None:
    """A new version replaces the old one for everyone within seconds, and its variants never mix."""
    first = await world.publish({1: "u-red"}, mark=b"first")
    await world.start()
    token = world.issuer.token("u-red")
    assert (await world.get(token=token)).body == first.seen(1, mark=b"first")
    second = await world.publish({1: "u-red", 2: "u-blue"}, mark=b"second")
    for which in (0, 1):
        world.origin_file(first, which).unlink()
    assert (await world.get(token=token)).body == first.seen(1, mark=b"first")
    world.clock.now += 5
    assert (await world.get(token=token)).body == second.seen(1, mark=b"second")
    assert (await world.get()).body == second.base


async def test_swept_while_remembered(world: World) -> None:
    """A version that was replaced and swept while its row was still remembered costs nobody the picture."""
    first = await world.publish({1: "u-red"})
    await world.start()
    assert (await world.get(method="HEAD", If_None_Match="*")).status == 304  # remembers the row and fetches nothing
    second = await world.publish({1: "u-red"}, mark=b"second")
    world.origin_file(first, 0).unlink()
    assert (await world.get()).body == second.base
    world.origin_file(second, 0).unlink()
    assert (await world.get()).body == second.base


def test_nothing_of_a_viewer_is_printed() -> None:
    """Values that hold people have a blind repr."""
    assert "u-red" not in repr(Viewer("u-red", 1.0, Friends.listed(["u-red"])))


async def test_keys_and_friends_leave_an_idle_edge(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Face keys and a viewer's friends are let go of when their time is over, although nobody asks again."""
    monkeypatch.setattr(upkeep, "SECONDS", 0.01)
    await world.publish({1: "u-red"}, rules={"u-red": "friends"})
    await world.start()
    await world.get(token=world.issuer.token("u-eve", friends=["u-red"]))
    plans, viewers = world.app.view.plans._plans, world.app.view.decisions.viewers._remembered
    assert (len(plans), len(viewers)) == (1, 1)
    world.clock.now += 100_000
    async with asyncio.timeout(20):
        while len(plans) or len(viewers):  # noqa: ASYNC110 - a timer lets go, and tells nobody
            await asyncio.sleep(0.01)


async def test_lists_of_friends_leave_an_idle_edge(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a source of friends was told is let go of as well."""
    monkeypatch.setattr(upkeep, "SECONDS", 0.01)
    async with listening(Fga(friends={"u-eve": ["u-red"]})) as store:
        world.configure({}, friends={"source": "openfga", "openfga": {"url": store.url, "store": STORE}})
        await world.start()
        assert world.app is not None
        viewer = Viewer("u-eve", world.clock.now + 60, NO_FRIENDS)
        source = world.app.view.decisions.acquaintance._source
        assert await source.among(viewer, frozenset({"u-red"}), world.clock.now) == {"u-red"}
        known = source._directory._known
        assert len(known) == 1
        world.clock.now += 100_000
        async with asyncio.timeout(20):
            while len(known):  # noqa: ASYNC110 - a timer lets go, and tells nobody
                await asyncio.sleep(0.01)
