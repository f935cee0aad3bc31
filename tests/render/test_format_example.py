"""The worked example in docs/sealed-format.md is what the code writes and reads, to the byte."""

import re
from hashlib import sha256
from pathlib import Path

from edge.render import sealed
from edge.render import splice

PAGE = Path(__file__).parents[2] / "docs" / "sealed-format.md"
BASE = b"The face at the window is a fake."
DIRECTORY_KEY, FACE_KEY, SALT = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
PHOTO, VERSION = bytes(range(96, 112)), bytes(range(112, 128))


def on_the_page() -> bytes:
    rows = re.findall(r"^ *\d+  ((?:[0-9a-f]{2} ?){16})$", PAGE.read_text(), re.M)
    return bytes.fromhex("".join(rows))


def test_written() -> None:
    """Writing the example gives the page's bytes."""
    draft = sealed.Draft((0,), (0,), (sealed.Cut(4, 8, 6), sealed.Cut(26, 32, 4)), b"personreal")
    written = sealed.write(
        [draft], ((5,),), {5: FACE_KEY}, DIRECTORY_KEY, photo_id=PHOTO, version=VERSION, base=BASE, salt=SALT
    )
    assert written == on_the_page()


def test_read() -> None:
    """Reading the page's bytes reveals the example's text."""
    parsed = sealed.parse(
        on_the_page(), DIRECTORY_KEY, photo_id=PHOTO, version=VERSION, base_sha256=sha256(BASE).digest(), base_size=len(BASE)
    )
    assert splice.reveal(splice.plan(BASE, parsed, {5: FACE_KEY})) == b"The person at the window is real."
    assert splice.reveal(splice.plan(BASE, parsed, {})) == BASE
