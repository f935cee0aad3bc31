"""What signs manifests is read whole and right, or stops the job in a sentence that tells no secret."""

import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import ConfigError
from precompute import credentials
from precompute.settings import DisclosureConfig
from tests.precompute.chains import Chain
from tests.precompute.chains import chain
from tests.precompute.chains import private

NOW = time.time()


def settings(folder: Path, **changes: object) -> DisclosureConfig:
    files = {"certificate_file": folder / "signer.pem", "key_file": folder / "signer.key"}
    return DisclosureConfig(**{"enabled": True, **files, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        pytest.param("es256", ec.generate_private_key(ec.SECP256R1()), id="es256"),
        pytest.param("es384", ec.generate_private_key(ec.SECP384R1()), id="es384"),
        pytest.param("es512", ec.generate_private_key(ec.SECP521R1()), id="es512"),
        pytest.param("ps256", rsa.generate_private_key(65_537, 2048), id="ps256"),
        pytest.param("ed25519", Ed25519PrivateKey.generate(), id="ed25519"),
    ],
)
def test_read(tmp_path: Path, algorithm: str, key: object) -> None:
    """Chain and key that fit each other are read for the algorithm of the key, and for no other."""
    made = chain(key)
    made.write(tmp_path)
    held = credentials.read(settings(tmp_path, algorithm=algorithm), NOW)
    assert (held.chain, held.key, held.subject) == (made.signer + made.root, made.key, "Club photos")
    assert 19 < (held.expires.timestamp() - NOW) / 86_400 < 21
    assert repr(held) == "<Credentials of Club photos>"
    for other in {"es256", "es384", "es512", "ps256", "ed25519"} - {algorithm}:
        with pytest.raises(ConfigError, match=f"algorithm: {other} does not go with this key"):
            credentials.read(settings(tmp_path, algorithm=other), NOW)


GOOD, OTHER = chain(), chain()


@pytest.mark.parametrize(
    ("made", "says"),
    [
        pytest.param(Chain(GOOD.root, GOOD.signer, OTHER.key), "is not the key of the first certificate", id="another-key"),
        pytest.param(Chain(GOOD.signer, GOOD.root, GOOD.key), "followed by its issuer's, and root's is not", id="root-first"),
        pytest.param(Chain(OTHER.root, GOOD.signer, GOOD.key), "followed by its issuer's", id="another-root"),
        pytest.param(Chain(GOOD.root, b"canary", GOOD.key), "is not the key of the first", id="no-signer"),
        pytest.param(Chain(b"", b"canary", GOOD.key), "is no certificate chain in PEM", id="no-pem"),
        pytest.param(Chain(GOOD.root, GOOD.signer, b"canary"), "is no private key in PEM", id="no-key"),
        pytest.param(
            Chain(GOOD.root, GOOD.signer, private(ec.generate_private_key(ec.SECP256K1()))), "is not the key", id="odd-curve"
        ),
        pytest.param(chain(days=(-9, -2)), "of Club photos ended on .*; renew it", id="ended"),
        pytest.param(chain(days=(2, 9)), "does not hold yet", id="not-yet"),
    ],
)
def test_refused(tmp_path: Path, made: Chain, says: str) -> None:
    """What cannot sign is refused in one line, and its content is not told."""
    made.write(tmp_path)
    with pytest.raises(ConfigError, match=says) as refused:
        credentials.read(settings(tmp_path), NOW)
    assert "canary" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "mode", "says"),
    [
        pytest.param("signer.key", 0o640, "chmod 600", id="key-that-others-read"),
        pytest.param("signer.pem", 0o666, "chmod go-w", id="chain-that-others-change"),
    ],
)
def test_modes(tmp_path: Path, name: str, mode: int, says: str) -> None:
    """The key is its owner's alone, and the chain nobody else's to change."""
    GOOD.write(tmp_path)
    (tmp_path / name).chmod(mode)
    with pytest.raises(ConfigError, match=says):
        credentials.read(settings(tmp_path), NOW)


@pytest.mark.parametrize("missing", ["certificate_file", "key_file"])
def test_not_named(tmp_path: Path, missing: str) -> None:
    """Switched on without files, it says what it needs and where that is explained."""
    with pytest.raises(ConfigError, match=r"certificate_file and key_file; docs/disclosure\.md"):
        credentials.read(settings(tmp_path, **{missing: None}), NOW)


@pytest.mark.parametrize("url", ["ftp://time.example", "time.example", "http://user@time.example/"])
def test_timestamp_address(tmp_path: Path, url: str) -> None:
    """A timestamp authority has a plain address."""
    GOOD.write(tmp_path)
    with pytest.raises(ConfigError, match="timestamp_url"):
        credentials.read(settings(tmp_path, timestamp_url=url), NOW)
