"""The registry is complete, and no byte gets past it that is not in it."""

import hashlib
import io
from pathlib import Path

import pytest

from precompute import equipment
from precompute import models
from precompute.errors import ModelMissing
from precompute.errors import ModelNotFetched
from precompute.errors import ModelRefused
from precompute.errors import UnknownModel
from precompute.models import Model
from precompute.models import ModelStore
from precompute.settings import OWN
from tests.precompute.faces.conftest import SHARED
from tests.precompute.faces.conftest import place

CONTENT = b"weights" * 100
URL = "https://models.example/tiny.onnx"


def tiny(**changes: object) -> Model:
    entry = {
        "name": "tiny", "file": "detect/tiny.onnx", "role": "detector", "licence": "MIT", "licence_source": "MIT",
        "bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest(), "contract": "none", "url": URL,
    }  # fmt: skip
    return Model(**(entry | changes))


def store(tmp_path: Path, model: Model | None = None, mirror: Path | None = None) -> ModelStore:
    return ModelStore(tmp_path / "cache", mirror, models={"tiny": model or tiny()}, environ={})


def mirrored(tmp_path: Path, content: bytes = CONTENT) -> Path:
    (tmp_path / "mirror" / "detect").mkdir(parents=True)
    (tmp_path / "mirror" / "detect" / "tiny.onnx").write_bytes(content)
    return tmp_path / "mirror"


def answering(monkeypatch: pytest.MonkeyPatch, content: bytes) -> list[str]:
    asked: list[str] = []

    def urlopen(url: str, timeout: float) -> io.BytesIO:
        asked.append(url)
        return io.BytesIO(content)

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    return asked


@pytest.mark.parametrize("model", models.registry().values(), ids=lambda model: model.name)
def test_every_model_says_all_there_is_to_say(model: Model) -> None:
    """Role, licence, hash, size and contract are there, and either an address or what it was converted from."""
    assert model.licence
    assert model.contract
    assert model.bytes > 0
    assert len(bytes.fromhex(model.sha256)) == 32
    assert (model.url is None) != (model.source is None)
    assert (model.url or model.source or "").startswith("https://") or (models.SHIPPED / model.file).is_file()
    assert (model.role == "recogniser") == (model.threshold is not None) == (model.input is not None)


def test_every_role_has_a_model() -> None:
    """The five roles can all be filled from the registry."""
    roles = {model.role for model in models.registry().values()}
    assert roles == {"detector", "landmarks", "recogniser", "attributes", "generator"}


def test_mirrored_models_are_the_registrys(tmp_path: Path) -> None:
    """Every file of the mirror, and every one that the package ships, has the registry's size and hash."""
    found = models.statuses(ModelStore(tmp_path, place(models.MIRROR_VARIABLE, SHARED / "models"), environ={}))
    assert {status.state for status in found} == {"mirrored", "shipped"}
    assert all(status.place is not None and status.place.stat().st_size == status.model.bytes for status in found)


def test_what_is_shipped(tmp_path: Path) -> None:
    """All that the default configuration needs, to the byte, under the project's licence, 40 MB at most, and no more."""
    fresh = ModelStore(tmp_path, environ={})
    shipped = {status.model.file: status for status in models.statuses(fresh) if status.state != "missing"}
    assert {status.state for status in shipped.values()} == {"shipped"}
    assert {status.model.name for status in shipped.values()} >= set(equipment.names(OWN))
    assert {file.name for file in models.SHIPPED.iterdir()} == set(shipped)
    assert {status.model.licence for status in shipped.values()} == {"Apache-2.0"}
    assert sum(status.model.bytes for status in shipped.values()) <= 40e6


def test_a_model_is_used_from_the_mirror_in_place(tmp_path: Path) -> None:
    """Without a cached file the mirror's own is used, and nothing is copied."""
    mirror = mirrored(tmp_path)
    assert store(tmp_path, mirror=mirror).path("tiny") == mirror / "detect" / "tiny.onnx"
    assert not (tmp_path / "cache").exists()


def test_the_variable_names_the_mirror(tmp_path: Path) -> None:
    """MFMC_MODEL_MIRROR comes before the configured mirror."""
    found = ModelStore(tmp_path, tmp_path / "other", environ={models.MIRROR_VARIABLE: str(tmp_path / "mirror")})
    assert found.mirror == tmp_path / "mirror"


def test_the_hash_is_checked_once(tmp_path: Path) -> None:
    """A verified file is not read again in the same process."""
    mirror = mirrored(tmp_path)
    opened = store(tmp_path, mirror=mirror)
    first = opened.path("tiny")
    first.write_bytes(b"changed later")
    assert opened.path("tiny") == first


@pytest.mark.parametrize(
    "content", [b"", CONTENT[:-1], CONTENT + b"x", b"x" + CONTENT[1:]], ids=["empty", "short", "long", "changed"]
)
def test_other_bytes_are_refused(content: bytes, tmp_path: Path) -> None:
    """A file with any other content is never loaded, and pulling does not spread it."""
    opened = store(tmp_path, mirror=mirrored(tmp_path, content))
    with pytest.raises(ModelRefused, match="SHA-256"):
        opened.path("tiny")
    with pytest.raises(ModelRefused):
        models.pull(opened)
    assert [status.state for status in models.statuses(opened)] == ["refused"]


def test_a_missing_model_says_what_to_run(tmp_path: Path) -> None:
    """The error names the command and the variable."""
    with pytest.raises(ModelMissing, match=r"mfmc-precompute models pull.*MFMC_MODEL_MIRROR"):
        store(tmp_path).path("tiny")


def test_an_unknown_model_says_where_names_are(tmp_path: Path) -> None:
    """A name that the registry does not have is an error with the command that lists names."""
    with pytest.raises(UnknownModel, match="models list"):
        store(tmp_path).path("huge")


def test_pull_prefers_the_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the mirror has is not asked of the network."""
    asked = answering(monkeypatch, CONTENT)
    pulled = models.pull(store(tmp_path, mirror=mirrored(tmp_path)))
    assert [status.state for status in pulled] == ["cached"]
    assert asked == []


def test_pull_fetches_and_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address's bytes end in the cache folder, once."""
    asked, told = answering(monkeypatch, CONTENT), []
    opened = store(tmp_path)
    for _ in range(2):
        models.pull(opened, ["tiny"], lambda *progress: told.append(progress))
    assert opened.path("tiny").read_bytes() == CONTENT
    assert asked == [URL]
    assert told[-1] == ("tiny", len(CONTENT), len(CONTENT))


@pytest.mark.parametrize(
    ("content", "error"),
    [(CONTENT[:-1], ModelRefused), (CONTENT + b"x", ModelNotFetched), (b"<html>", ModelRefused)],
    ids=["short", "long", "a page"],
)
def test_a_wrong_answer_leaves_nothing_behind(
    content: bytes, error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a half nor a false model, nor a temporary file, stays in the cache folder."""
    answering(monkeypatch, content)
    with pytest.raises(error):
        models.pull(store(tmp_path))
    assert [file for file in (tmp_path / "cache").rglob("*") if file.is_file()] == []


def test_a_dead_address_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Network errors name the mirror as the way out."""

    def urlopen(url: str, timeout: float) -> io.BytesIO:
        raise OSError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    with pytest.raises(ModelNotFetched, match=r"no route to host.*MFMC_MODEL_MIRROR"):
        models.pull(store(tmp_path))


@pytest.mark.parametrize(
    ("model", "said"),
    [(tiny(url=None, source="https://origin.example"), "only a mirror"), (tiny(url="file:///etc/passwd"), "not https")],
    ids=["converted", "not https"],
)
def test_models_without_an_address_cannot_be_fetched(model: Model, said: str, tmp_path: Path) -> None:
    """A converted model says that only a mirror has it; other schemes than https are not followed."""
    with pytest.raises(ModelNotFetched, match=said):
        models.pull(store(tmp_path, model))
