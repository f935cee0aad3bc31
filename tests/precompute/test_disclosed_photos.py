"""Sealed by the command, published, and asked for through a real edge: who gets the manifest, and who must not."""

import asyncio
import time

import numpy as np
import pytest

from edge.catalog import Catalog
from edge.config import Policy
from precompute import command_seal
from precompute import disclosure
from precompute import pipeline
from precompute.claims import Claim
from precompute.config import Config
from precompute.config import Precompute
from precompute.settings import DisclosureConfig
from tests import pictures
from tests.fakes import PATH
from tests.fakes import World
from tests.fakes import set_rule
from tests.precompute import manifests
from tests.precompute.certified import Compares
from tests.precompute.certified import certified
from tests.precompute.certified import change
from tests.precompute.certified import states
from tests.precompute.chains import chain
from tests.precompute.flat import FlatFaces
from tests.precompute.shop import Shop

CHAIN = chain()
BOXES = ((20, 30, 50, 64), (120, 20, 40, 52))
DATA = pictures.jpeg(pictures.texture(320, 200))


@pytest.fixture
async def disclosed(world: World) -> World:
    """A photo of u-red and u-blue with a manifest."""
    CHAIN.write(world.folder)
    config = DisclosureConfig(
        enabled=True, certificate_file=world.folder / "signer.pem", key_file=world.folder / "signer.key"
    )
    marker = disclosure.configured(config, time.time())
    claims = (Claim((40, 60), "u-red"), Claim((140, 40), "u-blue"))
    sealing = pipeline.prepare(DATA, pipeline.Tools(FlatFaces(BOXES), marker=marker), claims, bytes(32))
    settings = world.settings
    job = Config(Precompute(), settings.catalog.url, settings.keys, world.folder / "origin", 1 << 24, Policy())
    await asyncio.to_thread(pipeline.release, sealing, PATH, job, world.keys)
    await world.start()
    return world


async def test_who_gets_the_manifest(disclosed: World) -> None:
    """The base holds in a C2PA reader, as the edge gives it and as it lies at the origin; an answer with a real face has none."""
    seen = await disclosed.get()
    assert manifests.read(seen.body, CHAIN.root)["validation_state"] == "Trusted"
    assert seen.headers["Mfmc-Faces"] == "synthetic"
    assert (disclosed.folder / "origin" / PATH[1:]).read_bytes() == seen.body
    base = pictures.by_opencv(seen.body)
    for owner, (x, y, w, h) in zip(("u-red", "u-blue"), BOXES, strict=True):
        own = await disclosed.get(token=disclosed.issuer.token(owner))
        assert manifests.absent(own.body)
        assert own.headers["Mfmc-Faces"] == "synthetic"
        shown = pictures.by_opencv(own.body)
        assert not np.array_equal(shown[y : y + h, x : x + w], base[y : y + h, x : x + w])


async def test_all_faces_shown(disclosed: World) -> None:
    """Who sees every face gets the upload's pixels, and nothing is said of synthetic ones."""
    async with Catalog.open(disclosed.settings.catalog.url) as catalog:
        await set_rule(catalog, "u-blue", "everyone")
    seen = await disclosed.get(token=disclosed.issuer.token("u-red"))
    assert np.array_equal(pictures.by_opencv(seen.body), pictures.by_opencv(DATA))
    assert manifests.absent(seen.body)
    assert "Mfmc-Faces" not in seen.headers


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(command_seal.Anonymiser, "load", lambda *_: FlatFaces(BOXES))
    folder = tmp_path_factory.mktemp("shop")
    return Shop(folder, CHAIN.write(folder))


def test_sealed_by_the_command(shop: Shop) -> None:
    """With the table in the configuration, `seal` publishes photos with manifests."""
    assert shop.seal(shop.photo("one.jpg"), shop.photo("two.jpg")) == 0
    for name in ("one.jpg", "two.jpg"):
        assert manifests.read((shop.folder / "origin" / name).read_bytes(), CHAIN.root)["validation_state"] == "Trusted"


def test_measured_again(tmp_path_factory: pytest.TempPathFactory, compares: Compares, capsys: pytest.CaptureFixture[str]) -> None:
    """The certificate is about the base with its manifest, and `certify` opens it like any other."""
    folder = tmp_path_factory.mktemp("shop")
    shop = Shop(folder, CHAIN.write(folder))
    assert shop.seal(shop.photo("one.jpg")) == 0
    _, line = certified(shop, capsys)
    assert states(line) == ["unsigned", "unsigned"]


def test_resealed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new base has a manifest of its own, which speaks of the fake of an erased face too, and not of the new fills alone."""
    assert shop.seal(shop.photo("one.jpg")) == 0
    change(shop, "UPDATE face SET wrapped_key = NULL WHERE slot = 1")
    monkeypatch.setattr(command_seal.Anonymiser, "load", lambda *_: FlatFaces(BOXES, refused=(99, 99)))
    assert shop.run("reseal", "/one.jpg", "--force") == 0
    found = manifests.read((shop.folder / "origin" / "one.jpg").read_bytes(), CHAIN.root)
    assert found["validation_state"] == "Trusted"
    actions = manifests.active(found)["assertions"][0]["data"]["actions"]
    assert {each["digitalSourceType"].rsplit("/")[-1] for each in actions} == {"compositeWithTrainedAlgorithmicMedia"}


def test_a_base_with_a_manifest_is_refused_as_an_upload(shop: Shop) -> None:
    """What sealing made is known again by its hash, the manifest included."""
    assert shop.seal(shop.photo("one.jpg")) == 0
    assert shop.seal(str(shop.folder / "origin" / "one.jpg")) == 1


def test_refused_before_a_photo_is_read(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A key that others can read stops the job, and nothing is published without a manifest."""
    (shop.folder / "signer.key").chmod(0o644)
    assert shop.seal(shop.photo("one.jpg")) == 1
    assert "chmod 600" in capsys.readouterr().err
    assert shop.published() == []
