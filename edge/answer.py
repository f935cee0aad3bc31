"""Every header that leaves the process: the only place that writes Cache-Control, ETag, Vary, and answers 304 and HEAD.

    what is shown   to whom                    Cache-Control
    base            no credentials             public, max-age=<configured>
    base            credentials that hold      private, no-cache
    base            credentials that do not    private, no-store
    spliced         anyone                     private, no-cache or no-store, as configured
    signed URL      whoever holds it           public, max-age=<to its expiry, or as configured>, and never stale
    the base for it whoever holds it           public, max-age=<edge.cache.revocation_seconds>
    a sentence      anyone                     no-store
    JSON            anyone                     no-store

Pictures always carry a strong entity tag and ``Vary: Authorization, Cookie`` (RFC 9110 section 12.5.5), with ``Accept`` where
that chose the format; signed URLs vary by that alone, since nothing else is looked at there. Whatever answers to several
configured origins varies by Origin as well (``edge.cors``). A range is cut from one variant and carries its tag
(``edge.conditions``).
``Surrogate-Key``, or ``Cache-Tag`` as configured, stands wherever shared caches may keep a picture: by the photo's key whoever
runs them takes all its pictures out, and by ``signed`` those of signed URLs. ``Mfmc-Faces: synthetic`` stands wherever a face of
the picture is not the person's own, for whoever may take it for one; it follows from the entity tag, so caches keep both.
"""

import math
from collections.abc import Mapping
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from aiohttp import web

from edge import conditions
from edge import config
from edge.cors import Preflight
from edge.cors import Sharing
from edge.manner import OK
from edge.manner import Manner
from edge.render.splice import Buffer
from edge.viewer import REFUSED
from edge.viewer import STRANGER
from edge.viewer import Viewer
from edge.wire import Prepared

PLAIN = {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
}
SYNTHETIC = b"Mfmc-Faces: synthetic\r\n"
TIMING_STEPS = tuple(factor * 10**power for power in range(5) for factor in (1, 2, 5))  # milliseconds
METHODS = "GET, HEAD, OPTIONS"
PARTIAL = b"HTTP/1.1 206 Partial Content\r\n"
NEVER_STALE = "must-revalidate, stale-if-error=0"  # CDNs that do without the one are told by the other (RFC 5861)
NOTHING_SHARED = Sharing((), credentials=False)
PAGE_POLICY = "default-src 'none'; img-src 'self'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'"


class Answers:
    """The manners of pictures; an answer adds its entity tag, whether faces are synthetic, the photo's key, and nothing else."""

    def __init__(self, settings: config.Edge) -> None:
        self._settings = settings
        self._sharing = Sharing(settings.cors.origins, credentials=settings.cors.credentials)
        personal = self._sharing if settings.cors.credentials else NOTHING_SHARED
        keys = _surrogate(settings)
        self._public = Manner.of(settings, f"public, max-age={settings.public_max_age_seconds}", self._sharing, keys)
        self._personal = Manner.of(settings, "private, no-cache", personal)
        self._refused = Manner.of(settings, "private, no-store", personal)
        self._spliced = Manner.of(settings, f"private, {settings.spliced_cache}", personal)
        self._preflight = Preflight(settings.cors)
        self._max_age = 0 if settings.urls is None else settings.urls.max_age_seconds
        self._signed = self._for_holders(self._max_age)
        self.doubtful = self._of_urls(f"public, max-age={math.ceil(settings.cache.revocation_seconds)}")
        """The headers of the base where a signed URL does not show what was signed."""

    def manner(self, viewer: Viewer, granted: frozenset[int]) -> Manner:
        """The headers for this viewer and decision, but for what depends on the picture itself."""
        if granted:
            return self._spliced
        if viewer is STRANGER:
            return self._public
        return self._refused if viewer is REFUSED else self._personal

    def signed(self, left: float) -> Manner:
        """The headers of what a signed URL shows that is good for another ``left`` seconds."""
        return self._signed if left >= self._max_age else self._for_holders(int(left))

    def options(self, headers: Mapping[str, str]) -> web.Response:
        """What pictures can be asked with, for whoever sends OPTIONS with these ``headers``; the same whatever is there."""
        told = {name: value for name, value in PLAIN.items() if name != "Content-Type"}
        return web.Response(status=204, headers={**told, "Allow": METHODS, **self._preflight.headers(headers)})

    def _for_holders(self, seconds: int) -> Manner:
        return self._of_urls(f"public, max-age={seconds}, {NEVER_STALE}")

    def _of_urls(self, cache_control: str) -> Manner:
        return Manner.of(self._settings, cache_control, self._sharing, _surrogate(self._settings, "signed"), ())


def _surrogate(settings: config.Edge, *more: str) -> bytes:
    """A header line with the photo's key to be filled in, and ``more`` keys."""
    between = "," if settings.surrogate_header == "Cache-Tag" else " "
    return f"{settings.surrogate_header}: {between.join(('%(photo)b', *more))}\r\n".encode()


class Variant(NamedTuple):
    """What is shown at ``path``: its entity tag, and whether any face in it is ``synthetic``."""

    path: str
    tag: str
    synthetic: bool


def picture(
    request: web.BaseRequest, manner: Manner, shown: Variant, body: Sequence[Buffer], now: float
) -> web.StreamResponse:
    """A 200 with the picture, a 206 with the range of it that is asked for, or a 416 where that is beyond its end.

    For HEAD the headers of the 200, Content-Length included.
    """
    head = _head(request, manner.ok, manner, shown)
    if "Range" in request.headers:
        part = conditions.part(request.method, request.headers, shown.tag, sum(map(len, body)))
        if part is not None:
            return _part(part, manner, head, body, now)
    return Prepared(200, head, body, now, manner.send_seconds)


def _part(part: conditions.Range, manner: Manner, head: bytes, body: Sequence[Buffer], now: float) -> web.StreamResponse:
    if not part.sendable:
        told = sentence(416, "The picture ends before this range.")
        told.headers["Content-Range"] = part.field
        return told
    partial = PARTIAL + head.removeprefix(OK) + f"Content-Range: {part.field}\r\n".encode()
    return Prepared(206, partial, part.of(body), now, manner.send_seconds)


def not_modified(request: web.BaseRequest, manner: Manner, shown: Variant, now: float) -> web.StreamResponse:
    """A 304 (RFC 9110 section 15.4.5): the headers of the picture that the client already has."""
    return Prepared(304, _head(request, manner.unchanged, manner, shown), None, now, manner.send_seconds)


def _head(request: web.BaseRequest, start: bytes, manner: Manner, shown: Variant) -> bytes:
    said = SYNTHETIC if shown.synthetic else b""
    shared = manner.sharing.lines(request.headers)
    return b"%b%b%b%bETag: %b\r\n" % (start, _keys(manner, shown.path), said, shared, shown.tag.encode())


def _keys(manner: Manner, path: str) -> bytes:
    return manner.surrogate % {b"photo": photo_key(path)} if manner.surrogate else b""


@lru_cache(maxsize=10_000)
def photo_key(path: str) -> bytes:
    """What every answer about a photo that shared caches may keep is called there: anyone can tell it from the path."""
    return b"photo-" + sha256(path.encode()).hexdigest()[:16].encode()


def timed(answer: web.StreamResponse, seconds: float) -> None:
    """Add Server-Timing: how long the answer took here, in such coarse steps that it tells no more than waiting for it does."""
    step = next((step for step in TIMING_STEPS if seconds * 1_000 <= step), TIMING_STEPS[-1])
    if isinstance(answer, Prepared):
        answer.add(f"Server-Timing: edge;dur={step}\r\n".encode())
    else:
        answer.headers["Server-Timing"] = f"edge;dur={step}"


def sentence(
    status: int, text: str, *, close: bool = False, allow: str | None = None, retry_after: int | None = None
) -> web.Response:
    """A fixed text, never stored; ``close`` ends the connection after it."""
    headers = PLAIN if allow is None else {**PLAIN, "Allow": allow}
    if retry_after is not None:
        headers = {**headers, "Retry-After": str(retry_after)}
    answer = web.Response(status=status, body=f"{text}\n".encode(), headers=headers)
    if close:
        answer.force_close()
    return answer


def page(html: str, style_hash: str) -> web.Response:
    """A page of ours: no script, one inline style named by its hash, pictures from here alone."""
    own = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": PAGE_POLICY.format(style_hash)}
    return web.Response(body=html.encode(), headers={**PLAIN, **own})


def document(content: bytes, tag: str | None = None) -> web.Response:
    """JSON with its entity tag, never stored: a client that kept it itself asks with If-None-Match."""
    tags = {} if tag is None else {"ETag": tag}
    return web.Response(body=content, headers={**PLAIN, "Content-Type": "application/json", **tags})


def metrics(content: bytes, kind: str) -> web.Response:
    """Metrics of this ``Content-Type``, never stored."""
    return web.Response(body=content, headers={**PLAIN, "Content-Type": kind})


def nothing(status: int, tag: str | None = None) -> web.Response:
    """An answer without content: 204, or a 304 for whoever has just this."""
    headers = {name: value for name, value in PLAIN.items() if name != "Content-Type"}
    return web.Response(status=status, headers=headers if tag is None else {**headers, "ETag": tag})


def problem(status: int, content: bytes, headers: Mapping[str, str], *, close: bool) -> web.Response:
    """Problem details (RFC 9457), never stored; ``close`` ends the connection after it."""
    answer = web.Response(status=status, body=content, headers={**PLAIN, "Content-Type": "application/problem+json", **headers})
    if close:
        answer.force_close()
    return answer
