"""Rules of the machine: requests for photos by anybody with any token, and everything that happens around an edge."""

import asyncio
import json

from hypothesis import strategies as st

from tests.access import pictures
from tests.access.machine import FACE
from tests.access.machine import OWNERS
from tests.access.machine import PHOTO
from tests.access.machine import Machine
from tests.access.machine import step
from tests.access.stage import REVOCATION_SECONDS
from tests.access.watch import PEOPLE
from tests.access.watch import STRANGER
from tests.access.watch import Address
from tests.access.watch import Glimpse
from tests.access.watch import Viewer

ANYONE = st.sampled_from(PEOPLE)
WHOEVER = st.sampled_from((*PEOPLE, None))
SECONDS = st.sampled_from((0.5, 2.5, 5.0, 61.0, 604.5, 605.0))
BAD = st.sampled_from(("forged", "cut", "a service's", "another scheme", "two"))


class Happening(Machine):
    """Looking first, then friends and time, then the operator."""

    @step(photo=PHOTO, person=WHOEVER, cookie=st.booleans(), method=st.sampled_from(("GET", "HEAD")))
    async def look(self, photo: int, person: str | None, cookie: bool, method: str) -> None:
        viewer = self.watch.viewer(person, cookie=cookie)
        seen = await self.watch.look(photo, viewer, method)
        again = await self.watch.look(photo, viewer)
        assert (seen.status, seen.headers.get("ETag")) == (again.status, again.headers.get("ETag"))
        assert seen.headers["Content-Length"] == again.headers["Content-Length"]
        assert seen.body == (b"" if method == "HEAD" else again.body)

    @step(photo=PHOTO, person=ANYONE, age=st.integers(0, 9))
    async def look_with_an_older_token(self, photo: int, person: str, age: int) -> None:
        self.watch.token(person)
        kept = self.watch.tokens[person]
        await self.watch.look(photo, self.watch.viewer(person, kept[-1 - age % len(kept)]))

    @step(photo=PHOTO, person=ANYONE, kind=BAD)
    async def look_with_a_bad_token(self, photo: int, person: str, kind: str) -> None:
        good = self.watch.token(person).text
        bad = {
            "forged": f"Bearer {self.stage.forged(person, frozenset(PEOPLE))}",
            "cut": f"Bearer {good[:-4]}",
            "a service's": f"Bearer {self.stage.service_token()}",
            "another scheme": f"Basic {good}",
            "two": f"Bearer {good}, Bearer {good}",
        }[kind]
        await self.watch.look(photo, Viewer(None, headers=(("Authorization", bad),), holds=False))

    @step(photo=PHOTO, person=WHOEVER, other=WHOEVER, form=st.sampled_from(("{0}", "W/{0}", '"x", {0}', "{0}x", "*")))
    async def look_if_it_changed_since_somebody_looked(
        self, photo: int, person: str | None, other: str | None, form: str
    ) -> None:
        held = self.watch.latest.get((photo, other), '"none"')
        viewer = self.watch.viewer(person)
        seen = await self.watch.look(photo, viewer, If_None_Match=form.format(held))
        again = await self.watch.look(photo, viewer)
        if again.status == 200:
            same = held == again.headers["ETag"] and form != "{0}x"
            assert seen.status == (304 if same or form == "*" else 200)
            assert seen.headers["ETag"] == again.headers["ETag"]

    @step(person=WHOEVER, other=WHOEVER)
    async def ask_where_the_photos_are(self, person: str | None, other: str | None) -> None:
        for viewer in (self.watch.viewer(person), self.watch.viewer(other)):
            paths = [pictures.path(photo) for photo in pictures.PHOTOS]
            headers = dict(viewer.headers) | {"Content-Type": "application/json"}
            told = await self.stage.world.send("POST", "/-/urls", headers, json.dumps({"photos": paths}).encode())
            assert told.status == 200
            for photo, entry in zip(pictures.PHOTOS, json.loads(told.body)["urls"], strict=True):
                seen = await self.watch.look(photo, viewer)
                assert (entry["url"] is None) == (seen.status == 404)
                assert entry["variant"] == seen.headers.get("ETag")
                if entry["expires"] is not None:
                    address = Address(entry["url"], photo, self.watch.variants[entry["variant"]], entry["expires"])
                    self.watch.addresses.append(address)
                    assert (await self.watch.follow(address)).headers["ETag"] == entry["variant"]

    @step(age=st.integers(0, 30))
    async def follow_an_old_address(self, age: int) -> None:
        known = self.watch.addresses
        for address in (known[0], known[-1 - age % len(known)]) if known else ():
            await self.watch.follow(address)

    @step(one=ANYONE, other=ANYONE, friends=st.booleans())
    async def befriend_or_unfriend(self, one: str, other: str, friends: bool) -> None:
        (self.watch.friends[one].add if friends else self.watch.friends[one].discard)(other)
        await self._look_around(one)

    @step(seconds=SECONDS)
    async def a_while_passes(self, seconds: float) -> None:
        held = self.watch.token(PEOPLE[0])
        self.stage.wait(seconds)
        self.tally.looks["token ended"] += held.expires <= self.stage.world.clock.now
        await self.watch.look(0, self.watch.viewer(PEOPLE[0], held))
        await self.watch.everybody(0)

    @step(
        photo=PHOTO, owners=OWNERS, face=FACE, person=ANYONE, proposed=st.booleans(), swept=st.booleans(), public=st.booleans()
    )
    async def publish_again(
        self, photo: int, owners: tuple[str | None, ...], face: int, person: str, proposed: bool, swept: bool, public: bool
    ) -> None:
        named = {face: person} if owners[face] is None else {}
        gone, was_there = self.watch.editions[photo], photo in self.model.photos
        before = Glimpse(self.remembered(), gone)
        said = {"proposed" if proposed and self.model.consent else "suggested": named}
        await self.put(photo, list(owners), public=public, **said)
        if swept and was_there:
            self.stage.sweep(gone)
            self.tally.looks["swept"] += 1
        for viewer in (STRANGER, self.watch.viewer(person)):
            await self.watch.glimpse(photo, viewer, before)
        self.stage.wait(REVOCATION_SECONDS)
        await self.watch.everybody(photo)

    @step(rotate=st.booleans(), rewrap=st.booleans(), retire=st.booleans(), person=WHOEVER)
    async def tend_the_ring(self, rotate: bool, rewrap: bool, retire: bool, person: str | None) -> None:
        if rotate:
            self.stage.rotate()
            self.tally.looks["rotated"] += 1
        if rewrap:
            self.tally.looks["rewrapped"] += await self.stage.rewrap()
            self.stage.wait(REVOCATION_SECONDS)
        if retire:
            self.tally.looks["retired"] += await self.stage.retire()
        await self._look_around(person)

    @step(what=st.sampled_from(("the disk cache", "all memory")))
    async def lose(self, what: str) -> None:
        if what == "all memory":
            await self.stage.restart()
        else:
            self.stage.drop_disk_cache()
        self.tally.looks[f"lost {what}"] += 1
        await asyncio.gather(*map(self.watch.everybody, pictures.PHOTOS))

    async def _look_around(self, person: str | None) -> None:
        for photo in pictures.PHOTOS:
            await self.watch.look(photo, self.watch.viewer(person))
