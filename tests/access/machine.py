"""The state machine: anybody asks for anything in any order, and after every step the edge shows what the model decides."""

import asyncio
import copy
import functools
import json
import shutil
import tempfile
from collections.abc import Awaitable
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import initialize
from hypothesis.stateful import rule

from edge.catalog.publication import Naming
from tests.access import changes
from tests.access import operations
from tests.access import pictures
from tests.access import replies
from tests.access.changes import Asked
from tests.access.model import Kind
from tests.access.model import Model
from tests.access.operations import SERVICE
from tests.access.stage import REVOCATION_SECONDS
from tests.access.stage import Stage
from tests.access.watch import PEOPLE
from tests.access.watch import Glimpse
from tests.access.watch import Tally
from tests.access.watch import Watch
from tests.fakes import Seen

OPERATOR = "the operator"
UPLOADERS = ("u-blue", "u-ann", "u-tom", "u-blue", "u-red")

PHOTO = st.sampled_from((0, 3, 0, 0, 3, 1, 2, 4))
FACE = st.sampled_from((0, 1, 0, 0, 1, 2, 3))
PERSON = st.sampled_from((*PEOPLE, "the owner", "somebody tagged", "somebody asking"))
CALLER = st.sampled_from(
    (*["whoever may"] * 12, "the uploader", "the owner", "themselves", SERVICE, SERVICE, *PEOPLE, OPERATOR, OPERATOR, "nobody")
)
OWNERS = st.tuples(*[st.sampled_from((None, *PEOPLE))] * pictures.FACES)

RULES: set[str] = set()

Database = Callable[[], Awaitable[str | None]]


def step(**given: Any) -> Callable[[Callable[..., Awaitable[None]]], Any]:
    """A rule of the machine that is a coroutine; counted under its name."""

    def made(work: Callable[..., Awaitable[None]]) -> Any:
        RULES.add(work.__name__)

        @functools.wraps(work)
        def done(self: "Machine", **drawn: Any) -> None:
            self.tally.steps[work.__name__] += 1
            self.runner.run(work(self, **drawn))  # type: ignore[arg-type]

        return rule(**given)(done)

    return made


class Machine(RuleBasedStateMachine):
    """One edge and one model, told the same things."""

    def __init__(self, kind: Kind, tally: Tally, database: Database) -> None:
        super().__init__()
        self.kind = kind
        self.tally = tally
        self.database = database
        self.looked: dict[tuple[str | None, int, int], str] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="mfmc-access-"))
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)

    @initialize(
        owners=st.tuples(*[OWNERS] * len(pictures.PHOTOS)),
        default=st.sampled_from(("friends", "nobody", "everyone")),
        members=st.booleans(),
        consent=st.sampled_from((True, True, False)),
        unclaimed=st.booleans(),
        small=st.booleans(),
        kept=st.sampled_from(("no-cache", "no-store")),
    )
    def begin(
        self, owners: Any, default: str, members: bool, consent: bool, unclaimed: bool, small: bool, kept: str
    ) -> None:
        """An edge with this policy, and five photos."""
        audience = "members" if members else "everyone"
        policy: dict[str, Any] = {"access_model": self.kind, "default_rule": default, "tag_audience": audience}
        policy |= {"tag_needs_consent": consent, "unclaimed_to_uploader": unclaimed}
        self.model = Model(self.kind, default, audience, consent, unclaimed)
        self.runner.run(self._begin(policy, owners, small=small, kept=kept))

    async def _begin(self, policy: dict[str, Any], owners: Any, *, small: bool, kept: str) -> None:
        self.stage = Stage(self.folder, policy, small=small, kept=kept, catalog=await self.database())
        self.watch = Watch(self.stage, self.model, self.tally, kept)
        await self.stage.open()
        await self.stage.enrol(*PEOPLE)
        for photo, who in zip(pictures.PHOTOS, owners, strict=True):
            await self.put(photo, list(who))
        await self.stage.world.start()

    def teardown(self) -> None:
        """Nothing stays."""
        if hasattr(self, "stage"):
            self.runner.run(self.stage.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    async def put(
        self, photo: int, owners: list[str | None], *, proposed: dict[int, str] | None = None,
        suggested: dict[int, str] | None = None, public: bool = False,
    ) -> None:  # fmt: skip
        """Publish the photo's next edition, in the model and in the catalog."""
        before = self.watch.editions.get(photo)
        known = photo in self.model.photos and before is not None
        photo_id = before.sealed.photo_id if known and before is not None else None
        made = pictures.first(photo) if before is None else pictures.edition(photo, before.number + 1, photo_id)
        proposed, suggested = proposed or {}, suggested or {}
        self.model.publish(photo, UPLOADERS[photo], owners, proposed, suggested)
        namings = [
            Naming(made.slots[face], person, is_proposed)
            for people, is_proposed in ((proposed, True), (suggested, False))
            for face, person in people.items()
        ]
        await self.stage.publish(made, UPLOADERS[photo], owners, namings, tagged=self.kind == "tag", public=public)
        self.watch.published(made)

    async def do(
        self, name: str, caller: str, *, photo: int = 0, face: int = 0, person: str = "", **said: str
    ) -> None:
        """One call of the control API: answered as the model says, and then everybody sees what the model says."""
        person = self._person(person, photo, face)
        who = self._caller(name, caller, photo, face, person)
        asked = Asked(name, who, photo, face, person, **said)
        before = Glimpse(self.remembered() if caller == OPERATOR else self.model, self.watch.editions[photo])
        expected = self._performed(asked)
        slot = self.watch.editions[photo].slots[face]
        if caller == OPERATOR:
            status = await self.stage.by_hand(asked, slot)
            for viewer in (None, person or PEOPLE[0]):
                await self.watch.glimpse(photo, self.watch.viewer(viewer), before)
            self.stage.wait(REVOCATION_SECONDS)
        else:
            seen = await self.stage.call(asked, slot, self._credentials(who))
            status = seen.status
            self._check_reply(asked, seen)
        assert status in expected, f"{asked} was answered {status}, not one of {set(expected)}"
        self.tally.operations[name, status] += 1
        if status in (200, 204) and name not in operations.READS:
            await self.watch.everybody(self._concerned(asked))
        else:
            await self.watch.look(photo, self.watch.viewer(person or None))

    async def do_if_match(self, name: str, caller: str, photo: int, face: int) -> None:
        """The change is made if the face is as the caller saw it last, and is refused if it is not."""
        who = self._caller(name, caller, photo, face, "")
        slot, credentials = self.watch.editions[photo].slots[face], self._credentials(who)
        seen = await self.stage.call(Asked("look", who, photo, face), slot, credentials)
        held = self.looked.get((who, photo, face), '"never"')
        now = self.looked[who, photo, face] = seen.headers.get("ETag", "")
        asked = Asked(name, who, photo, face)
        if held != now and operations.perform(copy.deepcopy(self.model), asked) == {200}:
            expected = frozenset({412})
        else:
            expected = self._performed(asked)
        answered = await self.stage.call(asked, slot, credentials, If_Match=held)
        assert answered.status in expected
        self.tally.operations[name, answered.status] += 1
        await self.watch.everybody(photo)

    def remembered(self) -> Model:
        """The model as it is, for when it has changed."""
        return copy.deepcopy(self.model)

    def _performed(self, asked: Asked) -> frozenset[int]:
        """Tell the model; a face that somebody does not see any more was hidden once more."""
        viewers: dict[str | None, frozenset[str]] = {None: frozenset()}
        viewers |= {person: frozenset(self.watch.friends[person]) for person in PEOPLE}
        before = self.model.table(viewers)
        expected = operations.perform(self.model, asked)
        for (photo, face), now in self.model.table(viewers).items():
            if before[photo, face] - now:
                self.model.photos[photo].faces[face].hidings += 1
        return expected

    def _person(self, person: str, photo: int, face: int) -> str:
        known = self.model.photos.get(photo)
        if known is None or not person.startswith(("the ", "somebody ")):
            return PEOPLE[0] if person.startswith(("the ", "somebody ")) else person
        at = known.faces[face]
        found = {"the owner": [at.owner], "somebody tagged": sorted(at.tags), "somebody asking": sorted(at.requests)}[person]
        return next((name for name in found if name), PEOPLE[0])

    def _caller(self, name: str, caller: str, photo: int, face: int, person: str) -> str | None:
        known = self.model.photos.get(photo)
        if caller == "whoever may":
            caller = operations.whoever_may(name, self.kind)
        match caller:
            case "nobody":
                return None
            case "the operator":
                return SERVICE
            case "themselves":
                return person or PEOPLE[0]
            case "the uploader":
                return known.uploader if known else PEOPLE[0]
            case "the owner":
                return (known.faces[face].owner if known else None) or PEOPLE[0]
        return caller

    def _credentials(self, who: str | None) -> str | None:
        if who is None:
            return None
        return self.stage.service_token() if who == SERVICE else self.watch.token(who).text

    def _check_reply(self, asked: Asked, seen: Seen) -> None:
        """What the caller is told is theirs to know, and true."""
        assert seen.headers["Cache-Control"] == "no-store"
        if seen.status == 200:
            told = json.loads(seen.body)
            if asked.name == "where":  # the newest photos first
                told["faces"].sort(key=lambda at: (at["photo"], at["face"]))
            wanted = replies.expected(self.model, asked, lambda photo: self.watch.editions[photo].slots, self._seen_by(asked))
            assert replies.cut(told, wanted) == wanted
            assert asked.caller == SERVICE or "owner" not in told

    def _seen_by(self, asked: Asked) -> frozenset[int]:
        if asked.name != "list" or asked.caller in (None, SERVICE):
            return frozenset()
        return self.model.sees(asked.photo, asked.caller, self.watch.token(str(asked.caller)).friends)

    def _concerned(self, asked: Asked) -> int:
        """A photo on which the change may be seen."""
        if asked.name in changes.PEOPLE and "override" not in asked.name:
            theirs = (number for number, known in self.model.photos.items() if any(f.owner == asked.person for f in known.faces))
            return next(theirs, asked.photo)
        return asked.photo
