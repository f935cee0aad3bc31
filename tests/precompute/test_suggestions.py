"""Sealing suggests faces to enrolled people, and that is all: counted, never named, no right, nothing once they are forgotten."""

import asyncio
import json
import logging
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from edge.catalog import Catalog
from edge.catalog import Photo
from edge.catalog.publication import Naming
from edge.config import Policy
from edge.friends import NO_FRIENDS
from edge.policy import Ties
from edge.policy import decide
from edge.viewer import Viewer
from precompute import command_seal
from precompute import config
from precompute import enrolment
from precompute import people
from precompute import pipeline
from precompute import template
from precompute.claims import Claim
from precompute.claims import Named
from precompute.face import Face
from tests.precompute import looks
from tests.precompute.flat import FlatFaces
from tests.precompute.shop import CONFIG
from tests.precompute.shop import Shop

BOXES = ((20, 30, 50, 64), (120, 20, 40, 52))
FIRST = (40.0, 60.0)
PATH = "/one.jpg"
PEOPLE = '[precompute.people]\nenabled = true\nsimilarity = { "flat-a" = 0.6, "flat-b" = 0.6 }\n'


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Finding people is on; one of the two faces on every photo is that of u-canary, who is enrolled."""
    anonymiser = FlatFaces(BOXES, people=("u-canary", "u-stranger"))
    monkeypatch.setattr(command_seal.Anonymiser, "load", lambda *_: anonymiser)
    made = Shop(tmp_path, PEOPLE)
    enrol(made, "u-canary")
    return made


def enrol(shop: Shop, person: str) -> None:
    row = template.seal(looks.template(person), looks.MODELS, shop.ring, os.urandom)
    asyncio.run(enrolment.enrol(shop.settings, shop.ring, row))


def suggestions(shop: Shop) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(shop.folder / "catalog.sqlite3")) as plain:
        return plain.execute("SELECT slot, person FROM suggestion").fetchall()


def published(shop: Shop) -> Photo:
    async def ask() -> Photo | None:
        async with Catalog.open(shop.settings.catalog.url) as catalog:
            return await catalog.photo(PATH)

    photo = asyncio.run(ask())
    assert photo is not None
    return photo


class Says:
    """A finder that has its answer ready, and keeps what it was asked."""

    notes = ()

    def __init__(self, *answer: str | None) -> None:
        self.answer = list(answer)
        self.asked: list[tuple[Sequence[Face], Sequence[Named]]] = []

    def suggest(self, faces: Sequence[Face], named: Sequence[Named]) -> list[str | None]:
        self.asked.append((faces, named))
        return self.answer


def prepared(shop: Shop, finder: people.Finder, *claims: Claim) -> pipeline.Sealing:
    data = Path(shop.photo("one.jpg")).read_bytes()
    return pipeline.prepare(data, pipeline.Tools(FlatFaces(BOXES), finder), claims, bytes(32), None, "u-up")


def release(shop: Shop, sealing: pipeline.Sealing) -> None:
    pipeline.release(sealing, PATH, config.load(shop.config), shop.ring)


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
@pytest.mark.parametrize("dry", [True, False], ids=["dry-run", "published"])
def test_counted(
    shop: Shop, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, as_json: bool, dry: bool
) -> None:
    """The line tells how many faces were suggested and never to whom; a dry run writes none."""
    caplog.set_level(logging.INFO)
    options = ["--json"] * as_json + ["--dry-run"] * dry
    assert shop.seal(shop.photo("one.jpg"), *options) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["suggested"] == 1 if as_json else "2 faces, 2 swapped, 0 filled, 1 suggested" in said.out
    assert "canary" not in said.out + said.err + caplog.text
    assert [person for _, person in suggestions(shop)] == ([] if dry else ["u-canary"])


@pytest.mark.parametrize("who", ['"tag": "u-red"', '"owner": "u-red"', '"tag": "u-canary"', '"owner": "u-canary"'])
def test_not_a_claimed_face(shop: Shop, capsys: pytest.CaptureFixture[str], who: str) -> None:
    """A face that the uploader or the network says is somebody's is suggested to nobody."""
    (shop.folder / "faces.json").write_text(f'[{{"point": [40, 60], {who}}}]')
    assert shop.seal(shop.photo("one.jpg"), "--faces", shop.photo("faces.json"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["suggested"] == 0
    assert suggestions(shop) == []


def test_nobody_to_find_is_said_once(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """With nobody enrolled, photos are sealed all the same, and one note says why nobody was found."""
    assert shop.run("enrol", "u-canary", "--forget") == 0
    assert shop.seal(shop.photo("one.jpg"), shop.photo("two.jpg")) == 0
    assert capsys.readouterr().err.count(people.NO_PEOPLE) == 1
    assert suggestions(shop) == []
    assert shop.published() == ["one.jpg", "two.jpg"]


def test_off_unless_switched_on(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is off, templates are left alone and nothing is suggested."""
    shop.config.write_text(CONFIG)
    assert shop.seal(shop.photo("one.jpg"), "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["suggested"] == 0
    assert said.err == ""
    assert suggestions(shop) == []


def test_templates_are_opened_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many photos a job has, each template is opened once."""
    opened = []
    unseal = template.unseal
    monkeypatch.setattr(template, "unseal", lambda row, keys: opened.append(row.person) or unseal(row, keys))
    assert shop.seal(shop.photo("one.jpg"), shop.photo("two.jpg")) == 0
    assert opened == ["u-canary"]
    assert len(suggestions(shop)) == 2


def test_the_finder_sees_faces_and_claims(shop: Shop) -> None:
    """It is asked once a photo, about the faces as they were found and what the uploader said of them."""
    says = Says(None, None)
    prepared(shop, says, Claim(FIRST, tag="u-red"))
    ((faces, named),) = says.asked
    assert [face.box for face in faces] == list(BOXES)
    assert list(named) == [Named(tag="u-red"), Named()]


@pytest.mark.parametrize("consent", [True, False])
def test_namings(shop: Shop, consent: bool) -> None:
    """A tag is proposed where the person's consent is needed; a suggestion never is."""
    sealing = prepared(shop, Says(None, "u-blue"), Claim(FIRST, tag="u-red"))
    first, second = sealing.sealed.slots
    tags = [Naming(first, "u-red", proposed=True)] if consent else []
    assert pipeline.namings(sealing, Policy(tag_needs_consent=consent)) == [*tags, Naming(second, "u-blue", proposed=False)]


@pytest.mark.parametrize("model", ["tag", "rule", "matrix"])
def test_no_right(shop: Shop, model: str) -> None:
    """In every access model, whoever is suggested sees what a stranger sees: what is published has no trace of it."""
    release(shop, prepared(shop, Says("u-canary", None)))
    assert [person for _, person in suggestions(shop)] == ["u-canary"]
    photo, policy = published(shop), Policy(access_model=model, default_rule="everyone")  # type: ignore[arg-type]
    assert decide(photo, Viewer("u-canary", 2e9, NO_FRIENDS), Ties(), 1.0, policy) == frozenset()
    assert "u-canary" not in repr(photo)
    assert not any(b"u-canary" in file.read_bytes() for file in (shop.folder / "origin").rglob("*") if file.is_file())


def test_in_no_certificate(shop: Shop) -> None:
    """The certificate, and the repr of what was sealed, name nobody who was only suggested."""
    sealing = prepared(shop, Says("u-canary", None))
    assert "u-canary" not in pipeline.certificate(sealing, 0, None)
    assert "u-canary" not in repr(sealing)


def test_forgotten_while_the_job_ran(shop: Shop) -> None:
    """A suggestion to somebody who is no longer enrolled when the photo is published is not written; the photo is."""
    enrol(shop, "u-blue")
    sealing = prepared(shop, Says("u-canary", "u-blue"))
    asyncio.run(enrolment.forget(shop.settings, shop.ring, "u-canary"))
    release(shop, sealing)
    assert suggestions(shop) == [(sealing.sealed.slots[1], "u-blue")]
    assert len(published(shop).faces) == 2
