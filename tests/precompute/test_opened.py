"""What cannot be opened or believed is an error of its own, never a verdict."""


import pytest

from edge.origin import names
from tests.precompute.certified import certified
from tests.precompute.certified import change
from tests.precompute.certified import text
from tests.precompute.certified import version
from tests.precompute.shop import Shop


def forged(shop: Shop) -> None:
    changed = text(shop).replace('"passed":true', '"passed":false', 1)
    change(shop, "UPDATE photo SET certificate = ? WHERE path = '/one.jpg'", changed)


def of_another_photo(shop: Shop) -> None:
    other = "SELECT certificate FROM photo WHERE path = '/other.jpg'"
    change(shop, f"UPDATE photo SET certificate = ({other}) WHERE path = '/one.jpg'")  # noqa: S608


def of_an_older_version(shop: Shop) -> None:
    before = text(shop)
    assert shop.seal(shop.photo("one.jpg")) == 0
    change(shop, "UPDATE photo SET certificate = ? WHERE path = '/one.jpg'", before)


def fewer_faces(shop: Shop) -> None:
    change(shop, "DELETE FROM face WHERE path = '/one.jpg' AND slot = 1")


def no_base(shop: Shop) -> None:
    (shop.folder / "origin" / names("/one.jpg", version(shop))[0]).unlink()


def no_sidecar(shop: Shop) -> None:
    (shop.folder / "origin" / names("/one.jpg", version(shop))[1]).unlink()


def other_base(shop: Shop) -> None:
    file = shop.folder / "origin" / names("/one.jpg", version(shop))[0]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def damaged_sidecar(shop: Shop) -> None:
    file = shop.folder / "origin" / names("/one.jpg", version(shop))[1]
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def moved_key(shop: Shop) -> None:
    first = "SELECT wrapped_key FROM face WHERE path = '/one.jpg' AND slot = 0"
    change(shop, f"UPDATE face SET wrapped_key = ({first}) WHERE path = '/one.jpg'")  # noqa: S608


def older_format(shop: Shop) -> None:
    change(shop, "UPDATE photo SET certificate = ? WHERE path = '/one.jpg'", '{"format": 1, "faces": []}')


@pytest.mark.parametrize(
    ("what", "says"),
    [
        pytest.param(forged, "changed after it was signed", id="forged"),
        pytest.param(of_another_photo, "another photo", id="another-photo"),
        pytest.param(of_an_older_version, "another version", id="older-version"),
        pytest.param(fewer_faces, "other faces", id="fewer-faces"),
        pytest.param(older_format, "no format that is known", id="older-format"),
        pytest.param(no_base, "cannot be read (No such file", id="no-base"),
        pytest.param(no_sidecar, "cannot be read (No such file", id="no-sidecar"),
        pytest.param(other_base, "not the base that was published", id="other-base"),
        pytest.param(damaged_sidecar, "damaged", id="damaged-sidecar"),
        pytest.param(moved_key, "damaged", id="moved-key"),
    ],
)
def test_refused(signed_shop: Shop, capsys: pytest.CaptureFixture[str], what: object, says: str) -> None:
    """What cannot be opened or believed is named on stderr, the exit code is 1, and the next photo is still checked."""
    assert signed_shop.seal(signed_shop.photo("two.jpg"), "--as", "/other.jpg") == 0
    what(signed_shop)  # type: ignore[operator]
    capsys.readouterr()
    assert signed_shop.run("certify", "/one.jpg", "/other.jpg") == 1
    said = capsys.readouterr()
    assert says in said.err
    assert "Traceback" not in said.err
    assert "/other.jpg: 2 faces" in said.out


@pytest.mark.parametrize("path", ["/none.jpg", "/../x", "/a b"])
def test_no_such_photo(signed_shop: Shop, capsys: pytest.CaptureFixture[str], path: str) -> None:
    """An address at which nothing is published, or can be, is an error of its own."""
    code, line = certified(signed_shop, capsys, path)
    assert code == 1
    assert "photo" in str(line["error"])
