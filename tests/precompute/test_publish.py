"""Publishing leaves the old photo or the new one, whatever happens: kills at every file operation, full disks, old remains."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.origin import is_versioned
from edge.origin import names
from precompute import publish
from precompute.errors import PublishFailed

PATH = "/2026/party.jpg"
OLD, NEW = bytes(16), bytes(range(16))


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_files_and_plain_name(tmp_path: Path) -> None:
    """Both files lie under their versioned names, and the plain name shows the base in place of an original."""
    original = tmp_path / "2026" / "party.jpg"
    original.parent.mkdir()
    original.write_bytes(b"the original upload")
    publish.files(tmp_path, PATH, NEW, b"base", b"sidecar")
    with publish.plain_name(tmp_path, PATH, NEW):
        assert original.read_bytes() == b"the original upload"
    base, sidecar = names(PATH, NEW)
    assert content(tmp_path) == {base: b"base", sidecar: b"sidecar", "2026/party.jpg": b"base"}
    assert original.stat().st_ino == (tmp_path / base).stat().st_ino


def test_files_of_renditions(tmp_path: Path) -> None:
    """Renditions lie beside the photo under names of their own, are swept with its version, and are nobody's photo."""
    old, new = names(PATH, OLD, 640), names(PATH, NEW, 640)
    for version in (OLD, NEW):
        publish.files(tmp_path, PATH, version, b"base", b"sidecar", {640: (b"small base", b"small sidecar")})
    assert content(tmp_path)[new[0]] == b"small base"
    assert content(tmp_path)[new[1]] == b"small sidecar"
    assert new[0] == f"2026/party.jpg.{NEW.hex()}.w640.base"
    assert all(is_versioned("/" + name) for name in (*new, *names(PATH, NEW)))
    assert publish.sweep(tmp_path, PATH, {NEW}, time.time() + 7200) == 4
    assert not set(old) & set(content(tmp_path))
    assert {*new, *names(PATH, NEW)} == set(content(tmp_path))


def everything(folder: Path) -> None:
    publish.files(folder, PATH, NEW, b"base", b"sidecar")
    with publish.plain_name(folder, PATH, NEW):
        pytest.fail("the commit must not be reached")


@pytest.mark.parametrize("fails", ["fsync", "replace", "link"])
def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    """When the disk is full, the error says so, and no part of the new version is left."""
    publish.files(tmp_path, PATH, OLD, b"old base", b"old sidecar")
    with publish.plain_name(tmp_path, PATH, OLD):
        pass
    before = content(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(publish.os, fails, full)
    with pytest.raises(PublishFailed, match="No space left on device"):
        everything(tmp_path)
    left = {name: data for name, data in content(tmp_path).items() if NEW.hex() not in name}
    assert left == before
    assert not [name for name in content(tmp_path) if "part" in Path(name).name.removeprefix("party")]


def test_second_file_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sidecar whose base could not be written is taken back."""
    calls = []

    def full_at_second(source: str, target: str) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.rename(source, target)

    monkeypatch.setattr(publish.os, "replace", full_at_second)
    with pytest.raises(PublishFailed):
        publish.files(tmp_path, PATH, NEW, b"base", b"sidecar")
    assert content(tmp_path) == {}


def test_sweep(tmp_path: Path) -> None:
    """Old remains go; what is kept, young, or another photo's stays."""
    now = time.time()
    other = bytes([7] * 16)
    for version in (OLD, NEW, other):
        publish.files(tmp_path, PATH, version, b"base", b"sidecar")
    publish.files(tmp_path, PATH + ".jpg", OLD, b"base of another photo", b"sidecar")
    (tmp_path / "2026" / ".mfmc-part-party.jpg.0123456789abcdef").write_bytes(b"half")
    assert publish.sweep(tmp_path, PATH, {NEW, other}, now) == 0
    assert publish.sweep(tmp_path, PATH, {NEW, other}, now + 7200) == 3
    left = set(content(tmp_path))
    assert left == {*names(PATH, NEW), *names(PATH, other), *names(PATH + ".jpg", OLD)}


def test_killed_anywhere(tmp_path: Path) -> None:
    """Killed at each file operation in turn, the catalog names a version whose files are both there, whole."""
    script = Path(__file__).with_name("killed_publish.py")
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kills, news, olds = map(int, done.stdout.split())
    assert kills > 15
    assert news > 0
    assert olds > 0
