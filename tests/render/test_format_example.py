"""The worked examples in docs/sealed-format.md are what the code writes and reads, to the byte."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

from edge.render import sealed
from edge.render import splice

PAGE = Path(__file__).parents[2] / "docs" / "sealed-format.md"
BASE, SIGNED = b"The face at the window is a fake.", b"(signed) The face at the window is a fake."
DIRECTORY_KEY, FACE_KEY, SALT = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
PHOTO, VERSION = bytes(range(96, 112)), bytes(range(112, 128))
EXAMPLES = [
    pytest.param("## Worked example", BASE, None, id="version-1"),
    pytest.param("## Worked example with a stretch left out", SIGNED, sealed.Cut(0, 9, 0), id="version-2"),
]


def on_the_page(heading: str) -> bytes:
    section = PAGE.read_text().split(f"{heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^ *\d+  ((?:[0-9a-f]{2} ?){1,16})$", section, re.M)
    return bytes.fromhex("".join(rows))


@pytest.mark.parametrize(("heading", "base", "left_out"), EXAMPLES)
def test_written(heading: str, base: bytes, left_out: sealed.Cut | None) -> None:
    """Writing the example gives the page's bytes."""
    at = len(base) - len(BASE)
    draft = sealed.Draft((0,), (0,), (sealed.Cut(at + 4, at + 8, 6), sealed.Cut(at + 26, at + 32, 4)), b"personreal")
    written = sealed.write(
        [draft], ((5,),), {5: FACE_KEY}, DIRECTORY_KEY,
        photo_id=PHOTO, version=VERSION, base=base, salt=SALT, left_out=left_out,
    )  # fmt: skip
    assert written == on_the_page(heading)


@pytest.mark.parametrize(("heading", "base", "left_out"), EXAMPLES)
def test_read(heading: str, base: bytes, left_out: sealed.Cut | None) -> None:
    """Reading the page's bytes reveals the example's text, without the stretch; with no key it is the base, with it."""
    parsed = sealed.parse(
        on_the_page(heading), DIRECTORY_KEY,
        photo_id=PHOTO, version=VERSION, base_sha256=sha256(base).digest(), base_size=len(base),
    )  # fmt: skip
    assert parsed.left_out == left_out
    assert splice.reveal(splice.plan(base, parsed, {5: FACE_KEY})) == b"The person at the window is real."
    assert splice.reveal(splice.plan(base, parsed, {})) == base
