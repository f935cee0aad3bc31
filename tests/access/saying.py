"""Rules of the machine: everything that can be asked of the control API, each by anybody.

A few coarse rules rather than one for each operation: Hypothesis leaves rules out at random, and half of forty would be much.
"""

from hypothesis import strategies as st

from tests.access.machine import CALLER
from tests.access.machine import FACE
from tests.access.machine import PERSON
from tests.access.machine import PHOTO
from tests.access.machine import Machine
from tests.access.machine import step
from tests.access.watch import PEOPLE

ANYONE = st.sampled_from(PEOPLE)
GROUP = st.sampled_from(("family", "work"))
SAID = st.sampled_from(("yes", "yes", "no"))
SIMPLE = ("friends", "nobody", "everyone")
RULE = st.sampled_from(
    (*SIMPLE, *SIMPLE, "group:family", "user:u-eve", "friends group:work user:u-tom", "group:family group:work",
     "everyone friends")
)  # fmt: skip


def any_of(*names: str) -> st.SearchStrategy[str]:
    """One of these operations, the first ones simpler than the last."""
    return st.sampled_from(names)


class Saying(Machine):
    """First who is on a face and who may see it, then what people say of all their faces."""

    @step(what=any_of("tag", "untag", "tag"), photo=PHOTO, face=FACE, person=PERSON, caller=CALLER)
    async def say_who_it_is(self, what: str, photo: int, face: int, person: str, caller: str) -> None:
        await self.do(what, caller, photo=photo, face=face, person=person)

    @step(what=any_of("claim", "withdraw", "claim"), photo=PHOTO, face=FACE, person=PERSON, caller=CALLER)
    async def say_it_is_them_or_not(self, what: str, photo: int, face: int, person: str, caller: str) -> None:
        await self.do(what, caller, photo=photo, face=face, person=person)

    @step(photo=PHOTO, face=FACE, person=st.just("somebody tagged"), caller=CALLER, said=SAID)
    async def answer_a_tag(self, photo: int, face: int, person: str, caller: str, said: str) -> None:
        await self.do("answer", caller, photo=photo, face=face, person=person, said=said)

    @step(photo=PHOTO, face=FACE, person=ANYONE, said=SAID)
    async def tag_and_answer(self, photo: int, face: int, person: str, said: str) -> None:
        await self.do("tag", "the uploader", photo=photo, face=face, person=person)
        await self.do("answer", person, photo=photo, face=face, person=person, said=said)

    @step(what=any_of("assign", "disown", "assign"), photo=PHOTO, face=FACE, person=PERSON, caller=CALLER)
    async def settle_whose_it_is(self, what: str, photo: int, face: int, person: str, caller: str) -> None:
        await self.do(what, caller, photo=photo, face=face, person=person)

    @step(what=any_of("ask", "unask"), photo=PHOTO, face=FACE, person=PERSON, caller=CALLER)
    async def ask_to_see_it(self, what: str, photo: int, face: int, person: str, caller: str) -> None:
        await self.do(what, caller, photo=photo, face=face, person=person)

    @step(photo=PHOTO, face=FACE, person=st.just("somebody asking"), caller=CALLER, said=SAID)
    async def grant(self, photo: int, face: int, person: str, caller: str, said: str) -> None:
        await self.do("grant", caller, photo=photo, face=face, person=person, said=said)

    @step(photo=PHOTO, face=FACE, person=ANYONE, said=SAID)
    async def ask_and_grant(self, photo: int, face: int, person: str, said: str) -> None:
        await self.do("ask", person, photo=photo, face=face, person=person)
        await self.do("grant", "whoever may", photo=photo, face=face, person=person, said=said)

    @step(what=any_of("show", "hide"), photo=PHOTO, face=FACE, caller=CALLER)
    async def show_or_hide(self, what: str, photo: int, face: int, caller: str) -> None:
        await self.do(what, caller, photo=photo, face=face)

    @step(what=any_of("veto", "unveto", "unveto"), photo=PHOTO, face=FACE, caller=CALLER)
    async def veto_or_not(self, what: str, photo: int, face: int, caller: str) -> None:
        await self.do(what, caller, photo=photo, face=face)

    @step(what=any_of("veto", "unveto"), photo=PHOTO, face=FACE, caller=CALLER)
    async def veto_or_not_if_the_face_is_as_it_was(self, what: str, photo: int, face: int, caller: str) -> None:
        await self.do_if_match(what, caller, photo, face)

    @step(what=any_of("lock", "unlock", "unlock"), photo=PHOTO, face=FACE, caller=CALLER)
    async def lock_or_unlock(self, what: str, photo: int, face: int, caller: str) -> None:
        await self.do(what, caller, photo=photo, face=face)

    @step(what=any_of("dismiss", "erase", "delete-photo"), photo=PHOTO, face=FACE, person=PERSON, caller=CALLER)
    async def delete(self, what: str, photo: int, face: int, person: str, caller: str) -> None:
        await self.do(what, caller, photo=photo, face=face, person=person)

    @step(what=any_of("override", "clear-override"), photo=PHOTO, face=FACE, caller=CALLER, said=RULE)
    async def say_who_may_see_them_on_a_photo(self, what: str, photo: int, face: int, caller: str, said: str) -> None:
        await self.do(what, caller, photo=photo, face=face, person="the owner", said=said)

    @step(photo=PHOTO, face=FACE, person=PERSON, caller=CALLER, said=RULE)
    async def say_who_may_see_them(self, photo: int, face: int, person: str, caller: str, said: str) -> None:
        await self.do("rule", caller, photo=photo, face=face, person=person, said=said)

    @step(
        what=any_of("group", "ungroup", "group", "drop-group"), photo=PHOTO, face=FACE, person=PERSON, caller=CALLER,
        group=GROUP, member=ANYONE,
    )  # fmt: skip
    async def change_a_group(
        self, what: str, photo: int, face: int, person: str, caller: str, group: str, member: str
    ) -> None:
        await self.do(what, caller, photo=photo, face=face, person=person, group=group, member=member)

    @step(what=any_of("block", "unblock", "block"), photo=PHOTO, face=FACE, caller=CALLER, member=ANYONE)
    async def block_or_unblock(self, what: str, photo: int, face: int, caller: str, member: str) -> None:
        await self.do(what, caller, photo=photo, face=face, person="the owner", member=member)

    @step(
        what=any_of("list", "look", "show-rule", "groups", "blocks", "inbox", "where", "enrolled", "unenrol"),
        photo=PHOTO, face=FACE, person=PERSON, caller=CALLER,
    )  # fmt: skip
    async def look_it_up(self, what: str, photo: int, face: int, person: str, caller: str) -> None:
        await self.do(what, caller, photo=photo, face=face, person=person)
