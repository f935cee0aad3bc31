"""The upload flow from bytes to what an edge can open: chosen, measured on what is published, sealed, released."""

import asyncio
import json
import os
import stat
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.catalog import Catalog
from edge.catalog import Photo
from edge.config import Policy
from edge.keys import ring
from edge.keys.envelope import wrap_context
from edge.keys.settings import Keys
from edge.origin import names
from edge.render import sealed as form
from edge.render import splice
from edge.render.settings import Sizes
from precompute import pipeline
from precompute.claims import Claim
from precompute.config import Config
from precompute.config import Precompute
from precompute.errors import NotExact
from precompute.errors import PublishFailed
from precompute.errors import Rejected
from precompute.jpeg.entropy import OutOfRange
from precompute.pipeline import Tools
from tests import pictures
from tests.precompute.flat import FlatFaces

PICTURE = pictures.texture(320, 200)
DATA = pictures.jpeg(PICTURE)
BOXES = ((20, 30, 50, 64), (140, 20, 40, 52))
PATH = "/2026/party.jpg"
NOW = 1_767_323_045.5


def prepared(data: bytes = DATA, anonymiser: FlatFaces | None = None, claims: tuple[Claim, ...] = ()) -> pipeline.Sealing:
    return pipeline.prepare(data, Tools(anonymiser or FlatFaces(BOXES)), claims, bytes(32))


def certified(sealing: pipeline.Sealing) -> Any:
    return json.loads(pipeline.certificate(sealing, NOW, None))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "origin").mkdir()
    ring.create(tmp_path / "ring.toml")
    url = f"sqlite+aiosqlite:///{tmp_path}/catalog.sqlite3"
    return Config(Precompute(), url, Keys(ring_file=tmp_path / "ring.toml"), tmp_path / "origin", 1 << 20, Policy())


def catalogued(config: Config) -> Photo:
    async def ask() -> Photo | None:
        async with Catalog.open(config.catalog_url) as catalog:
            return await catalog.photo(PATH)

    photo = asyncio.run(ask())
    assert photo is not None
    return photo


def shown(config: Config, *owners: str) -> bytes:
    """What the catalog, the ring and the origin's files give a viewer who may see these owners' faces."""
    photo, keys = catalogued(config), ring.read(config.keys.ring)
    base, sidecar = ((config.folder / name).read_bytes() for name in names(PATH, photo.version))

    def key(wrapped: bytes, slot: int | None) -> bytes:
        return keys.unwrap(wrapped, wrap_context(photo.photo_id, photo.version, slot))

    parsed = form.parse(
        sidecar, key(photo.wrapped_key, None), photo_id=photo.photo_id, version=photo.version,
        base_sha256=photo.base_sha256, base_size=photo.base_size,
    )  # fmt: skip
    face_keys = {face.slot: key(face.wrapped_key, face.slot) for face in photo.faces if face.owner in owners}
    return splice.reveal(splice.plan(base, parsed, face_keys))


def test_released(config: Config) -> None:
    """After release, each owner's key reveals that owner's face and both give the upload's pixels."""
    claims = (Claim((40, 60), "u-red"), Claim((160, 40), "u-blue"))
    pipeline.release(prepared(claims=claims), PATH, config, ring.read(config.keys.ring))
    base = pictures.by_opencv((config.folder / PATH[1:]).read_bytes())
    assert np.array_equal(pictures.by_opencv(shown(config, "u-red", "u-blue")), pictures.by_opencv(DATA))
    assert np.array_equal(pictures.by_opencv(shown(config)), base)
    red = pictures.by_opencv(shown(config, "u-red"))
    assert np.array_equal(red[:, :100], pictures.by_opencv(DATA)[:, :100])
    assert np.array_equal(red[:, 110:], base[:, 110:])


def test_renditions_are_published(config: Config) -> None:
    """Each rendition lies at the origin as the catalog has it; one of them is no upload for the photo's place."""
    tools = Tools(FlatFaces(BOXES), sizes=Sizes(renditions=(80, 160, 320, 640)))
    pipeline.release(pipeline.prepare(DATA, tools, (), bytes(32)), PATH, config, ring.read(config.keys.ring))
    photo = catalogued(config)
    assert [(each.width, each.height) for each in photo.renditions] == [(80, 50), (160, 100)]
    for each in photo.renditions:
        base, sidecar = ((config.folder / name).read_bytes() for name in names(PATH, photo.version, each.width))
        assert (sha256(base).digest(), len(base)) == (each.base_sha256, each.base_size)
        assert pictures.by_opencv(base).shape == (each.height, each.width, 3)
        assert sidecar.startswith(form.MAGIC)
        with pytest.raises(Rejected, match="smaller picture"):
            pipeline.known_id(config, PATH, base)
        assert pipeline.known_id(config, "/other.jpg", base) is None
    assert pipeline.known_id(config, PATH, DATA) == photo.photo_id


def test_boxes_are_upright(config: Config) -> None:
    """The catalog's boxes are in the upright picture, whatever the stored orientation."""
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06" + bytes(6)
    pipeline.release(prepared(pictures.saved(PICTURE, exif=exif)), PATH, config, ring.read(config.keys.ring))
    photo = catalogued(config)
    assert (photo.width, photo.height) == (200, 320)
    assert sorted(face.box for face in photo.faces) == sorted(BOXES)
    base = pictures.by_opencv((config.folder / PATH[1:]).read_bytes())
    x, y, w, h = BOXES[0]
    inner = base[y + h // 4 : y + 3 * h // 4, x + w // 4 : x + 3 * w // 4].astype(int)
    assert inner.std((0, 1)).max() < 6


def test_republished(config: Config) -> None:
    """Sealing again keeps the photo's id, changes every key, and old files stay until the next time but one."""
    keys = ring.read(config.keys.ring)
    versions, ids = [], []
    for _ in range(3):
        known = pipeline.known_id(config, PATH, DATA)
        sealing = pipeline.prepare(DATA, Tools(FlatFaces(BOXES)), (), os.urandom(32), known)
        pipeline.release(sealing, PATH, config, keys)
        versions.append(sealing.sealed.version)
        ids.append(sealing.sealed.photo_id)
    assert len(set(ids)) == 1
    assert len(set(versions)) == 3
    assert catalogued(config).version == versions[-1]


def test_tries_until_it_passes() -> None:
    """A fake that a recogniser matches is replaced by the next, and the certificate is of the one published."""
    sealing = prepared(anonymiser=FlatFaces(BOXES, refused=(2, 0)))
    assert [fake.method for fake in sealing.replacement.fakes] == ["donor", "donor"]
    assert all(m.passed for measured in sealing.replacement.measured for m in measured)
    colours = [fake.pixels[0, 0].tolist() for fake in sealing.replacement.fakes]
    assert colours == [[80, 90, 140], [0, 90, 220]]


def test_opaque_in_the_end() -> None:
    """When no fake passes, the face gets the opaque fill, never its own pixels, and the certificate says what was measured."""
    sealing = prepared(anonymiser=FlatFaces(BOXES, refused=(99, 0)))
    assert [fake.method for fake in sealing.replacement.fakes] == ["opaque", "donor"]
    entries = {face["slot"]: face for face in certified(sealing)["faces"]}
    first = entries[sealing.sealed.slots[0]]
    assert first["generator"] == "opaque"
    assert [m["passed"] for m in first["recognisers"]] == [False]


def test_measured_on_what_is_published() -> None:
    """The picture given to the recognisers is, at the faces, pixel for pixel what the base decodes to."""
    anonymiser = FlatFaces(((16, 32, 64, 64), (144, 16, 48, 64)), refused=(1, 0))
    sealing = prepared(pictures.jpeg(PICTURE, "444"), anonymiser)
    assert np.array_equal(anonymiser.seen[-1][32:96, 16:80], pictures.by_opencv(sealing.sealed.base)[32:96, 16:80])


def test_certificate_holds_no_secret() -> None:
    """The certificate names recognisers and figures; no key, no donor, no embedding."""
    sealing = prepared()
    text = pipeline.certificate(sealing, NOW, None)
    assert set(json.loads(text)["faces"][0]) == {"slot", "generator", "seed_sha256", "recognisers", "choice"}
    choices = [face["choice"] for face in json.loads(text)["faces"]]
    rule = {"policy": "random-above-threshold", "similarity": "embedding", "threshold": 0.0}
    assert choices == [rule | {"candidates": fake.looked_at} for fake in sealing.replacement.fakes]
    assert "nobody.jpg" not in text
    assert sealing.sealed.directory_key.hex() not in text


@pytest.mark.parametrize("boxes", [(), BOXES], ids=["no-faces", "faces"])
def test_no_original_on_disk(config: Config, boxes: tuple[tuple[int, int, int, int], ...]) -> None:
    """No file that sealing leaves holds a 64-byte window of an original face's coded bytes."""
    sealing = prepared(anonymiser=FlatFaces(boxes))
    pipeline.release(sealing, PATH, config, ring.read(config.keys.ring))
    written = b"".join(file.read_bytes() for file in config.folder.parent.rglob("*") if file.is_file())
    parsed = form.parse(
        sealing.sealed.sidecar, sealing.sealed.directory_key, photo_id=sealing.sealed.photo_id,
        version=sealing.sealed.version, base_sha256=sha256(sealing.sealed.base).digest(), base_size=len(sealing.sealed.base),
    )  # fmt: skip
    opened = splice.plan(sealing.sealed.base, parsed, sealing.sealed.face_keys).opened
    originals = [box.open(group.ciphertext, group.context)[: group.length] for box, group in opened]
    assert bool(originals) == bool(boxes)
    assert not any(patch[at : at + 64] in written for patch in originals for at in range(0, len(patch) - 64, 32))
    assert sealing.sealed.directory_key not in written
    assert not any(key in written for key in sealing.sealed.face_keys.values())


def test_no_temporary_copy_of_the_upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading coefficients leaves nothing in the temporary folder, not even for a moment."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "not-there"))
    assert prepared().sealed.base


WITH_BROKEN_PROFILE = pictures.saved(PICTURE, icc_profile=b"junk" * 50)


@pytest.mark.parametrize("problem", [NotExact, OutOfRange])
@pytest.mark.parametrize("data", [DATA, WITH_BROKEN_PROFILE], ids=["plain", "broken-profile"])
def test_not_exact_is_converted(monkeypatch: pytest.MonkeyPatch, data: bytes, problem: type[Exception]) -> None:
    """If what was sealed does not decode to the upload's pixels, the picture goes by way of pixels and the report says so."""
    calls = []
    verify = pipeline.verify

    def first_fails(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 1:
            raise problem
        verify(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "verify", first_fails)
    sealing = prepared(data)
    assert len(calls) == 2
    assert "converted" in sealing.photo.notes[0]


@pytest.mark.parametrize("problem", [NotExact, OutOfRange])
def test_never_exact_is_refused(monkeypatch: pytest.MonkeyPatch, problem: type[Exception]) -> None:
    """If even the converted picture is not given back exactly, the job says so and publishes nothing."""

    def fails(*_: object) -> None:
        raise problem

    monkeypatch.setattr(pipeline, "verify", fails)
    with pytest.raises(NotExact):
        prepared()


def test_verify_notices() -> None:
    """A sidecar that does not open, or opens to something else, stops the photo before it is published."""
    one, other = prepared(), prepared(pictures.jpeg(pictures.texture(320, 200, seed=5)))
    with pytest.raises(NotExact):
        pipeline.verify(other.photo, one.sealed)
    object.__setattr__(one.sealed, "sidecar", one.sealed.sidecar[:-1])
    with pytest.raises(NotExact):
        pipeline.verify(one.photo, one.sealed)


def test_claims_are_checked_first() -> None:
    """A claim that hits no face stops the photo before anything is made."""
    with pytest.raises(Rejected, match="no face"):
        prepared(claims=(Claim((300, 190), "u-red"),))


def test_catalog_that_cannot_be_written(config: Config) -> None:
    """The error says that the photo is as it was, and the photo is."""
    keys = ring.read(config.keys.ring)
    pipeline.release(prepared(), PATH, config, keys)
    before = catalogued(config)
    broken = replace(config, catalog_url="sqlite+aiosqlite:////proc/none/catalog.sqlite3")
    with pytest.raises(PublishFailed, match="as it was before"):
        pipeline.release(prepared(), PATH, broken, keys)
    assert catalogued(config) == before
    assert (config.folder / names(PATH, before.version)[0]).is_file()


def test_sidecar_tells_no_names(config: Config) -> None:
    """No owner's name is in the published files."""
    pipeline.release(prepared(claims=(Claim((40, 60), "u-red"),)), PATH, config, ring.read(config.keys.ring))
    for file in config.folder.rglob("*"):
        if file.is_file():
            assert b"u-red" not in file.read_bytes()
            assert stat.S_IMODE(os.stat(file).st_mode) & 0o002 == 0
