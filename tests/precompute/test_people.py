"""Finding people in the upload job: whom a face is suggested to, and every doubt that makes it nobody."""

import asyncio
import logging
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.errors import ConfigError
from edge.keys.ring import KeyRing
from precompute import enrolment
from precompute import people
from precompute import template as form
from precompute.claims import NOBODY
from precompute.claims import Named
from precompute.face import Face
from precompute.likeness import Likenesses
from precompute.models import Model
from precompute.models import registry
from precompute.settings import PeopleConfig
from tests.precompute.flat import face
from tests.precompute.looks import DIMENSIONS
from tests.precompute.looks import MODELS
from tests.precompute.looks import RECOGNISERS
from tests.precompute.looks import SIMILARITY
from tests.precompute.looks import FlatRecogniser
from tests.precompute.looks import Floats
from tests.precompute.looks import looks
from tests.precompute.looks import template
from tests.precompute.looks import turned
from tests.precompute.shop import Shop

ON = PeopleConfig(enabled=True, similarity=SIMILARITY, width_px=32)
WIDE = (0.0, 0.0, 50.0, 64.0)


def finder(*enrolled: str) -> people.People:
    likenesses = Likenesses(SIMILARITY, 0.05)
    likenesses.add([template(person) for person in enrolled])
    return people.People(likenesses, SIMILARITY, 32)


def seen(person: str, cosine: float = 0.8) -> dict[str, Floats]:
    """How the recognisers see this person on another photo."""
    return {name: turned(vector, cosine) for name, vector in looks(person).items()}


def suggested(who: people.Finder, *shown: tuple[Face, Named]) -> list[str | None]:
    return who.suggest([each for each, _ in shown], [named for _, named in shown])


def shows(person: str, named: Named = NOBODY, cosine: float = 0.8, **changed: object) -> tuple[Face, Named]:
    return face(changed.pop("box", WIDE), seen(person, cosine), **changed), named  # type: ignore[arg-type]


def test_found() -> None:
    """Faces of enrolled people are suggested to them, those of others to nobody."""
    faces = [shows("u-red"), shows("u-stranger"), shows("u-blue")]
    assert suggested(finder("u-blue", "u-red"), *faces) == ["u-red", None, "u-blue"]


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(shows("u-red", Named(owner="u-red")), id="owned-by-the-same"),
        pytest.param(shows("u-red", Named(owner="u-blue")), id="owned-by-another"),
        pytest.param(shows("u-red", Named(tag="u-blue")), id="tagged-as-another"),
        pytest.param(shows("u-red", box=(0, 0, 31.9, 40)), id="too-small"),
        pytest.param(shows("u-red", reason="turned too far"), id="unclear"),
        pytest.param((replace(shows("u-red")[0], yaw=46.0), Named()), id="profile"),
        pytest.param(shows("u-red", cosine=0.55), id="not-alike-enough"),
    ],
)
def test_suggested_to_nobody(shown: tuple[Face, Named]) -> None:
    """A face that a claim names, or that is not clear, or not clearly this person's, is suggested to nobody."""
    assert suggested(finder("u-red"), shown) == [None]


def test_just_wide_enough() -> None:
    """A face of exactly the least width is compared."""
    assert suggested(finder("u-red"), shows("u-red", box=(0, 0, 32, 40))) == ["u-red"]


@pytest.mark.parametrize("named", [Named(owner="u-red"), Named(tag="u-red")], ids=["owner", "tag"])
def test_named_elsewhere_on_the_photo(named: Named) -> None:
    """Whoever a claim names on the photo is on it already: a lookalike's face beside theirs is not suggested to them."""
    assert suggested(finder("u-red"), shows("u-stranger", named), shows("u-red")) == [None, None]


@pytest.mark.parametrize("order", [1, -1])
def test_once_on_a_photo(order: int) -> None:
    """Of two faces like one person, only the more alike is suggested."""
    faces = [shows("u-red", cosine=0.7), shows("u-red", cosine=0.9)][::order]
    assert suggested(finder("u-red"), *faces) == [None, "u-red"][::order]


def test_descriptors_are_not_made_again() -> None:
    """Recognisers are not asked; what the faces have is used, and only of the faces that are compared."""
    nameless = face(WIDE, {}, reason="too small")
    assert suggested(finder("u-red"), (nameless, NOBODY), shows("u-red")) == [None, "u-red"]


def test_off() -> None:
    """Unless it is switched on, nothing is suggested."""
    assert suggested(people.OFF, shows("u-red"), shows("u-blue")) == [None, None]
    assert PeopleConfig().enabled is False


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def enrol(shop: Shop, *persons: str, models: dict[str, str] = MODELS, ring: KeyRing | None = None) -> None:
    for person in persons:
        row = form.seal(template(person), models, ring or shop.ring, os.urandom)
        asyncio.run(enrolment.enrol(shop.settings, shop.ring, row))


def loaded(shop: Shop, ring: KeyRing | None) -> people.Finder:
    return people.load(ON, shop.settings.catalog.url, ring, RECOGNISERS, registry())


def test_loaded(shop: Shop) -> None:
    """Every template of the catalog that opens is looked for, and there is nothing to say about it."""
    enrol(shop, "u-red", "u-blue")
    who = loaded(shop, shop.ring)
    assert who.notes == ()
    assert suggested(who, shows("u-blue"), shows("u-red"), shows("u-green")) == ["u-blue", "u-red", None]


def test_more_than_a_page(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Templates are read page by page, and none is missed between two."""
    monkeypatch.setattr(enrolment, "PAGE", 2)
    persons = [f"u-{i}" for i in range(13)]
    enrol(shop, *persons)
    assert suggested(loaded(shop, shop.ring), *(shows(person) for person in persons)) == persons


@pytest.mark.parametrize(
    "models",
    [
        pytest.param(MODELS | {"flat-a": "0" * 64}, id="another-version"),
        pytest.param({"flat-a": MODELS["flat-a"]}, id="fewer"),
    ],
)
def test_other_models(shop: Shop, models: dict[str, str]) -> None:
    """Templates of other models are left out and counted; nobody is named."""
    enrol(shop, "u-canary", models=models)
    enrol(shop, "u-blue")
    who = loaded(shop, shop.ring)
    assert suggested(who, shows("u-canary"), shows("u-blue")) == [None, "u-blue"]
    assert who.notes == (people.OTHER_MODELS.format("there are 1 people"),)


def test_templates_that_do_not_open(shop: Shop) -> None:
    """A template that was altered, or that another ring wrapped, is left out and counted; the others are found."""
    enrol(shop, "u-canary", ring=KeyRing("other", {"other": os.urandom(32)}))
    enrol(shop, "u-blue")
    who = loaded(shop, shop.ring)
    assert suggested(who, shows("u-canary"), shows("u-blue")) == [None, "u-blue"]
    assert who.notes == (people.NOT_OPENED.format("there are 1 people"),)


def test_nobody_is_found(shop: Shop) -> None:
    """No ring that opens, no catalog, nobody enrolled, no template that opens: no suggestion, and one note that names nobody."""
    for ring, note in ((None, people.NO_RING), (shop.ring, people.NO_PEOPLE)):
        who = loaded(shop, ring)
        assert who.notes == (note,)
        assert suggested(who, shows("u-red")) == [None]
    enrol(shop, "u-red")
    who = loaded(shop, KeyRing("other", {"other": os.urandom(32)}))
    assert who.notes == (people.NOT_OPENED.format("there are 1 people"),)
    assert suggested(who, shows("u-red")) == [None]
    who = people.load(ON, "sqlite+aiosqlite:////proc/none/catalog.sqlite3", shop.ring, RECOGNISERS, registry())
    assert who.notes == (people.NO_CATALOG,)
    assert suggested(who, shows("u-red")) == [None]


def test_limits_of_the_registry() -> None:
    """Unless configured, the registry's similarities hold, and they are stricter than the certificate's."""
    models = registry()
    known = [FlatRecogniser(name, model.sha256, model.threshold) for name, model in models.items() if model.suggest]
    found = people.limits(PeopleConfig(), known, models)
    assert found == {model.name: models[model.name].suggest for model in known}
    assert all(found[recogniser.name] > recogniser.threshold + 0.1 for recogniser in known)
    assert people.limits(PeopleConfig(similarity={known[0].name: 0.7}), known, models)[known[0].name] == 0.7


@pytest.mark.parametrize(
    ("similarity", "says"),
    [
        pytest.param({}, "flat-a", id="missing"),
        pytest.param({"flat-a": 0.6}, "flat-b", id="one-missing"),
        pytest.param(SIMILARITY | {"flat-z": 0.6}, "flat-z is not among", id="unknown"),
        pytest.param(SIMILARITY | {"flat-b": 0.3}, "flat-b must be above", id="at-the-certificates-threshold"),
        pytest.param(SIMILARITY | {"flat-a": 0.0}, "flat-a must be above", id="open-to-all"),
    ],
)
def test_limits_that_cannot_be_right(similarity: dict[str, float], says: str) -> None:
    """A similarity that is missing, misspelt or too low stops the job before any photo."""
    config = PeopleConfig(enabled=True, similarity=similarity)
    models: dict[str, Model] = {}
    with pytest.raises(ConfigError, match=says):
        people.load(config, "never opened", KeyRing("k", {"k": bytes(32)}), RECOGNISERS, models)


def test_nothing_is_logged(shop: Shop, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    """Looking for people leaves no name and no number of theirs in any log or output."""
    caplog.set_level(logging.INFO)  # no program of ours switches on less
    enrol(shop, "u-canary")
    assert suggested(loaded(shop, shop.ring), shows("u-canary")) == ["u-canary"]
    said = caplog.text + "".join(capsys.readouterr())
    assert "u-canary" not in said
    for name in DIMENSIONS:
        assert not any(f"{abs(number):.4f}" in said for number in np.asarray(looks("u-canary")[name]))
