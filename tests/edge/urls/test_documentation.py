"""docs/url-signing.md: its worked example is what the code writes and reads, to the byte; its sample needs no code of ours."""

import re
import shlex
from hashlib import sha256
from pathlib import Path

import pytest

from edge import urls
from edge.__main__ import _parser
from edge.answer import photo_key
from edge.cache import key
from edge.urls.ticket import Ticket

TEXT = (Path(__file__).parents[3] / "docs" / "url-signing.md").read_text()
EXAMPLE = TEXT[TEXT.index("## Worked example") :]
KEY_ID, KEY, VERSION, PATH = "k-5f0c1a2b", bytes(range(32)), bytes(range(32, 48)), "/2026/t1.jpg"
FACES, NOW = ((1, 4, 2), (3, 0, 2)), 1_800_000_042.5
KEYS = urls.Keys(KEY_ID, {KEY_ID: KEY})
URL = re.findall(r"^    (/-/s/\S+)$", EXAMPLE, re.MULTILINE)[0]


def bytes_after(heading: str) -> bytes:
    """The bytes that the page shows after this heading."""
    section = EXAMPLE.split(heading, 1)[1].split("\n\n")[1]
    return bytes.fromhex("".join(re.findall(r"^ *\d+  ((?:[0-9a-f]{2} ?){1,16})$", section, re.MULTILINE)))


def test_signed() -> None:
    """Signing the example's inputs gives the page's URL and expiry."""
    signed = urls.sign(KEYS, PATH, VERSION, FACES, NOW)
    assert signed.url == URL
    assert f"it expires at {signed.expires}." in EXAMPLE


def test_each_step() -> None:
    """Decision, ticket and sealed bytes are the page's, and the sealed ones open to its ticket."""
    decision, ticket = bytes_after("The decision:"), bytes_after("The ticket, with")
    assert decision == key.decision(VERSION, FACES)
    assert ticket == bytes(Ticket.of(VERSION, FACES, 1_800_000_600))
    assert ticket[8:24] == sha256(decision).digest()[:16]
    sealed = URL.split("/")[3]
    assert KEYS.open(sealed, PATH) == ticket
    assert Ticket.parse(ticket).faces == {1, 3}
    spelled = urls.keys._spelled(bytes_after("\nSealed:"))  # type: ignore[attr-defined]
    assert sealed == f"{KEY_ID}.{spelled}"
    assert bytes_after("The key of AES-SIV:") == urls.keys._derived(KEY)  # type: ignore[attr-defined]


def test_sample() -> None:
    """The page's sample in Python, which imports nothing of ours, makes the same URL."""
    sample = re.findall(r"```python\n(.+?)```", EXAMPLE, re.DOTALL)[0]
    assert "edge" not in re.sub(r'b"[^"]*"', "", sample)
    made: dict[str, object] = {}
    exec(compile(sample, "url-signing.md", "exec"), made)  # noqa: S102 - the page's own words
    assert made["url"] == URL


@pytest.mark.parametrize("line", re.findall(r"mfmc-edge ((?:keys|sign) [^`#\n]+)", TEXT))
def test_commands_are_understood(line: str) -> None:
    """Every command that is shown is one."""
    words = shlex.split(line)
    assert _parser(words[0]).parse_args(words)


def test_photo_key() -> None:
    """The key to purge a photo by is what the page says, and the one shown is an example's."""
    assert photo_key(PATH) == b"photo-" + sha256(PATH.encode()).hexdigest()[:16].encode()
    assert f"`{photo_key(PATH)[:8].decode()}…`" in TEXT
