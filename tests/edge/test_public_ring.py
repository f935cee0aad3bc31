"""The public halves: they wrap for a ring, open nothing, and cannot be exchanged for somebody else's."""

import base64
import hmac
import os
import tomllib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.keys import ring
from edge.keys.public_ring import PublicRing
from edge.keys.public_ring import private_half
from edge.keys.ring import KeyRing
from edge.keys.wrapped import MAX_WRAPPED_BYTES
from edge.keys.wrapped import Wrapped
from edge.keys.wrapped import wrapped_by

KEY, OTHER = bytes(range(32)), bytes(range(32, 64))
CONTEXT = b"photo 1, face 2"


@pytest.fixture
def both(tmp_path: Path) -> tuple[KeyRing, PublicRing]:
    """A ring that was rotated once, and its public halves as an upload machine reads them."""
    ring.create(tmp_path / "ring.toml")
    keys = ring.rotate(tmp_path / "ring.toml")
    (tmp_path / "public.toml").write_text(ring.public_text(keys))
    public = ring.read_wrapping(tmp_path / "public.toml")
    assert isinstance(public, PublicRing)
    return keys, public


def test_wraps_for_the_ring(both: tuple[KeyRing, PublicRing]) -> None:
    """What the public half wraps opens with the ring, and with the ring alone; it is short enough to be stored."""
    keys, public = both
    wrapped = public.wrap(OTHER, CONTEXT)
    assert public.primary == keys.primary
    assert keys.unwrap(wrapped, CONTEXT) == OTHER
    assert len(wrapped) <= MAX_WRAPPED_BYTES
    assert public.wrap(OTHER, CONTEXT) != wrapped
    for stranger in (KeyRing(keys.primary, {keys.primary: os.urandom(32)}), KeyRing("k", {"k": KEY})):
        with pytest.raises((Damaged, KeyRingError)):
            stranger.unwrap(wrapped, CONTEXT)


def test_cannot_open(both: tuple[KeyRing, PublicRing], tmp_path: Path) -> None:
    """The exported file holds nothing of a secret: no ring's key, no private half, and nothing to open with."""
    keys, public = both
    secrets = tomllib.loads((tmp_path / "ring.toml").read_text())["keys"].values()
    text = (tmp_path / "public.toml").read_text()
    for secret in secrets:
        raw = base64.urlsafe_b64decode(secret + "=")
        private = private_half(raw).private_bytes_raw()
        assert secret not in text
        assert base64.urlsafe_b64encode(private).decode().rstrip("=") not in text
    assert not hasattr(public, "unwrap")
    with pytest.raises(Damaged):
        KeyRing("a", public.keys | {"a": KEY}).unwrap(b"\x81a" + public.wrap(OTHER, CONTEXT)[11:], CONTEXT)
    assert repr(public) == f"<PublicRing 2 keys, primary {keys.primary}>"


@pytest.mark.parametrize("position", [0, 1])
def test_every_half_belongs_to_its_key(both: tuple[KeyRing, PublicRing], position: int) -> None:
    """Each public half wraps for its own key: those exported before a rotation still do after it."""
    keys, public = both
    wrapped = PublicRing(keys.ids[position], public.keys).wrap(OTHER, CONTEXT)
    assert wrapped_by(wrapped) == keys.ids[position]
    assert keys.unwrap(wrapped, CONTEXT) == OTHER


def test_forms_do_not_mix(both: tuple[KeyRing, PublicRing]) -> None:
    """The bit that tells the forms apart cannot be turned: neither form opens as the other."""
    keys, public = both
    for wrapped in (keys.wrap(OTHER, CONTEXT), public.wrap(OTHER, CONTEXT)):
        with pytest.raises(Damaged):
            keys.unwrap(bytes([wrapped[0] ^ 0x80]) + wrapped[1:], CONTEXT)


def test_is_hpke_as_the_rfc_has_it() -> None:
    """A reader written from RFC 9180 alone opens what was wrapped (sections 4.1, 5.1, 7.1; suite 0x0020, 0x0001, 0x0002)."""
    wrapped = Wrapped.parse(KeyRing("a", {"a": KEY}).public().wrap(OTHER, CONTEXT))
    parts = (b"mfmc-edge wrap hpke v1", b"a", CONTEXT)
    info = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    private = X25519PrivateKey.from_private_bytes(
        expand(hmac.digest(bytes(32), KEY, "sha256"), b"mfmc-edge ring x25519 v1", 32)
    )
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"
    sent, sealed = wrapped.sealed[:32], wrapped.sealed[32:]
    shared = private.exchange(X25519PublicKey.from_public_bytes(sent))
    eae = extract(kem, b"", b"eae_prk", shared)
    secret = labelled(kem, eae, b"shared_secret", sent + private.public_key().public_bytes_raw(), 32)
    context = b"\0" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    prk = extract(suite, secret, b"secret", b"")
    key, nonce = labelled(suite, prk, b"key", context, 32), labelled(suite, prk, b"base_nonce", context, 12)
    assert AESGCM(key).decrypt(nonce, sealed, b"") == OTHER


def extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + material, "sha256")


def labelled(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def expand(prk: bytes, info: bytes, length: int) -> bytes:
    return hmac.digest(prk, info + b"\1", "sha256")[:length]


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(bytes(32), id="zero"),
        pytest.param(b"\1" + bytes(31), id="one"),
        pytest.param(bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"), id="order-8"),
        pytest.param(b"\xec" + b"\xff" * 30 + b"\x7f", id="minus-one"),
        pytest.param(bytes(31), id="short"),
    ],
)
def test_a_key_that_protects_nothing_is_refused(point: bytes) -> None:
    """A public key under which every wrapped key would be known (RFC 7748 section 6.1) is refused when it is read."""
    with pytest.raises(KeyRingError):
        PublicRing("a", {"a": point})


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_may_change_is_refused(both: tuple[KeyRing, PublicRing], tmp_path: Path, mode: int) -> None:
    """Whoever could put a public key of theirs in the file could open all that is wrapped from then on."""
    (tmp_path / "public.toml").chmod(mode)
    with pytest.raises(KeyRingError, match="go-w"):
        ring.read_wrapping(tmp_path / "public.toml")


def test_a_file_of_somebody_else_is_refused(both: tuple[KeyRing, PublicRing], tmp_path: Path) -> None:
    """Another user's file, and a link to one, are refused."""
    (tmp_path / "link.toml").symlink_to(tmp_path / "public.toml")
    with pytest.raises(KeyRingError):
        ring.read_wrapping(tmp_path / "link.toml")
    if os.geteuid() == 0:
        os.chown(tmp_path / "public.toml", 12_345, 12_345)
        with pytest.raises(KeyRingError, match="owned"):
            ring.read_wrapping(tmp_path / "public.toml")


def test_read_wrapping_takes_either(both: tuple[KeyRing, PublicRing], tmp_path: Path) -> None:
    """A whole ring wraps too, but only from a file that nobody else can read."""
    keys, _ = both
    whole = ring.read_wrapping(tmp_path / "ring.toml")
    assert keys.unwrap(whole.wrap(OTHER, CONTEXT), CONTEXT) == OTHER
    (tmp_path / "ring.toml").chmod(0o644)
    with pytest.raises(KeyRingError, match="chmod 600"):
        ring.read_wrapping(tmp_path / "ring.toml")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("primary = 'a'\n[public]", id="no-keys"),
        pytest.param("primary = 'b'\n[public]\na = '{half}'", id="primary-missing"),
        pytest.param("primary = 'a'\n[public]\na = '{half}='", id="padded"),
        pytest.param("primary = 'a'\n[public]\na = 7", id="number"),
        pytest.param("primary = 'a b'\n[public]\n'a b' = '{half}'", id="bad-id"),
        pytest.param("primary = 'a'\npublic = 3", id="no-table"),
        pytest.param("[public", id="no-toml"),
    ],
)
def test_bad_content_is_refused(tmp_path: Path, text: str) -> None:
    """A file of public halves with anything odd in it is refused."""
    half = base64.urlsafe_b64encode(private_half(KEY).public_key().public_bytes_raw()).decode().rstrip("=")
    (tmp_path / "public.toml").write_text(text.format(half=half))
    with pytest.raises(KeyRingError):
        ring.read_wrapping(tmp_path / "public.toml")
    (tmp_path / "public.toml").write_text(f"primary = 'a'\n[public]\na = '{half}'")
    assert ring.read_wrapping(tmp_path / "public.toml").primary == "a"
