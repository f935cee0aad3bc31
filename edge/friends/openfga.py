"""Friends as relations in an OpenFGA store, asked with BatchCheck (openfga.dev/api/service, Relationship Queries).

One question per owner: has ``user`` (the viewer) the ``relation`` to ``object`` (the owner)? Each answer is remembered
for seconds; the questions of one request go out together, and a question that is under way is not asked twice.

An OpenFGA ID holds no ":", "#" or space, of which ours can hold ":". ``plain`` asks about no ID with a colon;
``base64url`` spells every ID so, without padding. Either way different IDs never share a spelling.
"""

import asyncio
import base64
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Set
from functools import partial
from typing import Any

import msgspec
from aiohttp import ClientSession
from yarl import URL

from edge import download
from edge.cache.memory import Memory
from edge.errors import FriendsUnknown
from edge.friends.faults import FAULT_SECONDS
from edge.friends.faults import Faults
from edge.friends.settings import OpenFga
from edge.viewer import Viewer

MAX_ANSWER_BYTES = 1 << 20

Told = dict[str, bool | None]


class _Single(msgspec.Struct, frozen=True):
    allowed: bool = False
    error: Any = None


class _Answer(msgspec.Struct, frozen=True):
    result: dict[str, _Single]


class Relations:
    """Asks one OpenFGA store."""

    def __init__(self, client: ClientSession, settings: OpenFga, headers: Mapping[str, str]) -> None:
        self._client = client
        self._settings = settings
        self._url = URL(f"{settings.url.rstrip('/')}/stores/{settings.store}/batch-check")
        self._headers = {**headers, "Accept": "application/json", "Content-Type": "application/json"}
        self._known: Memory[tuple[str, str], bool] = Memory(items=settings.answers, size=settings.answers)
        self._asking: dict[tuple[str, str], asyncio.Task[Set[str]]] = {}
        self._faults = Faults()

    async def find(self, viewer: Viewer, owners: frozenset[str], now: float) -> Set[str]:
        """The owners to whom the viewer has the relation; and others of whom it became known by the way."""
        if viewer.id is None or not self._askable(viewer.id):
            return frozenset()
        known = {owner: self._known.get((viewer.id, owner), now) for owner in owners if self._askable(owner)}
        friends = {owner for owner, is_friend in known.items() if is_friend}
        missing = sorted(owner for owner, is_friend in known.items() if is_friend is None)
        if missing:
            under_way = self._under_way(viewer.id, missing, now)
            await asyncio.wait(under_way)  # unlike gather, leaves them be for the others when this request goes away
            friends.update(*(task.result() for task in under_way if not task.cancelled()))
        return friends

    def purge(self, now: float) -> None:
        """Let go of answers whose time is over."""
        self._known.purge(now)

    async def close(self) -> None:
        """Ask no more, and close the connections."""
        under_way = set(self._asking.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._client.close()

    def _under_way(self, user: str, owners: list[str], now: float) -> set[asyncio.Task[Set[str]]]:
        """The calls that will tell about ``owners``, begun now where nobody has asked yet."""
        for batch in _batches((owner for owner in owners if (user, owner) not in self._asking), self._settings.max_checks):
            task = asyncio.create_task(self._ask(user, batch, now))
            self._asking |= {(user, owner): task for owner in batch}
            task.add_done_callback(partial(self._answered, user, batch))
        return {self._asking[user, owner] for owner in owners}

    def _answered(self, user: str, batch: list[str], task: asyncio.Task[Set[str]]) -> None:
        for owner in batch:
            del self._asking[user, owner]

    async def _ask(self, user: str, batch: list[str], now: float) -> Set[str]:
        """The friends among ``batch``; never raises."""
        try:
            body = msgspec.json.encode(self._question(user, batch))
            told = _told(
                await download.posted(self._client, self._url, MAX_ANSWER_BYTES, body=body, headers=self._headers), batch
            )
        except Exception as error:  # an answer that is doubtful for whatever reason is no for all of them
            self._faults.tell(error, now)
            told = dict.fromkeys(batch)
        self._remember(user, told, now)
        return {owner for owner, is_friend in told.items() if is_friend}

    def _remember(self, user: str, told: Told, now: float) -> None:
        for owner, is_friend in told.items():
            seconds = min(FAULT_SECONDS, self._settings.seconds) if is_friend is None else self._settings.seconds
            self._known.put((user, owner), is_friend is True, size=1, now=now, expires=now + seconds)

    def _question(self, user: str, batch: list[str]) -> dict[str, Any]:
        model = {} if self._settings.model is None else {"authorization_model_id": self._settings.model}
        checks = [self._check(user, owner, number) for number, owner in enumerate(batch)]
        return {"checks": checks, "consistency": self._settings.consistency, **model}

    def _check(self, user: str, owner: str, number: int) -> dict[str, Any]:
        asked = {
            "user": self._settings.user.replace("{id}", self._spelled(user)),
            "relation": self._settings.relation,
            "object": self._settings.object.replace("{id}", self._spelled(owner)),
        }
        return {"tuple_key": asked, "correlation_id": str(number)}

    def _askable(self, name: str) -> bool:
        return self._settings.encoding == "base64url" or ":" not in name

    def _spelled(self, name: str) -> str:
        if self._settings.encoding == "plain":
            return name
        return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _told(answer: bytes, batch: list[str]) -> Told:
    """Whether each owner of ``batch`` is a friend, None where the store does not know.

    Raises ``FriendsUnknown``, or what the parser raises, for an answer to anything but the question.
    """
    result = msgspec.json.decode(answer.decode(), type=_Answer).result
    asked = {str(number): owner for number, owner in enumerate(batch)}
    if not result.keys() <= asked.keys():
        raise FriendsUnknown
    nothing = _Single(error="nothing was said")
    singles = {owner: result.get(number, nothing) for number, owner in asked.items()}
    return {owner: single.allowed if single.error is None else None for owner, single in singles.items()}


def _batches(owners: Iterable[str], size: int) -> list[list[str]]:
    every = list(owners)
    return [every[start : start + size] for start in range(0, len(every), size)]
