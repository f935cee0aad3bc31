"""The signing key is its owner's alone, and only keys that are named count."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import ConfigError
from precompute import signing
from precompute.settings import CertificateConfig


def pem(key: object) -> bytes:
    return key.private_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_new_key(tmp_path: Path) -> None:
    """A new key lies in a file of mode 0600, is read again, and never takes the place of another."""
    made = signing.create(tmp_path / "key.pem")
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    again = signing.read(CertificateConfig(key_file=tmp_path / "key.pem"))
    assert again is not None
    assert again.key_id == made.key_id
    assert signing.holds(made.public, again.sign(b"body"), b"body")
    assert not signing.holds(made.public, again.sign(b"body"), b"other")
    with pytest.raises(ConfigError, match="exists"):
        signing.create(tmp_path / "key.pem")


def test_repr_tells_no_secret() -> None:
    """A signer in a log is its public id alone."""
    signer = signing.Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    assert repr(signer) == f"<Signer {signing.key_id(signer.public)}>"


def test_none() -> None:
    """Without a key nobody signs, and nobody's signature counts."""
    assert signing.read(CertificateConfig()) is None
    assert signing.trusted(CertificateConfig()) == {}


def test_trusted(tmp_path: Path) -> None:
    """The own key and the public files count, each under its id."""
    own, other = signing.create(tmp_path / "own.pem"), signing.Signer(Ed25519PrivateKey.generate())
    (tmp_path / "other.pem").write_text(signing.public_text(other.public))
    settings = CertificateConfig(key_file=tmp_path / "own.pem", public_files=(tmp_path / "other.pem",))
    assert signing.trusted(settings).keys() == {own.key_id, other.key_id}


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        pytest.param(pem(Ed25519PrivateKey.generate()), 0o640, "chmod 600", id="others-read-it"),
        pytest.param(pem(ec.generate_private_key(ec.SECP256R1())), 0o600, "no Ed25519 private key", id="another-kind"),
        pytest.param(b"secret-canary", 0o600, "no Ed25519 private key", id="no-pem"),
    ],
)
def test_refused(tmp_path: Path, content: bytes, mode: int, says: str) -> None:
    """A key that others can read, or that is none, stops the job; its content is not told."""
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(ConfigError, match=says) as refused:
        signing.read(CertificateConfig(key_file=file))
    assert "canary" not in str(refused.value)


def test_public_file_that_is_none(tmp_path: Path) -> None:
    """A public file that others may change, or that holds no such key, is refused."""
    file = tmp_path / "public.pem"
    file.write_text("x")
    with pytest.raises(ConfigError, match="no Ed25519 public key"):
        signing.trusted(CertificateConfig(public_files=(file,)))
    file.write_text(signing.public_text(Ed25519PrivateKey.generate().public_key()))
    file.chmod(0o666)
    with pytest.raises(ConfigError, match="others may change it"):
        signing.trusted(CertificateConfig(public_files=(file,)))
