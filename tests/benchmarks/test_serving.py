"""What ``benchmarks.serve`` compares is what it says: wrk is read rightly, yardsticks do the work, sites show their photos."""

import contextlib
from pathlib import Path
from urllib.request import Request
from urllib.request import urlopen

import cv2
import numpy as np
import pytest

from benchmarks.serving import load
from benchmarks.serving import peers
from benchmarks.serving import usual_way
from benchmarks.serving import yardsticks
from benchmarks.serving.machine import NotHere
from benchmarks.serving.machine import running
from benchmarks.serving.many import Many
from benchmarks.serving.photos import THUMBNAIL
from benchmarks.serving.photos import Sample
from benchmarks.serving.photos import sample
from benchmarks.serving.site import Site

SAID = """Running 2s test @ http://127.0.0.1:1/
  Latency Distribution
     50%    1.10ms
     99%  {slow}
  31 requests in 2.00s, 9.00MB read{error}
Requests/sec:  {rate}
"""


@pytest.fixture(scope="module")
def photo() -> Sample:
    """A small photo of two faces."""
    return sample("/any.jpg", THUMBNAIL)


def body(address: str, token: str | None = None) -> bytes:
    """What is answered."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with urlopen(Request(address, headers=headers), timeout=30) as answer:  # noqa: S310 - loopback
        return answer.read()


@pytest.mark.parametrize(("slow", "ms"), [("850.00us", 0.85), ("2.50ms", 2.5), ("1.20s", 1_200.0), ("1.50m", 90_000.0)])
def test_wrk_is_read(slow: str, ms: float) -> None:
    """Rates and times in each of its units."""
    found = load.parsed("any", SAID.format(slow=slow, rate="1234.5", error=""))
    assert found == load.Loaded(1234.5, pytest.approx(ms))


REFUSED = "\n  Non-2xx or 3xx responses: 3"
HUNG_UP = "\n  Socket errors: connect 0, read 0, write 0, timeout 1"


@pytest.mark.parametrize(
    ("rate", "error"), [("10.0", REFUSED), ("10.0", HUNG_UP), ("0.00", "")], ids=["refused", "hung up", "nothing"]
)
def test_a_failed_load_counts_for_nothing(rate: str, error: str) -> None:
    """Fast refusals are no speed."""
    with pytest.raises(AssertionError):
        load.parsed("any", SAID.format(slow="1.00ms", rate=rate, error=error))


def test_a_site_shows_its_photos(tmp_path: Path, photo: Sample) -> None:
    """The original to a friend of both and to whoever holds the signed URL, the base to strangers and in another's script."""
    site = Site.create(tmp_path / "site", [photo])
    with site.edge() as edge:
        assert body(edge.address + photo.path, site.token(photo.owners)) == photo.made.skeleton
        assert body(edge.address + site.signed(photo.path)) == photo.made.skeleton
        assert body(edge.address + photo.path) == photo.made.base
        assert body(edge.address + photo.path, site.token(photo.owners[:1])) not in (photo.made.skeleton, photo.made.base)


def test_the_usual_way(tmp_path: Path, photo: Sample) -> None:
    """It decodes, decrypts, pastes and encodes: what comes is the original but for the coding, and not the base."""
    pytest.importorskip("simplejpeg")
    yardsticks.keep_usual(tmp_path / "usual", "any.jpg", photo.made.base, photo.made.skeleton, photo.boxes)
    with running("benchmarks.serving.yardsticks", "usual", str(tmp_path / "usual")) as server:
        made = body(f"{server.address}/any.jpg")
    good = usual_way.looks_like(photo.made.skeleton, photo.boxes)
    assert good(made)
    assert made != photo.made.skeleton
    assert not good(photo.made.base)


def test_bare_and_proxy(tmp_path: Path, photo: Sample) -> None:
    """Both return the very bytes."""
    (tmp_path / "any.jpg").write_bytes(photo.made.base)
    with contextlib.ExitStack() as stack:
        bare = stack.enter_context(running("benchmarks.serving.yardsticks", "bare", str(tmp_path)))
        proxy = stack.enter_context(running("benchmarks.serving.yardsticks", "proxy", bare.address))
        assert body(f"{bare.address}/any.jpg") == body(f"{proxy.address}/any.jpg") == photo.made.base


def test_many_photos(tmp_path: Path, photo: Sample) -> None:
    """Those that are asked for are spread over the catalog, and each shows the base."""
    many = Many.create(tmp_path / "site", 300, 5, photo.made.base)
    paths = many.paths.read_text().splitlines()
    assert len(set(paths)) == 5
    with many.site.edge() as edge:
        many.fetch_all(edge, photo.made.base)
    assert all((many.site.folder / "origin" / name.removeprefix("/")).is_file() for name in many.files.read_text().splitlines())


def test_a_peer_must_encode(photo: Sample) -> None:
    """The file as it lay there is not what a proxy that encodes is measured by, nor is another size or format."""
    good = peers.encoded_anew(photo.made.skeleton, THUMBNAIL)
    pixels = cv2.imdecode(np.frombuffer(photo.made.skeleton, np.uint8), cv2.IMREAD_COLOR)
    assert good(bytes(cv2.imencode(".jpg", pixels)[1]))
    assert not good(photo.made.skeleton)
    assert not good(bytes(cv2.imencode(".png", pixels)[1]))
    assert not good(bytes(cv2.imencode(".jpg", pixels[::2])[1]))


def test_a_peer_that_is_not_there(tmp_path: Path) -> None:
    """The reason says what to run."""
    for start, command in ((peers.thumbor, "pip install thumbor"), (peers.ipx, "npm install")):
        with pytest.raises(NotHere, match=command), start(tmp_path, tmp_path, None):
            pass
