"""The model by which the edge is judged, and the pictures it is judged on, judged themselves."""

from hashlib import sha256

import pytest

from edge.render import sealed as form
from tests.access import pictures
from tests.access.changes import Asked
from tests.access.model import Face
from tests.access.model import Kind
from tests.access.model import Model
from tests.access.model import Photo
from tests.access.operations import SERVICE
from tests.access.operations import perform

EVERYBODY = {0, 1, 2, 3}


def model(kind: Kind = "rule", *faces: Face, **policy: str) -> Model:
    """u-up's photo with these faces."""
    return Model(kind, photos={0: Photo("u-up", list(faces))}, **policy)  # type: ignore[arg-type]


def test_green_blue_and_red() -> None:
    """The seed's example: green is fake for all, blue for none, red is real to red's friends; each sees self."""
    at = model("rule", Face("u-green"), Face("u-blue"), Face("u-red"), Face())
    at.rules = {"u-green": {"nobody"}, "u-blue": {"everyone"}, "u-red": {"friends"}}
    assert at.sees(0, None, ()) == at.sees(0, "u-eve", ()) == at.sees(0, "u-up", ()) == {1}
    assert at.sees(0, "u-eve", ["u-red", "u-green"]) == {1, 2}
    assert (at.sees(0, "u-green", ()), at.sees(0, "u-red", ())) == ({0, 1}, {1, 2})


def test_a_tagged_face_is_for_all() -> None:
    """In the tag model a face is real once the uploader says so and its owner is known, and a lock hides it from all."""
    at = model("tag", Face("u-red", shown=True), Face("u-blue"), Face(shown=True), Face("u-tom", shown=True, locked=True))
    assert at.sees(0, None, ()) == {0}
    assert at.sees(0, "u-tom", ()) == {0}
    at.tag_audience, at.blocks = "members", {("u-red", "u-eve")}
    assert (at.sees(0, None, ()), at.sees(0, "u-eve", ()), at.sees(0, "u-ann", ())) == (set(), set(), {0})
    at.vetoes = {(0, "u-red")}
    assert (at.sees(0, "u-ann", ()), at.sees(0, "u-red", ())) == (set(), {0})


def test_relations_and_groups() -> None:
    """In the matrix model the owner names viewers and groups of their own, and an override holds on its photo alone."""
    at = model("matrix", Face("u-red"), Face("u-blue"))
    at.photos[1] = Photo("u-up", [Face("u-red")])
    at.rules = {"u-red": {"user:u-eve", "group:family"}}
    at.groups = {("u-red", "family"): {"u-ann"}, ("u-blue", "family"): {"u-tom"}}
    at.overrides = {(1, "u-red"): {"nobody"}}
    seen = [at.sees(0, who, ()) for who in ("u-eve", "u-ann", "u-tom", None)]
    assert seen == [{0}, {0}, set(), set()]
    assert at.sees(1, "u-eve", ()) == set()


def test_both_sides_must_agree() -> None:
    """A tag and a yes make an owner in either order; one of them alone, or a no, makes none."""
    for first, second in (("tag", "answer"), ("claim", "tag")):
        at = model("tag", Face())
        for name in (first, second):
            caller = "u-up" if name == "tag" else "u-red"
            assert perform(at, Asked(name, caller, person="u-red", said="yes")) == {200}
            assert (at.photos[0].faces[0].owner == "u-red") == (name == second)
    assert perform(at, Asked("answer", "u-red", person="u-red", said="no")) == {200}
    assert perform(at, Asked("tag", "u-up", person="u-red")) == {200}
    assert at.photos[0].faces[0].owner is None


def test_restrictions_outlive_the_photo() -> None:
    """A lock ends with the unlock alone; in the place of an erased face each edition starts locked until the same."""
    at = model("rule", Face("u-red"), Face("u-blue"), default_rule="everyone")
    owners: list[str | None] = ["u-red", "u-blue"]
    for asked in (Asked("erase", "u-red"), Asked("lock", SERVICE, face=1), Asked("delete-photo", "u-up")):
        assert perform(at, asked) in ({200}, {204})
    for times in (1, 2):
        at.publish(0, "u-up", owners, {}, {})
        assert at.sees(0, "u-red", ()) == ({1} if times == 2 else set())
        for face in (0, 1):
            assert perform(at, Asked("unlock", SERVICE, face=face)) == {200}
        assert at.sees(0, None, ()) == {0, 1}


REFUSED = [
    pytest.param(Asked("lock", "u-red"), {403}, id="not-a-service"),
    pytest.param(Asked("veto", "u-eve"), {403}, id="not-the-owner"),
    pytest.param(Asked("tag", "u-red", person="u-red"), {403}, id="not-the-uploader"),
    pytest.param(Asked("tag", "u-up", person="u-eve"), {409}, id="has-an-owner"),
    pytest.param(Asked("claim", "u-eve", person="u-tom"), {403}, id="in-another-name"),
    pytest.param(Asked("show", "u-up"), {409}, id="not-in-this-model"),
    pytest.param(Asked("veto", None), {401}, id="no-token"),
    pytest.param(Asked("veto", SERVICE, photo=3), {404}, id="no-such-photo"),
    pytest.param(Asked("override", "u-eve", person="u-eve", said="friends"), {404}, id="not-on-the-photo"),
    pytest.param(Asked("grant", "u-red", person="u-eve", said="yes"), {404}, id="nobody-asked"),
]


@pytest.mark.parametrize(("asked", "wanted"), REFUSED)
def test_refused(asked: Asked, wanted: set[int]) -> None:
    """Who may not, and what does not fit, is told so, and nothing changes."""
    at = model("matrix", Face("u-red"))
    before = repr(at)
    assert perform(at, asked) == wanted
    assert repr(at) == before


@pytest.mark.parametrize("photo", pictures.PHOTOS)
def test_pictures(photo: int) -> None:
    """A base shows four fakes and its skeleton four originals, and no colour of an edition is one of another."""
    colours: set[pictures.Colour] = set()
    for number in range(pictures.EDITIONS):
        made = pictures.edition(photo, number)
        assert pictures.shown(made.sealed.base, photo, number) == set()
        assert pictures.shown(made.sealed.skeleton, photo, number) == EVERYBODY
        colours |= {pictures.colour(photo, number, face, real=real) for face in EVERYBODY for real in (True, False)}
    assert len(colours) == pictures.EDITIONS * 2 * pictures.FACES
    with pytest.raises(AssertionError):
        pictures.shown(made.sealed.base, photo, number - 1)


def test_neighbours_share_patches() -> None:
    """Two of the photos have faces that share restart intervals, so that a patch needs the keys of both."""
    shared = []
    for photo in pictures.PHOTOS:
        made = pictures.first(photo).sealed
        parsed = form.parse(
            made.sidecar, made.directory_key, photo_id=made.photo_id, version=made.version,
            base_sha256=sha256(made.base).digest(), base_size=len(made.base),
        )  # fmt: skip
        shared.append(any(len(group.shown) == 2 for group in parsed.groups))
    assert shared == [False, False, False, True, True]
