"""Finding people who asked for it: faces that no claim names, against all templates. Off unless the configuration says otherwise.

What comes out is a suggestion: an entry that the person alone is told of, to claim the face or not. It gives nobody a right, and
whoever sees the photo sees no difference. Any doubt means no suggestion: a face that is small, or that would get the opaque fill,
is not looked at; a template that does not open or was made by other models is left out; a person is suggested once on a photo,
and never where a claim names them already.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from edge.catalog import Catalog
from edge.errors import ConfigError
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import Unavailable
from precompute import enrolment
from precompute import template
from precompute.claims import NOBODY
from precompute.claims import Named
from precompute.describe import Recogniser
from precompute.face import Face
from precompute.keys import Opens
from precompute.likeness import Floats
from precompute.likeness import Likenesses
from precompute.models import Model
from precompute.settings import PeopleConfig

NO_RING = "the keys at hand cannot open templates, so no face is suggested to anybody, nor any fake compared with who is enrolled"
NO_CATALOG = "the catalog cannot be read, so no face is suggested to anybody, nor any fake compared with who is enrolled"
NO_PEOPLE = "nobody is enrolled whose template can be used, so no face is suggested to anybody"
OTHER_MODELS = "{} enrolled with other models than the configured ones; they are not found until they enrol again"
NOT_OPENED = "{} whose template does not open with the keys at hand; they are not found"


class Finder(Protocol):
    """Says whom to ask about faces that nobody named, and who must not turn up in a fake.

    ``notes`` are sentences that the operator should read.
    """

    notes: tuple[str, ...]

    def suggest(self, faces: Sequence[Face], named: Sequence[Named]) -> list[str | None]:
        """For each face of one photo, the user it may be suggested to, or None."""

    def knows(self, seen: Mapping[str, Floats], limits: Mapping[str, float]) -> bool:
        """Whether a fake seen so, float32 (n, d) by recogniser for n views, is by every limit somebody who is enrolled."""


class NoFinder:
    """Suggests nothing to anybody."""

    def __init__(self, *notes: str) -> None:
        self.notes = notes

    def suggest(self, faces: Sequence[Face], named: Sequence[Named]) -> list[str | None]:
        """See ``Finder``."""
        return [None] * len(faces)

    def knows(self, seen: Mapping[str, Floats], limits: Mapping[str, float]) -> bool:
        """See ``Finder``."""
        return False


OFF = NoFinder()


class People:
    """Everybody whose template could be opened, in memory for as long as the job runs."""

    def __init__(self, likenesses: Likenesses, recognisers: Iterable[str], width_px: float, notes: tuple[str, ...] = ()) -> None:
        self.notes = notes
        self._likenesses = likenesses
        self._recognisers = tuple(recognisers)
        self._width_px = width_px

    def suggest(self, faces: Sequence[Face], named: Sequence[Named]) -> list[str | None]:
        """See ``Finder``; the descriptors are those that the faces have already."""
        found: list[str | None] = [None] * len(faces)
        asked = [i for i, face in enumerate(faces) if named[i] == NOBODY and self._is_clear(face)]
        if not asked:
            return found
        seen = {name: np.stack([faces[i].embeddings[name] for i in asked]) for name in self._recognisers}
        matches = [(match, i) for match, i in zip(self._likenesses.closest(seen), asked, strict=True) if match is not None]
        taken = {person for who in named for person in (who.owner, who.tag)}
        for match, i in sorted(matches, key=lambda pair: -pair[0].score):
            if match.person not in taken:
                found[i] = match.person
                taken.add(match.person)
        return found

    def knows(self, seen: Mapping[str, Floats], limits: Mapping[str, float]) -> bool:
        """See ``Finder``."""
        return self._likenesses.hold(seen, limits)

    def _is_clear(self, face: Face) -> bool:
        return face.unclear is None and face.box[2] >= self._width_px


def load(
    config: PeopleConfig,
    catalog_url: str,
    keys: Opens | None,
    recognisers: Sequence[Recogniser],
    registry: Mapping[str, Model],
) -> Finder:
    """Open every template once. Without keys that can, or without a catalog, nobody is found and a note says so.

    Raises ``ConfigError`` for similarities that cannot be right.
    """
    within = limits(config, recognisers, registry)
    if keys is None:
        return NoFinder(NO_RING)
    models = template.spelled({recogniser.name: recogniser.sha256 for recogniser in recognisers})
    likenesses = Likenesses(within, config.margin)
    try:
        notes = asyncio.run(read_into(likenesses, catalog_url, keys, models))
    except Unavailable:
        return NoFinder(NO_CATALOG)
    return People(likenesses, within, config.width_px, notes) if len(likenesses) else NoFinder(*notes or (NO_PEOPLE,))


def limits(config: PeopleConfig, recognisers: Sequence[Recogniser], registry: Mapping[str, Model]) -> dict[str, float]:
    """The similarity that each recogniser must find; raises ``ConfigError`` where one is missing, unknown or too low."""
    names = [recogniser.name for recogniser in recognisers]
    unknown = sorted(set(config.similarity) - set(names))
    if unknown:
        raise ConfigError(f"precompute.people.similarity: {unknown[0]} is not among precompute.faces.recognisers")
    return {recogniser.name: _limit(config, recogniser, registry) for recogniser in recognisers}


def _limit(config: PeopleConfig, recogniser: Recogniser, registry: Mapping[str, Model]) -> float:
    name = recogniser.name
    limit = config.similarity.get(name, registry[name].suggest if name in registry else None)
    if limit is None:
        raise ConfigError(f'precompute.people.similarity: "{name}" needs a cosine similarity, of false accept rate 1e-5 or less')
    if limit <= recogniser.threshold:
        raise ConfigError(f"precompute.people.similarity: {name} must be above its threshold, {recogniser.threshold}")
    return limit


async def read_into(likenesses: Likenesses, catalog_url: str, keys: Opens, models: str) -> tuple[str, ...]:
    """Add every template that opens and was made by ``models``; returns notes about the others. Raises ``Unavailable``."""
    left_out: Counter[str] = Counter()
    async with Catalog.open(catalog_url) as catalog:
        async for page in enrolment.pages(catalog):
            likenesses.add(_opened(page, keys, models, left_out))
    return tuple(note.format(f"there are {left_out[note]} people") for note in (OTHER_MODELS, NOT_OPENED) if left_out[note])


def _opened(page: Sequence[template.Row], keys: Opens, models: str, left_out: Counter[str]) -> list[template.Template]:
    opened = []
    for row in page:
        if row.model != models:
            left_out[OTHER_MODELS] += 1
            continue
        try:
            opened.append(template.unseal(row, keys))
        except (Damaged, KeyRingError):
            left_out[NOT_OPENED] += 1
    return opened
