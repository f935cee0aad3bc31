"""Requests for photos, each held against the model: the pixels, the caching rules, and what every entity tag stands for."""

import asyncio
import itertools
from collections import Counter
from dataclasses import dataclass
from dataclasses import field
from hashlib import sha256

from tests.access import pictures
from tests.access.model import Model
from tests.access.pictures import Edition
from tests.access.stage import Stage
from tests.fakes import Seen

PEOPLE = ("u-ann", "u-blue", "u-eve", "u-green", "u-red", "u-tom")
LEEWAY_SECONDS = 5
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Token:
    """A viewer's token, whose friends it names, and when it ends."""

    text: str
    friends: frozenset[str]
    expires: float


@dataclass(frozen=True)
class Viewer:
    """Whoever looks: who that is to the edge (None: a stranger), with which headers, and what they prove."""

    person: str | None
    friends: frozenset[str] = NOBODY
    headers: tuple[tuple[str, str], ...] = ()
    holds: bool = True


STRANGER = Viewer(None)


@dataclass(frozen=True)
class Variant:
    """What an entity tag stands for: these faces of this publication, none of which was hidden from anybody since.

    Where none is real, whatever looks alike: a base is the same bytes whenever it is published.
    """

    publication: object
    granted: frozenset[int]
    hidings: tuple[int, ...]


@dataclass(frozen=True)
class Address:
    """A signed URL that somebody was given: of which photo, for what, and until when."""

    url: str
    photo: int
    variant: Variant
    expires: float


@dataclass
class Tally:
    """How often what happened, over all runs of one machine."""

    steps: Counter[str] = field(default_factory=Counter)
    operations: Counter[tuple[str, int]] = field(default_factory=Counter)
    looks: Counter[str] = field(default_factory=Counter)


class Watch:
    """Looks at photos as anybody. ``editions`` has what was published last under each number, also of photos since deleted."""

    def __init__(self, stage: Stage, model: Model, tally: Tally, kept: str) -> None:
        self.stage = stage
        self.model = model
        self.tally = tally
        self.kept = kept
        self.editions: dict[int, Edition] = {}
        self.publications: dict[int, int] = {}
        self.friends: dict[str, set[str]] = {person: {PEOPLE[n - 1], PEOPLE[n - 2]} for n, person in enumerate(PEOPLE)}
        self.tokens: dict[str, list[Token]] = {person: [] for person in PEOPLE}
        self.variants: dict[str, Variant] = {}
        self.bodies: dict[str, bytes] = {}
        self.latest: dict[tuple[int, str | None], str] = {}
        self.addresses: list[Address] = []
        self._count = itertools.count()

    def published(self, made: Edition) -> None:
        """From now on this edition is the one."""
        self.editions[made.photo] = made
        self.publications[made.photo] = next(self._count)

    def token(self, person: str) -> Token:
        """The token that this person's app holds: renewed when their friends change and when it ends."""
        kept, friends = self.tokens[person], frozenset(self.friends[person])
        now = self.stage.world.clock.now
        if not kept or kept[-1].friends != friends or kept[-1].expires <= now:
            kept.append(Token(self.stage.token(person, friends), friends, int(now) + 600 + LEEWAY_SECONDS))
        return kept[-1]

    def viewer(self, person: str | None, token: Token | None = None, *, cookie: bool = False) -> Viewer:
        """This person with their token or an older one."""
        if person is None:
            return STRANGER
        token = token or self.token(person)
        header = ("Cookie", f"a=b; __Host-mfmc={token.text}") if cookie else ("Authorization", f"Bearer {token.text}")
        if token.expires <= self.stage.world.clock.now:
            return Viewer(None, NOBODY, (header,), holds=False)
        return Viewer(person, token.friends, (header,))

    async def everybody(self, photo: int) -> None:
        """All six and a stranger look at once."""
        await asyncio.gather(*(self.look(photo, self.viewer(person)) for person in (None, *PEOPLE)))

    async def look(self, photo: int, viewer: Viewer, method: str = "GET", **headers: str) -> Seen:
        """One request; raises ``AssertionError`` unless its answer is the one."""
        sent = dict(viewer.headers) | {name.replace("_", "-"): value for name, value in headers.items()}
        seen = await self.stage.world.send(method, pictures.path(photo), sent)
        self.tally.looks[f"{method} {seen.status}"] += 1
        if photo not in self.model.photos:
            assert (seen.status, seen.headers["Cache-Control"]) == (404, "no-store")
            return seen
        granted = self.model.sees(photo, viewer.person, viewer.friends)
        self.tally.looks[f"{len(granted)} real"] += 1
        tag = seen.headers["ETag"]
        if seen.status == 200 and method == "GET":
            assert self.bodies.setdefault(tag, sha256(seen.body).digest()) == sha256(seen.body).digest()
            shown = pictures.shown(seen.body, photo, self.editions[photo].number)
            assert shown == granted, f"{viewer.person} sees {set(shown)} of photo {photo}, and may see {set(granted)}"
        self._check_head(seen, viewer, granted)
        hidden = len(granted) < len(self.model.photos[photo].faces)
        assert seen.headers.getall("Mfmc-Faces", []) == (["synthetic"] if hidden else [])
        self._check_tag(photo, tag, granted)
        self.latest[photo, viewer.person] = tag
        return seen

    async def follow(self, address: Address) -> Seen:
        """A request for a signed URL, as anybody: what was signed or nobody, and nobody that was hidden from anyone since."""
        seen = await self.stage.world.send("GET", address.url, {})
        self.tally.looks[f"signed {seen.status}"] += 1
        if address.photo not in self.model.photos:
            assert seen.status == 404
            return seen
        shown = pictures.shown(seen.body, address.photo, self.editions[address.photo].number)
        assert shown in (NOBODY, address.variant.granted)
        assert seen.headers["Cache-Control"].startswith("public, max-age=")
        assert "Vary" not in seen.headers
        if shown:
            assert self._variant(address.photo, shown) == address.variant
            assert self.stage.world.clock.now < address.expires
        self.tally.looks["signed real" if shown else "signed base"] += 1
        return seen

    async def glimpse(self, photo: int, viewer: Viewer, before: "Glimpse") -> None:
        """A request while a change elsewhere may not be known here: as it was or as it is, or less, but nothing else."""
        seen = await self.stage.world.send("GET", pictures.path(photo), dict(viewer.headers))
        if seen.status == 404:
            assert photo not in self.model.photos or photo not in before.model.photos
            return
        assert seen.status == 200
        after = Glimpse(self.model, self.editions.get(photo))
        assert any(self._fits(photo, seen.body, viewer, state) for state in (before, after))

    def _fits(self, photo: int, body: bytes, viewer: Viewer, state: "Glimpse") -> bool:
        if state.edition is None or photo not in state.model.photos:
            return False
        try:
            shown = pictures.shown(body, photo, state.edition.number)
        except AssertionError:
            return False
        return shown <= state.model.sees(photo, viewer.person, viewer.friends)

    def _check_head(self, seen: Seen, viewer: Viewer, granted: frozenset[int]) -> None:
        if granted:
            wanted = f"private, {self.kept}"
        elif viewer.headers:
            wanted = "private, no-cache" if viewer.holds else "private, no-store"
        else:
            wanted = "public, max-age=300"
        assert seen.headers["Vary"] == "Authorization, Cookie"
        assert seen.headers.getall("Cache-Control") == [wanted]
        assert seen.headers["ETag"].startswith('"')

    def _check_tag(self, photo: int, tag: str, granted: frozenset[int]) -> None:
        """A tag never names two decisions, nor what somebody has been hidden from since."""
        variant = self._variant(photo, granted)
        assert self.variants.setdefault(tag, variant) == variant

    def _variant(self, photo: int, granted: frozenset[int]) -> Variant:
        hidings = tuple(self.model.photos[photo].faces[face].hidings for face in sorted(granted))
        which = self.publications[photo] if granted else (photo, self.editions[photo].number % pictures.EDITIONS)
        return Variant(which, granted, hidings)


@dataclass(frozen=True)
class Glimpse:
    """How things stood: the model, and the photo's edition."""

    model: Model
    edition: Edition | None
