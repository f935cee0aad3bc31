"""``mfmc-edge faces``: every operation by hand, for people to read and for programs."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy import text

from edge.__main__ import main
from edge.catalog import Catalog
from edge.catalog import schema
from edge.catalog.publication import publish
from edge.control import listing
from edge.control.command import example
from edge.control.operations import OPERATIONS
from edge.control.operations import Operation
from edge.errors import Unavailable
from tests.control.desk import PHOTO
from tests.control.desk import Desk
from tests.control.desk import photo

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command against a catalog with u-red's face and nobody's: exit code, stdout, stderr."""
    desk = Desk(tmp_path)
    desk.configure({}, model="matrix")

    async def published() -> None:
        async with Catalog.open(desk.settings.catalog.url) as catalog:
            await publish(catalog, photo({1: "u-red", 2: None}))

    asyncio.run(published())

    def running(*argv: str) -> tuple[int, str, str]:
        try:
            code = main([*argv, "--config", str(tmp_path / "config.toml")])
        except SystemExit as stop:
            code = int(stop.code or 0)
        out = capsys.readouterr()
        return code, out.out, out.err

    return running


REFUSED_AS_OPERATOR = {"show", "hide"}  # the matrix model has no such thing
MISSING = {"grant"}  # nobody asked


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation(run: Run, operation: Operation) -> None:
    """The example in the help of each command is one that works, and so is ``--json``."""
    code, out, err = run("faces", operation.name, "--help")
    assert code == 0
    assert operation.summary in re.sub(r"\s+", " ", out)
    words = example(operation).removeprefix("mfmc-edge ").split(" ")
    assert " ".join(words) in re.sub(r"\s+", " ", out)
    if operation.name in REFUSED_AS_OPERATOR | MISSING:
        assert run(*words)[0] == 1
        return
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    assert out
    code, out, err = run(*words, "--json")
    if operation.name == "delete-photo":
        assert (code, out, err) == (1, "", "mfmc-edge: There is no such thing.\n")
    else:
        assert (code, err) == (0, "")
        assert isinstance(json.loads(out), dict)


def test_the_life_of_a_tag(run: Run) -> None:
    """The uploader and the person act under their names, with their rights and no more."""
    assert run("faces", "tag", PHOTO, "2", "u-ann", "--as", "u-blue")[0] == 0
    assert run("faces", "inbox", "u-ann", "--as", "u-ann")[1] == (
        "tags:\n  photo         face\n  /2026/t1.jpg  2\nsuggestions: none\nclaims: none\nrequests: none\n"
    )
    refused = run("faces", "answer", PHOTO, "2", "u-ann", "yes", "--as", "u-eve")
    assert refused == (1, "", "mfmc-edge: You have no right to do this.\n")
    assert "yours   yes" in run("faces", "answer", PHOTO, "2", "u-ann", "yes", "--as", "u-ann")[1]
    assert run("faces", "tag", PHOTO, "2", "u-eve", "--as", "u-blue") == (1, "", "mfmc-edge: The face has an owner already.\n")
    shown = run("faces", "list", PHOTO)[1].split("\n")
    assert shown[0].split() == ["photo", "/2026/t1.jpg"]
    assert shown[6].split()[:3] == ["face", "box", "owner"]
    assert shown[7].split()[:6] == ["1", "10", "5", "8", "9", "u-red"]
    assert shown[8].split()[:6] == ["2", "20", "5", "8", "9", "u-ann"]


def test_rules(run: Run) -> None:
    """A rule for everywhere, and another for one photo."""
    assert run("faces", "rule", "u-red", "friends group:family") == (0, "done\n", "")
    assert run("faces", "show-rule", "u-red")[1] == "rule      friends group:family\nin_force  friends group:family\n"
    assert run("faces", "override", PHOTO, "u-red", "nobody")[0] == 0
    assert json.loads(run("faces", "look", PHOTO, "1", "--json")[1])["rule"] == "nobody"
    assert run("faces", "override", PHOTO, "u-eve", "nobody")[0] == 1
    assert run("faces", "group", "u-red", "family", "u-ann")[0] == 0
    assert run("faces", "groups", "u-red")[1] == "groups:\n  family  u-ann\n"


def test_conditions(run: Run) -> None:
    """A change with an ETag that is not the face's is not made."""
    tag = json.loads(run("faces", "look", PHOTO, "1", "--json")[1])["etag"]
    assert run("faces", "lock", PHOTO, "1", "--if-match", '"x"') == (1, "", "mfmc-edge: It has changed since; look again.\n")
    assert run("faces", "lock", PHOTO, "1", "--if-match", tag)[0] == 0
    assert run("faces", "lock", PHOTO, "1", "--if-match", tag)[0] == 1


MISUNDERSTOOD = [
    ["faces"], ["faces", "nothing"], ["faces", "list"], ["faces", "list", "2026/t1.jpg"], ["faces", "list", "/2026/../t1.jpg"],
    ["faces", "list", "/-/health"], ["faces", "look", PHOTO, "01"],
    ["faces", "look", PHOTO, "-1"], ["faces", "look", PHOTO, "10000"],
    ["faces", "inbox", "u red"], ["faces", "inbox", ""], ["faces", "inbox", "u-red", "--as", "ü"],
    ["faces", "assign", PHOTO, "1", "u'"],
    ["faces", "answer", PHOTO, "1", "u-red", "maybe"], ["faces", "answer", PHOTO, "1", "u-red", ""],
    ["faces", "answer", PHOTO, "1", "u-red"],
    ["faces", "rule", "u-red", "nobody friends"], ["faces", "rule", "u-red", "Friends"],
    ["faces", "rule", "u-red", "friends", "everyone"],
    ["faces", "group", "u-red", "Family", "u-ann"], ["rule", "u-red", "friends"],
    ["faces", "rule", "u-red", "friends", "--if-match", "x"],
    ["catalog"], ["catalog", "downgrade"],
]  # fmt: skip


@pytest.mark.parametrize("argv", MISUNDERSTOOD, ids=" ".join)
def test_misunderstood(run: Run, argv: list[str]) -> None:
    """What is not understood ends with 2, before anything is opened, and prints nothing on stdout."""
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    assert "error: " in err


def test_what_cannot_be_opened(run: Run, tmp_path: Path) -> None:
    """Without a usable ring, configuration or catalog a command ends with 1 and one line that tells no secret."""
    ring = (tmp_path / "ring.toml").read_text()
    (tmp_path / "ring.toml").chmod(0o644)
    assert run("faces", "lock", PHOTO, "1")[0] == 1
    (tmp_path / "ring.toml").chmod(0o600)
    (tmp_path / "ring.toml").write_text(ring.replace("= \"", "= \"A", 2))
    code, out, err = run("faces", "lock", PHOTO, "1")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert ring.rsplit('"', 2)[1][:20] not in err
    (tmp_path / "catalog.sqlite3").write_bytes(b"no database" * 1_000)
    code, out, err = run("faces", "lock", PHOTO, "1")
    assert (code, out) == (1, "")
    assert err == f"mfmc-edge: catalog.url: {Unavailable.advice}\n"


def test_the_operator_is_in_the_log(run: Run, tmp_path: Path) -> None:
    """What an operator does is logged as the operator's, and what they do as a person as that person's."""
    run("faces", "lock", PHOTO, "1")
    run("faces", "veto", PHOTO, "1", "--as", "u-red")
    engine = create_engine(f"sqlite:///{tmp_path / 'catalog.sqlite3'}")
    with engine.connect() as connection:
        actors = connection.execute(text("SELECT actor FROM audit ORDER BY number")).scalars().all()
    engine.dispose()
    assert actors[0] == "operator"
    assert re.fullmatch("[0-9a-f]{32}", actors[1])


def test_catalog_upgrade(run: Run, tmp_path: Path) -> None:
    """An older catalog is brought here, a current one is left alone, and a newer one is refused."""
    assert run("catalog", "upgrade") == (0, f"catalog: {schema.HEAD} already\n", "")
    (tmp_path / "catalog.sqlite3").unlink()
    for left in tmp_path.glob("catalog.sqlite3-*"):
        left.unlink()
    assert run("catalog", "upgrade") == (0, f"catalog: empty -> {schema.HEAD}\n", "")
    engine = create_engine(f"sqlite:///{tmp_path / 'catalog.sqlite3'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    code, out, err = run("catalog", "upgrade")
    assert (code, out) == (1, "")
    assert "newer version" in err


def test_listing() -> None:
    """Scalars, lists, tables, nothing and what is within are each shown so that people can read them."""
    content = {
        "photo": "/a.jpg", "none": None, "yes": True, "box": [1, 2, 3, 4],
        "rights": ["ask", "claim"], "tag": {"proposed": True, "answer": ""},
        "tags": [{"person": "u-a", "proposed": True, "answer": ""}, {"person": "u-long", "proposed": False, "answer": "yes"}],
        "blocked": ["u-a", "u-b"], "groups": {"family": ["u-a", "u-b"], "empty": []}, "requests": [],
        "faces": [
            {"face": 1, "etag": "x", "tags": [{"person": "u-a", "proposed": True}]},
            {"face": 2, "yours": True, "tags": []},
        ],
    }  # fmt: skip
    assert listing.text(content) == (
        "photo   /a.jpg\nnone    -\nyes     yes\nbox     1 2 3 4\nrights  ask claim\ntag     proposed\n"
        "tags:\n  person  proposed  answer\n  u-a     yes\n  u-long  no        yes\n"
        "blocked:\n  u-a\n  u-b\n"
        "groups:\n  family  u-a u-b\n  empty   -\n"
        "requests: none\n"
        "faces:\n  face  tags          yours\n  1     u-a proposed\n  2     -             yes\n"
    )
    assert listing.text({}) == "done\n"
