"""The manifest holds for the base, says that faces are synthetic and nothing else, and is in no answer with a real face."""

import json
import os
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import ConfigError
from edge.render import sealed as form
from edge.render import splice
from precompute import disclosure
from precompute import pipeline
from precompute.errors import NotDisclosed
from precompute.settings import DisclosureConfig
from tests import pictures
from tests.precompute import manifests
from tests.precompute.chains import certificate
from tests.precompute.chains import chain
from tests.precompute.chains import private
from tests.precompute.flat import FlatFaces
from tests.precompute.manifests import active
from tests.precompute.manifests import codes

DATA = pictures.jpeg(pictures.texture(320, 200))
EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06" + bytes(6)
TURNED = pictures.saved(pictures.texture(320, 200), exif=EXIF)
BOXES = ((20, 30, 50, 64), (140, 20, 40, 52))
CHAIN = chain()
SEED = b"seed-canary-" + bytes(20)


@pytest.fixture
def config(tmp_path: Path) -> DisclosureConfig:
    CHAIN.write(tmp_path)
    return DisclosureConfig(enabled=True, certificate_file=tmp_path / "signer.pem", key_file=tmp_path / "signer.key")


@pytest.fixture
def marker(config: DisclosureConfig) -> disclosure.Marker:
    made = disclosure.configured(config, time.time())
    assert made is not None
    return made


def sealing(marker: disclosure.Marker | None, data: bytes = DATA, anonymiser: FlatFaces | None = None) -> pipeline.Sealing:
    return pipeline.prepare(data, pipeline.Tools(anonymiser or FlatFaces(BOXES), marker=marker), (), SEED)


def parsed(made: pipeline.Sealing) -> form.Sealed:
    sealed = made.sealed
    return form.parse(
        sealed.sidecar, sealed.directory_key, photo_id=sealed.photo_id, version=sealed.version,
        base_sha256=sha256(sealed.base).digest(), base_size=len(sealed.base),
    )  # fmt: skip


def answer(made: pipeline.Sealing, *faces: int) -> bytes:
    keys = {made.sealed.slots[face]: made.sealed.face_keys[made.sealed.slots[face]] for face in faces}
    return splice.reveal(splice.plan(made.sealed.base, parsed(made), keys))


def read(made: pipeline.Sealing) -> dict[str, Any]:
    return manifests.read(made.sealed.base, CHAIN.root)


def test_holds_for_the_base(marker: disclosure.Marker) -> None:
    """A reader that trusts the root trusts the manifest: signature, assertions and the bytes of the picture agree."""
    found = read(sealing(marker))
    assert (found["validation_state"], codes(found, "failure")) == ("Trusted", set())
    assert codes(found, "success") >= {"claimSignature.validated", "assertion.dataHash.match", "signingCredential.trusted"}


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        pytest.param("es384", ec.generate_private_key(ec.SECP384R1()), id="es384"),
        pytest.param("es512", ec.generate_private_key(ec.SECP521R1()), id="es512"),
        pytest.param("ps256", rsa.generate_private_key(65_537, 2048), id="ps256"),
        pytest.param("ps512", rsa.generate_private_key(65_537, 2048), id="ps512"),
        pytest.param("ed25519", Ed25519PrivateKey.generate(), id="ed25519"),
    ],
)
def test_every_algorithm(config: DisclosureConfig, tmp_path: Path, algorithm: str, key: object) -> None:
    """Whatever the configuration may name signs manifests that hold."""
    made = chain(key)
    made.write(tmp_path)
    marker = disclosure.configured(msgspec.structs.replace(config, algorithm=algorithm), time.time())
    assert marker is not None
    assert manifests.read(marker.mark(DATA, disclosure.TRAINED)[0], made.root)["validation_state"] == "Trusted"


def test_nobody_vouches_for_an_unknown_root(marker: disclosure.Marker) -> None:
    """A reader that does not know the root still finds the picture unchanged, and says that it does not know the signer."""
    found = manifests.read(sealing(marker).sealed.base, chain().root)
    assert codes(found, "failure") == {"signingCredential.untrusted"}
    assert "assertion.dataHash.match" in codes(found, "success")


def test_a_changed_base_is_noticed(marker: disclosure.Marker) -> None:
    """One other byte of the picture, and the manifest does not hold."""
    base = sealing(marker).sealed.base
    changed = base[:-200] + bytes([base[-200] ^ 1]) + base[-199:]
    assert "assertion.dataHash.mismatch" in codes(manifests.read(changed, CHAIN.root), "failure")


def test_what_it_says(marker: disclosure.Marker) -> None:
    """The actions name the source type of a composite with synthetic parts, and there is no other assertion of ours."""
    manifest = active(read(sealing(marker)))
    (actions,) = manifest["assertions"]
    assert actions["label"] == "c2pa.actions.v2"
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    assert [(each["action"], each["digitalSourceType"]) for each in actions["data"]["actions"]] == [
        ("c2pa.created", source), ("c2pa.edited", source),
    ]  # fmt: skip
    assert manifest["signature_info"]["issuer"] == "Example Club"
    assert "time" not in manifest["signature_info"]
    assert not {"thumbnail", "ingredients", "title"} & manifest.keys()


def test_says_nothing_of_the_photo(marker: disclosure.Marker, tmp_path: Path) -> None:
    """One face or two, the manifests are the same and as long, but for random numbers and hashes; no name or path is in them."""
    one, two = (sealing(marker, anonymiser=FlatFaces(BOXES[:count])) for count in (1, 2))
    said = []
    for made in (one, two):
        found = active(read(made))
        assert made.sealed.photo_id.hex() not in json.dumps(found)
        said.append({name: part for name, part in found.items() if name not in ("label", "instance_id")})
    assert said[0] == said[1]
    cut = parsed(two).left_out
    assert cut is not None
    assert cut == parsed(one).left_out
    stretch = two.sealed.base[cut.start : cut.end]
    hashes = [sha256(each).digest() for each in (DATA, two.sealed.skeleton, SEED)]
    for secret in (b"canary", os.fsencode(tmp_path), b"nobody.jpg", b"donor", two.sealed.photo_id, two.sealed.version, *hashes):
        assert secret not in stretch


@pytest.mark.parametrize("faces", [(0,), (1,), (0, 1)], ids=str)
def test_left_out_of_answers(marker: disclosure.Marker, faces: tuple[int, ...]) -> None:
    """An answer with a real face has no manifest, and is to the byte what a photo sealed without one gives."""
    marked, plain = sealing(marker), sealing(None)
    assert answer(marked, *faces) == answer(plain, *faces)
    assert manifests.absent(answer(marked, *faces))
    assert answer(marked) == marked.sealed.base != plain.sealed.base


@pytest.mark.parametrize("data", [DATA, TURNED], ids=["upright", "turned"])
def test_only_a_stretch_is_added(marker: disclosure.Marker, data: bytes) -> None:
    """The base without its stretch is the base that would have been, and both show the same pixels."""
    marked, plain = sealing(marker, data), sealing(None, data)
    cut = parsed(marked).left_out
    assert cut is not None
    base = marked.sealed.base
    assert base[: cut.start] + base[cut.end :] == plain.sealed.base
    assert base[cut.start : cut.start + 2] == b"\xff\xeb"
    assert np.array_equal(pictures.by_opencv(base), pictures.by_opencv(plain.sealed.base))
    assert np.array_equal(pictures.by_pillow(base), pictures.by_pillow(plain.sealed.base))
    assert read(marked)["validation_state"] == "Trusted"


def test_nothing_synthetic_nothing_said(marker: disclosure.Marker) -> None:
    """A photo without faces is the upload's picture, and has no manifest."""
    made = sealing(marker, anonymiser=FlatFaces(()))
    assert parsed(made).left_out is None
    assert made.sealed.base == made.sealed.skeleton


def test_fills_are_no_work_of_a_model(marker: disclosure.Marker) -> None:
    """Where every face is a flat fill, the manifest does not say that a trained model drew it; where one is drawn, it does."""
    for refused, word in (((99, 99), "compositeSynthetic"), ((99, 0), "compositeWithTrainedAlgorithmicMedia")):
        made = sealing(marker, anonymiser=FlatFaces(BOXES, refused=refused))
        actions = active(read(made))["assertions"][0]["data"]["actions"]
        assert {each["digitalSourceType"].rsplit("/")[-1] for each in actions} == {word}


def test_off() -> None:
    """Switched off, files that are not there do not matter."""
    assert disclosure.configured(DisclosureConfig(key_file=Path("/nowhere")), 0.0) is None


def test_tried_out_at_the_start(config: DisclosureConfig, tmp_path: Path) -> None:
    """A certificate that no manifest may be signed with is refused before the first photo."""
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "signer.pem").write_bytes(certificate("root", key, key, ca=True))
    (tmp_path / "signer.key").write_bytes(private(key))
    with pytest.raises(ConfigError, match=r"cannot sign a manifest: .*self-signed.*docs/disclosure\.md"):
        disclosure.configured(config, time.time())


def test_no_time_no_photo(config: DisclosureConfig) -> None:
    """Where a timestamp authority is named and does not answer, the photo is not published without what was asked for."""
    named = msgspec.structs.replace(config, timestamp_url="http://127.0.0.1:9/")
    marker = disclosure.configured(named, time.time())
    with pytest.raises(NotDisclosed, match="nothing was published"):
        sealing(marker)


def test_not_installed(config: DisclosureConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package, the job says how to get it."""
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(ConfigError, match=r"pip install 'mfmc-edge\[c2pa\]'"):
        disclosure.configured(config, time.time())
