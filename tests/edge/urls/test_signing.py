"""Signing in a backend of one's own: what can be signed, until when, and with how little loaded."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import address
from edge import urls
from edge.urls.signing import expiry
from edge.urls.ticket import Ticket

KEYS = urls.Keys("k-1", {"k-1": bytes(range(32))})
PATH, VERSION, NOW = "/2026/t1.jpg", bytes(range(16)), 1_800_000_000.0
LONGEST = "w=99999&h=99999&fit=cover&q=99999&fmt=webp"
HEAVY = {"aiohttp", "sqlalchemy", "msgspec", "asyncio", "numpy", "yarl"}


def test_light() -> None:
    """A backend that signs loads no server, no database and no event loop."""
    code = "import sys, json, edge.urls; print(json.dumps(sorted(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert HEAVY.isdisjoint(name.partition(".")[0] for name in json.loads(found.stdout))


@given(st.floats(1, 2e9), st.floats(0.1, 86_400), st.integers(1, 86_400))
def test_expiry(now: float, lifetime: float, bucket: int) -> None:
    """Good for as long as was asked for, at most a bucket longer, and until a bucket ends."""
    expires = expiry(now, lifetime, bucket)
    assert expires % bucket == 0
    assert now + lifetime <= expires + 1e-6
    assert expires < now + lifetime + bucket + 1e-6


def test_what_is_signed() -> None:
    """The URL names the photo in clear, and sealed all that was asked for, the rendition included."""
    signed = urls.sign(KEYS, PATH, VERSION, [(3, 1, 2)], NOW, bucket_seconds=60, lifetime_seconds=100, rendition="w=640")
    sealed, path = address.parse_signed(signed.url)
    assert path == PATH
    assert signed.expires == NOW + 120
    assert Ticket.parse(KEYS.open(sealed, PATH)) == Ticket.of(VERSION, [(3, 1, 2)], int(NOW) + 120, "w=640")


@pytest.mark.parametrize("spelled", ["w=640", "w=320&dpr=2", "dpr=2&fmt=jpg&w=320", "w=640&fit=cover"])
def test_one_form(spelled: str) -> None:
    """However a rendition is spelt, one URL: what is signed is its canonical form."""
    wanted = urls.sign(KEYS, PATH, VERSION, [(3, 1, 2)], NOW, rendition="w=640").url
    assert urls.sign(KEYS, PATH, VERSION, [(3, 1, 2)], NOW, rendition=spelled).url == wanted


@pytest.mark.parametrize(
    "change",
    [
        {"path": "2026/t1.jpg"}, {"path": "/2026/t1.jpg?w=640"}, {"path": "/-/health"}, {"path": ""}, {"version": b"short"},
        {"faces": [(1, 0, 0), (1, 0, 0)]}, {"faces": [(4_096, 0, 0)]}, {"rendition": "w=640\n"}, {"rendition": "width=640"},
        {"rendition": "w=640&w=640"}, {"rendition": "w=640&fmt=gif"}, {"rendition": "w=0"}, {"rendition": "?w=640"},
        {"rendition": "&"}, {"now": -1e6},
    ],
    ids=str,
)  # fmt: skip
def test_refused(change: dict[str, Any]) -> None:
    """What no edge would take is an error of whoever signs."""
    good: dict[str, Any] = {"path": PATH, "version": VERSION, "faces": [(1, 0, 0)], "now": NOW}
    assert urls.sign(KEYS, **good)
    with pytest.raises(ValueError, match=r"path|version|face|rendition"):
        urls.sign(KEYS, **good | change)


def test_longest_url_has_the_shape() -> None:
    """The longest ticket there is, for the longest path, under the longest id, can be asked for."""
    keys = urls.Keys("k" * 32, {"k" * 32: bytes(32)})
    signed = urls.sign(keys, "/" + "a" * 511, VERSION, [(4_095, 0, 0)], NOW, rendition=LONGEST)
    sealed, path = address.parse_signed(signed.url)
    assert keys.open(sealed, path)


def test_blind_repr() -> None:
    """A URL is a secret: what is logged of it is its expiry."""
    assert repr(urls.sign(KEYS, PATH, VERSION, [], NOW)) == "<Signed until 1800000300>"
