"""The job's keys: a ring, its public halves, or a cloud's service, each as ``[keys]`` says."""

import asyncio
from pathlib import Path

import pytest

from edge.errors import ConfigError
from edge.errors import KeyRingError
from edge.keys import ring
from edge.keys.envelope import wrap_context
from edge.keys.settings import Keys
from edge.keys.settings import Vault
from precompute import keys

CONTEXT = wrap_context(b"i" * 16, b"v" * 16, 3)
KEY = bytes(range(32))


def test_ring(tmp_path: Path) -> None:
    """A ring wraps and opens."""
    made = ring.create(tmp_path / "ring.toml")
    held = keys.opens(keys.read(Keys(ring_file=tmp_path / "ring.toml")))
    assert held is not None
    assert made.unwrap(held.wrap(KEY, CONTEXT), CONTEXT) == held.unwrap(made.wrap(KEY, CONTEXT), CONTEXT) == KEY


def test_public_halves(tmp_path: Path) -> None:
    """A machine with the public halves wraps what the ring opens, and can open nothing itself."""
    made = ring.create(tmp_path / "ring.toml")
    (tmp_path / "public.toml").write_text(ring.public_text(made))
    held = keys.read(Keys(ring_file=tmp_path / "public.toml"))
    assert made.unwrap(held.wrap(KEY, CONTEXT), CONTEXT) == KEY
    assert keys.opens(held) is None
    assert not hasattr(held, "unwrap")


def test_cloud(tmp_path: Path) -> None:
    """A service that cannot be reached is a failure and no hang, also from within a loop, and nothing of the token is told."""
    token = tmp_path / "vault.token"
    token.write_text("canary-token\n")
    token.chmod(0o600)
    vault = Vault(address="http://127.0.0.1:9", key="k", token_file=token, connect_seconds=0.5, timeout_seconds=0.5)
    held = keys.read(Keys(service="vault", vault=vault))
    assert keys.opens(held) is held

    async def within() -> None:
        held.wrap(KEY, CONTEXT)

    with pytest.raises(KeyRingError) as refused:
        held.wrap(KEY, CONTEXT)
    with pytest.raises(KeyRingError):
        asyncio.run(within())
    assert "canary" not in f"{refused.value!r} {held!r}"
    assert isinstance(held, keys.CloudKeys)
    held.close()
    held.close()


def test_none() -> None:
    """Without keys there is no job."""
    with pytest.raises(ConfigError):
        keys.read(Keys())
