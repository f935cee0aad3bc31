"""Operations: who gets a face when two sides agree, what hides it again, and that every change leaves its traces."""

import asyncio
import itertools
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy import select

from edge.catalog import Catalog
from edge.catalog import tables
from edge.catalog.publication import Naming
from edge.control.operations import OPERATIONS
from edge.errors import Forbidden
from edge.errors import HasOwner
from edge.errors import NotFound
from edge.errors import Refusal
from edge.errors import Stale
from edge.errors import TooMany
from edge.errors import Unprocessable
from edge.errors import WrongModel
from tests.control.offline import Desk
from tests.control.offline import desk

YES, NO = {"answer": "yes"}, {"answer": "no"}


async def test_tag_and_consent(catalog: Catalog) -> None:
    """A tagged face is real for all only once the person consents; refusing or untagging makes it synthetic again."""
    async with desk(catalog, access_model="tag") as at:
        await at.publish(None)
        await at.do("tag", "u-up", face=0, person="u-red")
        assert await at.sees() == await at.sees("u-red") == frozenset()
        await at.do("answer", "u-red", face=0, person="u-red", body=YES)
        assert await at.sees() == await at.sees("u-red") == {0}
        await at.do("untag", "u-up", face=0, person="u-red")
        assert (await at.sees(), await at.sees("u-red")) == (frozenset(), {0})
        await at.do("tag", "u-up", face=0, person="u-red")
        assert await at.sees() == {0}
        await at.do("answer", "u-red", face=0, person="u-red", body=NO)
        assert await at.sees() == await at.sees("u-red") == frozenset()
        await at.do("tag", "u-up", face=0, person="u-red")
        assert await at.sees() == frozenset()
        assert await at.actions() == ["tag", "consent", "untag", "tag", "refuse", "tag"]


async def test_claim_first(catalog: Catalog) -> None:
    """A claim alone shows nothing to the claimant; the uploader's tag confirms it."""
    async with desk(catalog) as at:
        await at.publish(None)
        await at.do("claim", "u-eve", face=0, person="u-eve")
        assert await at.sees("u-eve") == frozenset()
        await at.do("claim", "u-red", face=0, person="u-red")
        await at.do("tag", "u-up", face=0, person="u-red")
        assert await at.sees("u-red") == {0}
        assert await at.sees("u-eve") == frozenset()
        with pytest.raises(HasOwner):
            await at.do("tag", "u-up", face=0, person="u-eve")
        await at.do("withdraw", "u-red", face=0, person="u-red")
        assert await at.sees("u-red") == frozenset()


async def test_without_consent(catalog: Catalog) -> None:
    """Where no consent is needed a tag is enough, but never against a "no"."""
    async with desk(catalog, access_model="tag", tag_needs_consent=False) as at:
        await at.publish(None)
        await at.do("tag", "u-up", face=0, person="u-red")
        assert await at.sees() == {0}
        await at.do("withdraw", "u-red", face=0, person="u-red")
        await at.do("tag", "u-up", face=0, person="u-red")
        assert await at.sees() == await at.sees("u-red") == frozenset()
        await at.do("claim", "u-red", face=0, person="u-red")
        assert await at.sees() == {0}


async def test_untag_leaves_the_owner(catalog: Catalog) -> None:
    """An uploader cannot take a face away from whoever consented to it."""
    async with desk(catalog) as at:
        await at.publish("u-red")
        await at.do("untag", "u-up", face=0, person="u-red")
        assert await at.sees("u-red") == {0}
        assert await at.actions() == []


async def test_unlock_by_the_uploader(catalog: Catalog) -> None:
    """In the tag model others ask, the uploader unlocks and locks again; a veto of the owner beats all of it."""
    async with desk(catalog, access_model="tag") as at:
        await at.publish("u-red", "u-blue")
        await at.do("ask", "u-eve", face=0, person="u-eve")
        assert await at.sees("u-eve") == frozenset()
        await at.do("grant", "u-up", face=0, person="u-eve", body=YES)
        assert await at.sees() == await at.sees("u-eve") == {0}
        await at.do("hide", "u-up", face=0)
        assert await at.sees("u-eve") == frozenset()
        await at.do("show", "u-up", face=1)
        assert await at.sees() == {1}
        await at.do("veto", "u-blue", face=1)
        assert (await at.sees(), await at.sees("u-up"), await at.sees("u-blue")) == (frozenset(), frozenset(), {1})
        await at.do("hide", "u-up", face=1)
        await at.do("show", "u-up", face=1)
        assert await at.sees() == frozenset()
        await at.do("unveto", "u-blue", face=1)
        assert await at.sees() == {1}


async def test_declined(catalog: Catalog) -> None:
    """A declined request shows nothing, and asking again does not bring it back on the table."""
    async with desk(catalog, access_model="tag") as at:
        await at.publish("u-red")
        await at.do("ask", "u-eve", face=0, person="u-eve")
        await at.do("grant", "u-up", face=0, person="u-eve", body=NO)
        await at.do("ask", "u-eve", face=0, person="u-eve")
        assert await at.sees("u-eve") == frozenset()
        assert (await at.do("inbox", "u-up", person="u-up")).content["requests"] == []
        assert (await at.do("look", "u-eve", face=0)).content["request"] == "no"
        await at.do("unask", "u-eve", face=0, person="u-eve")
        with pytest.raises(NotFound):
            await at.do("grant", "u-up", face=0, person="u-eve", body=YES)


async def test_a_no_takes_a_yes_back(catalog: Catalog) -> None:
    """In the tag model a "no" after a "yes" hides the face like ``hide``; a "no" that takes nothing back leaves it shown."""
    async with desk(catalog, access_model="tag") as at:
        await at.publish("u-red")
        for who in ("u-eve", "u-tom", "u-ann"):
            await at.do("ask", who, face=0, person=who)
        for who in ("u-eve", "u-tom"):
            await at.do("grant", "u-up", face=0, person=who, body=YES)
        await at.do("grant", "u-up", face=0, person="u-ann", body=NO)
        assert await at.sees() == {0}
        before = await at.epochs()
        await at.do("grant", "u-up", face=0, person="u-eve", body=NO)
        assert await at.sees() == await at.sees("u-eve") == await at.sees("u-tom") == frozenset()
        assert await at.epochs() > before
        requests = (await at.do("look", face=0)).content["requests"]
        assert [(one.person, one.answer) for one in requests] == [("u-ann", "no"), ("u-eve", "no")]
        await at.do("show", "u-up", face=0)
        await at.do("grant", "u-up", face=0, person="u-eve", body=NO)
        assert await at.sees() == {0}
        assert (await at.actions())[3:] == ["grant", "grant", "decline", "decline", "show"]


async def test_granted_again_after_it_was_undone(catalog: Catalog) -> None:
    """A request that was granted may be granted again where that was undone since; where it was not, nothing happens."""
    async with desk(catalog, access_model="tag") as at:
        await at.publish("u-red")
        await at.do("ask", "u-eve", face=0, person="u-eve")
        await at.do("grant", "u-up", face=0, person="u-eve", body=YES)
        await at.do("untag", "u-up", face=0, person="u-red")
        assert await at.sees("u-eve") == frozenset()
        await at.do("grant", "u-up", face=0, person="u-eve", body=YES)
        assert await at.sees("u-eve") == {0}
        await at.do("grant", "u-up", face=0, person="u-eve", body=YES)
        assert await at.actions() == ["ask", "grant", "untag", "grant"]


async def test_granted_again_by_the_next_owner(catalog: Catalog) -> None:
    """What an owner before granted, the next one may grant as well, and again after clearing the override (matrix model)."""
    async with desk(catalog, access_model="matrix") as at:
        await at.publish("u-red")
        await at.do("ask", "u-eve", face=0, person="u-eve")
        await at.do("grant", "u-red", face=0, person="u-eve", body=YES)
        await at.do("assign", face=0, body={"person": "u-blue"})
        assert await at.sees("u-eve") == frozenset()
        await at.do("grant", "u-blue", face=0, person="u-eve", body=YES)
        assert await at.sees("u-eve") == {0}
        await at.do("clear-override", "u-blue", person="u-blue")
        assert await at.sees("u-eve") == frozenset()
        await at.do("grant", "u-blue", face=0, person="u-eve", body=YES)
        assert await at.sees("u-eve") == {0}


async def test_a_grant_follows_the_rule(catalog: Catalog) -> None:
    """A grant adds just whoever asked, on just this photo: for everybody else a rule that comes later holds there too."""
    async with desk(catalog, access_model="matrix") as at:
        for path in ("/t1.jpg", "/t2.jpg"):
            await at.publish("u-red", path=path)
        await at.do("rule", "u-red", person="u-red", body={"rule": "friends user:u-tom"})
        await at.do("ask", "u-eve", face=0, person="u-eve")
        await at.do("grant", "u-red", face=0, person="u-eve", body=YES)
        assert await at.sees("u-eve") == await at.sees("u-tom") == await at.sees("u-ann", "u-red") == {0}
        mine = (await at.do("look", "u-red", face=0)).content
        assert (mine["rule"], mine["granted"], mine["declined"]) == ("friends user:u-tom", ["user:u-eve"], [])
        await at.do("rule", "u-red", person="u-red", body={"rule": "nobody"})
        assert (await at.sees("u-tom"), await at.sees("u-ann", "u-red")) == (frozenset(), frozenset())
        assert (await at.sees("u-eve"), await at.sees("u-eve", path="/t2.jpg")) == ({0}, frozenset())
        await at.do("rule", "u-red", person="u-red", body={"rule": "everyone"})
        assert await at.sees() == {0}
        await at.do("grant", "u-red", face=0, person="u-eve", body=NO)
        await at.do("rule", "u-red", person="u-red", body={"rule": "nobody"})
        assert await at.sees("u-eve") == frozenset()


async def test_a_no_follows_the_rule(catalog: Catalog) -> None:
    """A "no" to somebody whom the rule names leaves out just them, on just this photo, and an override starts anew."""
    async with desk(catalog, access_model="matrix") as at:
        for path in ("/t1.jpg", "/t2.jpg"):
            await at.publish("u-red", path=path)
        await at.do("rule", "u-red", person="u-red", body={"rule": "user:u-eve user:u-tom"})
        await at.do("ask", "u-eve", face=0, person="u-eve")
        await at.do("grant", "u-red", face=0, person="u-eve", body=NO)
        assert [await at.sees("u-eve"), await at.sees("u-tom"), await at.sees("u-eve", path="/t2.jpg")] == [frozenset(), {0}, {0}]
        await at.do("rule", "u-red", person="u-red", body={"rule": "user:u-eve"})
        assert await at.sees("u-eve") == await at.sees("u-tom") == frozenset()
        await at.do("grant", "u-red", face=0, person="u-eve", body=YES)
        assert await at.sees("u-eve") == {0}
        await at.do("grant", "u-red", face=0, person="u-eve", body=NO)
        await at.do("override", "u-red", person="u-red", body={"rule": "user:u-eve"})
        assert await at.sees("u-eve") == {0}
        assert (await at.do("look", face=0)).content["declined"] == []


@pytest.mark.parametrize("body", [{"rule": "nobody"}, None], ids=["override", "clear-override"])
async def test_an_override_ends_grants(catalog: Catalog, body: dict[str, Any] | None) -> None:
    """Whatever an owner says of a photo as a whole replaces what was granted there, also where the rule itself stays."""
    async with desk(catalog, access_model="matrix") as at:
        await at.publish("u-red")
        await at.do("override", "u-red", person="u-red", body={"rule": "nobody"})
        if body is None:
            await at.do("clear-override", "u-red", person="u-red")
        await at.do("ask", "u-eve", face=0, person="u-eve")
        await at.do("grant", "u-red", face=0, person="u-eve", body=YES)
        assert await at.sees("u-eve") == {0}
        before = await at.epochs()
        await at.do("override" if body else "clear-override", "u-red", person="u-red", body=body)
        assert await at.sees("u-eve") == frozenset()
        assert await at.epochs() > before


async def test_grants_are_bounded(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner grants one photo to so many viewers and no more; declining is never too many."""
    monkeypatch.setattr("edge.control.rule.MAX_SUBJECTS", 2)
    async with desk(catalog, access_model="matrix") as at:
        await at.publish("u-red")
        for who in ("a", "b", "c"):
            await at.do("ask", who, face=0, person=who)
        for who in ("a", "b"):
            await at.do("grant", "u-red", face=0, person=who, body=YES)
        with pytest.raises(TooMany):
            await at.do("grant", "u-red", face=0, person="c", body=YES)
        await at.do("grant", "u-red", face=0, person="a", body=NO)
        await at.do("grant", "u-red", face=0, person="c", body=YES)
        assert [await at.sees(who) for who in ("a", "b", "c")] == [frozenset(), {0}, {0}]


async def test_rules(catalog: Catalog) -> None:
    """A rule holds everywhere, an override on its photo, and without it the rule again."""
    async with desk(catalog) as at:
        await at.publish("u-red", None)
        await at.do("rule", "u-red", person="u-red", body={"rule": "friends"})
        assert await at.sees("u-eve", "u-red") == {0}
        await at.do("override", "u-red", person="u-red", body={"rule": "nobody"})
        assert await at.sees("u-eve", "u-red") == frozenset()
        await at.do("rule", "u-red", person="u-red", body={"rule": "everyone"})
        assert await at.sees() == frozenset()
        await at.do("clear-override", "u-red", person="u-red")
        assert await at.sees() == {0}
        assert (await at.do("show-rule", "u-red", person="u-red")).content == {"rule": "everyone", "in_force": "everyone"}
        assert (await at.do("show-rule", "u-blue", person="u-blue")).content == {"rule": None, "in_force": "nobody"}
        with pytest.raises(NotFound):
            await at.do("override", "u-blue", person="u-blue", body={"rule": "everyone"})


async def test_matrix(catalog: Catalog) -> None:
    """Named viewers and groups see the face, blocked ones do not, a grant reaches one more on this photo alone."""
    async with desk(catalog, access_model="matrix") as at:
        await at.publish("u-red")
        await at.publish("u-red", path="/t2.jpg")
        await at.do("rule", "u-red", person="u-red", body={"rule": "user:u-eve group:family"})
        await at.do("group", "u-red", person="u-red", group="family", member="u-mum")
        await at.do("group", "u-blue", person="u-blue", group="family", member="u-tom")
        assert [await at.sees(who) for who in ("u-eve", "u-mum", "u-tom", None)] == [{0}, {0}, frozenset(), frozenset()]
        await at.do("ask", "u-tom", face=0, person="u-tom")
        waiting = (await at.do("inbox", "u-red", person="u-red")).content["requests"]
        assert waiting == [{"photo": "/t1.jpg", "face": 0, "person": "u-tom"}]
        await at.do("grant", "u-red", face=0, person="u-tom", body=YES)
        assert [await at.sees(who) for who in ("u-eve", "u-mum", "u-tom")] == [{0}] * 3
        assert await at.sees("u-tom", path="/t2.jpg") == frozenset()
        await at.do("block", "u-red", person="u-red", member="u-mum")
        assert [await at.sees(who) for who in ("u-eve", "u-mum", "u-tom")] == [{0}, frozenset(), {0}]
        await at.do("unblock", "u-red", person="u-red", member="u-mum")
        await at.do("ungroup", "u-red", person="u-red", group="family", member="u-mum")
        assert await at.sees("u-mum") == frozenset()
        await at.do("grant", "u-red", face=0, person="u-tom", body=NO)
        assert [await at.sees(who) for who in ("u-eve", "u-tom")] == [{0}, frozenset()]
        await at.do("group", "u-red", person="u-red", group="family", member="u-mum")
        await at.do("drop-group", "u-red", person="u-red", group="family")
        assert await at.sees("u-mum") == frozenset()
        assert (await at.do("groups", "u-red", person="u-red")).content == {"groups": {}}


@pytest.mark.parametrize(
    ("model", "rule", "wanted"),
    [
        ("rule", "friends", "friends"),
        ("rule", "user:u-eve", WrongModel),
        ("rule", "everyone friends", WrongModel),
        ("tag", "everyone", WrongModel),
        ("matrix", "user:u-eve group:family friends", "friends group:family user:u-eve"),
        ("matrix", "friends friends", "friends"),
        ("matrix", "nobody friends", Unprocessable),
        ("matrix", "members", Unprocessable),
        ("matrix", "friends  everyone", Unprocessable),
        ("matrix", " friends", Unprocessable),
        ("matrix", "user:", Unprocessable),
        ("matrix", "user:a b", Unprocessable),
        ("matrix", "group:Family", Unprocessable),
        ("matrix", "group:-x", Unprocessable),
        ("matrix", "FRIENDS", Unprocessable),
        ("matrix", " ".join(f"user:u{number}" for number in range(201)), Unprocessable),
    ],
)
async def test_spelling_of_rules(catalog: Catalog, model: str, rule: str, wanted: Any) -> None:
    """A rule is kept in one spelling, and what is none, or not one of the model, changes nothing."""
    async with desk(catalog, access_model=model) as at:
        if isinstance(wanted, str):
            await at.do("rule", "u-red", person="u-red", body={"rule": rule})
            assert (await at.do("show-rule", "u-red", person="u-red")).content["rule"] == wanted
        else:
            with pytest.raises(wanted):
                await at.do("rule", "u-red", person="u-red", body={"rule": rule})
            assert await at.actions() == []


async def test_lock(catalog: Catalog) -> None:
    """A lock hides a face from its owner too, only services set it, and taking it back shows what was shown before."""
    async with desk(catalog, default_rule="everyone") as at:
        await at.publish("u-red")
        for who in ("u-red", "u-up", "u-eve"):
            with pytest.raises(Forbidden):
                await at.do("lock", who, face=0)
        await at.do("lock", face=0)
        assert await at.sees() == await at.sees("u-red") == frozenset()
        await at.do("unlock", face=0)
        assert await at.sees() == {0}


async def test_erase(catalog: Catalog) -> None:
    """An erased face has no key any more, and nothing brings it back."""
    async with desk(catalog, default_rule="everyone") as at:
        await at.publish("u-red", "u-blue")
        await at.do("erase", "u-red", face=0)
        await at.do("assign", face=0, body={"person": "u-red"})
        await at.do("unlock", face=0)
        assert await at.sees("u-red") == {1}
        assert (await at.photo()).faces[0].wrapped_key is None
        await at.publish("u-red", "u-blue")
        assert await at.sees("u-red") == {1}


async def test_assign_and_disown(catalog: Catalog) -> None:
    """A service says whose a face is, whatever was said before; what was shown of it is not shown for the next owner."""
    async with desk(catalog, access_model="tag") as at:
        await at.publish("u-red")
        await at.do("show", "u-up", face=0)
        await at.do("assign", face=0, body={"person": "u-blue"})
        assert (await at.sees(), await at.sees("u-red"), await at.sees("u-blue")) == (frozenset(), frozenset(), {0})
        await at.do("disown", face=0)
        assert await at.sees("u-blue") == frozenset()
        await at.do("ask", "u-eve", face=0, person="u-eve")
        await at.do("grant", "u-up", face=0, person="u-eve", body=YES)
        assert (await at.photo()).faces[0].shown
        await at.do("disown", face=0)
        assert not (await at.photo()).faces[0].shown


async def test_delete_photo(catalog: Catalog) -> None:
    """The uploader or a service deletes a photo with all its keys; nobody else does."""
    async with desk(catalog) as at:
        await at.publish("u-red")
        with pytest.raises(Forbidden):
            await at.do("delete-photo", "u-red")
        await at.do("delete-photo", "u-up")
        assert await catalog.photo("/t1.jpg") is None
        with pytest.raises(NotFound):
            await at.do("delete-photo", "u-up")


async def test_suggestions(catalog: Catalog) -> None:
    """A suggestion gives nothing but a line in the inbox; dismissed, claimed or unenrolled, it is gone."""
    async with desk(catalog) as at:
        async with catalog.database.writing() as connection:
            row = {"person": "u-red", "model": "m", "salt": b"s" * 32, "wrapped_key": b"k", "sealed": b"t"}
            await connection.execute(insert(tables.TEMPLATE), row)
        namings = tuple(Naming(slot, "u-red", proposed=False) for slot in range(3))
        await at.publish(None, None, None, namings=namings)
        assert await at.sees("u-red") == frozenset()

        async def suggested() -> list[int]:
            return [entry["face"] for entry in (await at.do("inbox", "u-red", person="u-red")).content["suggestions"]]

        assert await suggested() == [0, 1, 2]
        await at.do("dismiss", "u-red", face=0, person="u-red")
        await at.do("claim", "u-red", face=1, person="u-red")
        assert await suggested() == [2]
        assert (await at.do("enrolled", "u-red", person="u-red")).content == {"enrolled": True}
        await at.do("unenrol", "u-red", person="u-red")
        assert await suggested() == []
        async with catalog.database.reading() as connection:
            assert (await connection.execute(select(tables.TEMPLATE))).all() == []


HIDING = {
    "untag": {"face": 0, "person": "u-red"},
    "hide": {"face": 0},
    "withdraw": {"face": 0, "person": "u-red"},
    "answer": {"face": 0, "person": "u-red", "body": NO},
    "disown": {"face": 0},
    "assign": {"face": 0, "body": {"person": "u-eve"}},
    "veto": {"face": 0},
    "lock": {"face": 0},
    "erase": {"face": 0},
    "grant": {"face": 0, "person": "u-eve", "body": NO},
    "override": {"person": "u-red", "body": {"rule": "nobody"}},
    "clear-override": {"person": "u-red"},
    "rule": {"person": "u-red", "body": {"rule": "nobody"}},
    "block": {"person": "u-red", "member": "u-eve"},
    "ungroup": {"person": "u-red", "group": "family", "member": "u-mum"},
    "drop-group": {"person": "u-red", "group": "family"},
}


@pytest.mark.parametrize("name", HIDING)
async def test_hiding_bumps_an_epoch(catalog: Catalog, name: str) -> None:
    """Whatever can hide a face makes one of its epochs grow, tells other edges, leaves an entry, and does so once."""
    model = "tag" if name in ("untag", "hide", "withdraw", "answer") else "matrix"
    async with desk(catalog, access_model=model) as at:
        await at.publish("u-red")
        if model == "tag":
            await at.do("show", "u-up", face=0)
        else:
            await at.do("group", "u-red", person="u-red", group="family", member="u-mum")
            await at.do("override", "u-red", person="u-red", body={"rule": "friends"})
            await at.do("ask", "u-eve", face=0, person="u-eve")
            await at.do("grant", "u-red", face=0, person="u-eve", body=YES)
        before, entries = await at.epochs(), len(await at.actions())
        heard: list[str] = []
        catalog.changes.hear(heard.append)
        await at.do(name, **HIDING[name])  # type: ignore[arg-type]
        after = await at.epochs()
        if name in ("withdraw", "disown", "answer", "assign"):  # the owner, and with it the owner's epoch, is another
            assert after[0][0] > before[0][0]
        else:
            assert sum(after[0]) == sum(before[0]) + 1
        assert heard
        assert set(heard) <= {"p/t1.jpg", "uu-red"}
        assert len(await at.actions()) == entries + 1
        heard.clear()
        await at.do(name, **HIDING[name])  # type: ignore[arg-type]
        if name not in ("rule", "override", "clear-override"):
            assert await at.epochs() == after
            assert heard == []
            assert len(await at.actions()) == entries + 1


async def test_if_match(catalog: Catalog) -> None:
    """A change meant for another state than the one at hand is refused; the tag is the caller's own view and no other's."""
    async with desk(catalog) as at:
        await at.publish("u-red")
        mine = (await at.do("look", "u-red", face=0)).tag
        others = (await at.do("look", "u-eve", face=0)).tag
        assert mine != others
        for wrong in (others, '"x"', mine.strip('"'), f"W/{mine}", ""):
            with pytest.raises(Stale):
                await at.do("veto", "u-red", face=0, if_match=wrong)
        assert await at.actions() == []
        reply = await at.do("veto", "u-red", face=0, if_match=f'"y", {mine}')
        assert reply.tag == (await at.do("look", "u-red", face=0)).tag != mine
        with pytest.raises(Stale):
            await at.do("unveto", "u-red", face=0, if_match=mine)
        await at.do("unveto", "u-red", face=0, if_match="*")
        assert (await at.do("look", "u-red", face=0)).tag == mine
        assert (await at.do("look", "u-eve", face=0)).tag == others


async def test_one_of_two_wins(catalog: Catalog) -> None:
    """Two changes made for the same state at once: one is made, the other is told that it is late."""
    async with desk(catalog) as at:
        await at.publish("u-red")
        tag = (await at.do("look", face=0)).tag
        both = await asyncio.gather(
            at.do("lock", face=0, if_match=tag), at.do("veto", face=0, if_match=tag), return_exceptions=True
        )
        assert sorted(isinstance(one, Stale) for one in both) == [False, True]


async def test_a_refused_change_changes_nothing(catalog: Catalog) -> None:
    """Operations that are refused midway leave no row, epoch, entry or message."""
    async with desk(catalog) as at:
        await at.publish("u-red", None)
        await at.do("claim", "u-eve", face=0, person="u-eve")
        before, entries = await at.photo(), await at.actions()
        heard: list[str] = []
        catalog.changes.hear(heard.append)
        with pytest.raises(HasOwner):
            await at.do("tag", "u-up", face=0, person="u-eve")
        with pytest.raises(NotFound):
            await at.do("lock", face=7)
        with pytest.raises(Forbidden):
            await at.do("claim", "u-eve", face=1, person="u-red")
        assert (await at.photo(), await at.actions(), heard) == (before, entries, [])


async def test_limits(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims, requests, members and blocks are bounded, so that nobody fills the catalog."""
    for place in ("faces.MAX_TAGS", "requests.MAX_TAGS", "people.MAX_MEMBERS", "people.MAX_BLOCKS"):
        monkeypatch.setattr(f"edge.control.{place}", 2)
    async with desk(catalog, access_model="matrix") as at:
        await at.publish(None)
        for attempt in ("a", "b", "c"):
            calls: list[tuple[str, str, dict[str, Any]]] = [
                ("claim", attempt, {"face": 0, "person": attempt}),
                ("ask", attempt, {"face": 0, "person": attempt}),
                ("group", "u-red", {"person": "u-red", "group": "family", "member": attempt}),
                ("block", "u-red", {"person": "u-red", "member": attempt}),
            ]
            for name, who, place_names in calls:
                if attempt == "c":
                    with pytest.raises(TooMany):
                        await at.do(name, who, **place_names)
                else:
                    await at.do(name, who, **place_names)


async def test_claims_do_not_shut_the_uploader_out(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many strangers claim a face, the uploader can still say who it is."""
    monkeypatch.setattr("edge.control.faces.MAX_TAGS", 2)
    async with desk(catalog) as at:
        await at.publish(None)
        for stranger in ("a", "b"):
            await at.do("claim", stranger, face=0, person=stranger)
        await at.do("tag", "u-up", face=0, person="u-red")
        await at.do("answer", "u-red", face=0, person="u-red", body=YES)
        assert await at.sees("u-red") == {0}


async def test_nobody_learns_of_others(catalog: Catalog) -> None:
    """A face of somebody else and a face of nobody look the same to a third person, whatever is said about either."""
    async with desk(catalog, access_model="tag") as at:
        await at.publish("u-red", None)
        await at.do("show", "u-up", face=0)
        await at.do("ask", "u-tom", face=0, person="u-tom")
        await at.do("claim", "u-tom", face=0, person="u-tom")
        await at.do("veto", "u-red", face=0)
        await at.do("lock", face=0)
        one, other = (await at.do("list", "u-eve")).content["faces"]
        for face in (one, other):
            del face["face"], face["box"], face["etag"]
        assert one == other


@pytest.mark.parametrize(
    "settled", [("answer", "u-red", {"person": "u-red", "body": YES}), ("assign", None, {"body": {"person": "u-red"}})],
    ids=["answer", "assign"],
)  # fmt: skip
async def test_tags_end_with_an_owner(catalog: Catalog, settled: tuple[str, str | None, dict[str, Any]]) -> None:
    """Whoever was tagged as well is told the same where the face became somebody else's and where the tag was taken back."""
    name, who, said = settled
    async with desk(catalog) as at:
        await at.publish(None, None)
        for face in (0, 1):
            for other in ("u-eve", "u-red", "u-ann"):
                await at.do("tag", "u-up", face=face, person=other)
            await at.do("answer", "u-ann", face=face, person="u-ann", body=NO)
        await at.do(name, who, face=0, **said)
        for other in ("u-eve", "u-ann"):
            await at.do("untag", "u-up", face=1, person=other)
        for other in ("u-eve", "u-ann"):
            first, second = [await told(at, other, face) for face in (0, 1)]
            assert first == second
        assert (await at.photo()).faces[0].owner == "u-red"
        assert [face.owner for face in (await at.photo()).faces] == ["u-red", None]


async def told(at: Desk, who: str, face: int) -> list[Any]:
    """All that somebody is told of a face who looks, answers and claims it."""
    found: list[Any] = [place["face"] == face for place in (await at.do("inbox", who, person=who)).content["tags"]]
    calls: list[tuple[str, dict[str, Any]]] = [("look", {}), ("answer", {"body": YES}), ("claim", {}), ("answer", {"body": YES})]
    for name, said in calls:
        try:
            content = (await at.do(name, who, face=face, **said, **({} if name == "look" else {"person": who}))).content
            found.append({key: value for key, value in content.items() if key not in ("face", "box")})
        except Refusal as refusal:
            found.append(refusal.status)
    return found


def test_names_are_unique() -> None:
    """Every operation has a name and a route of its own."""
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    assert len({(operation.method, operation.route) for operation in OPERATIONS}) == len(OPERATIONS)
    assert all((operation.run is None) == (operation.method == "GET") for operation in OPERATIONS)


async def test_every_order_of_agreeing(catalog: Catalog) -> None:
    """Tag, claim and consent in any order end with the same owner; with a withdrawal last, with none."""
    steps: dict[str, dict[str, Any]] = {
        "tag": {"who": "u-up"}, "claim": {"who": "u-red"}, "answer": {"who": "u-red", "body": YES},
    }  # fmt: skip
    async with desk(catalog) as at:
        for number, order in enumerate(itertools.permutations(steps)):
            path = f"/p{number}.jpg"
            await at.publish(None, path=path)
            for name in order:
                try:
                    await at.do(name, face=0, person="u-red", path=path, **steps[name])
                except Forbidden:
                    assert name == "answer"  # nobody has tagged them yet
            assert (await at.photo(path)).faces[0].owner == "u-red"
            await at.do("withdraw", "u-red", face=0, person="u-red", path=path)
            assert (await at.photo(path)).faces[0].owner is None


@pytest.mark.parametrize("leave", [("withdraw", {}), ("answer", {"body": NO})], ids=["withdraw", "answer"])
async def test_claims_keep_nobody_from_leaving(leave: tuple[str, Any], catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many others claim a face, whoever owns it can say that it is not them."""
    monkeypatch.setattr("edge.control.faces.MAX_TAGS", 2)
    name, said = leave
    async with desk(catalog, access_model="tag", tag_needs_consent=False) as at:
        await at.publish(None)
        for other in ("a", "b"):
            await at.do("claim", other, face=0, person=other)
        await at.do("tag", "u-up", face=0, person="u-red")
        assert await at.sees() == {0}
        await at.do(name, "u-red", face=0, person="u-red", **said)
        await at.do("tag", "u-up", face=0, person="u-red")
        assert await at.sees() == await at.sees("u-red") == frozenset()
