"""Every header that leaves the process: the only place that writes Cache-Control, ETag, Vary, and answers 304 and HEAD.

    what is shown   to whom                    Cache-Control
    base            no credentials             public, max-age=<configured>
    base            credentials that hold      private, no-cache
    base            credentials that do not    private, no-store
    spliced         anyone                     private, no-cache or no-store, as configured
    a sentence      anyone                     no-store

Pictures always carry ``Vary: Authorization, Cookie`` (RFC 9110 section 12.5.5) and a strong entity tag; ranges are never served,
since two ranges could come from two variants.
"""

from collections.abc import Mapping

from aiohttp import web
from multidict import CIMultiDictProxy

from edge import config
from edge.viewer import REFUSED, STRANGER, Viewer

PLAIN = {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
}
PAGE_POLICY = "default-src 'none'; img-src 'self'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'"


class Answers:
    """The headers of pictures, made once; an answer adds its entity tag and nothing else."""

    def __init__(self, settings: config.Edge) -> None:
        self._public = _picture(settings, f"public, max-age={settings.public_max_age_seconds}")
        self._personal = _picture(settings, "private, no-cache")
        self._refused = _picture(settings, "private, no-store")
        self._spliced = _picture(settings, f"private, {settings.spliced_cache}")

    def manner(self, viewer: Viewer, granted: frozenset[int]) -> Mapping[str, str]:
        """The headers for this viewer and decision, but for the entity tag."""
        if granted:
            return self._spliced
        if viewer is STRANGER:
            return self._public
        return self._refused if viewer is REFUSED else self._personal


def picture(manner: Mapping[str, str], tag: str, body: bytes) -> web.Response:
    """A 200 with the picture; for HEAD the same headers, Content-Length included, and no body."""
    return web.Response(body=body, headers={**manner, "ETag": tag})


def not_modified(manner: Mapping[str, str], tag: str) -> web.Response:
    """A 304 (RFC 9110 section 15.4.5): the headers of the picture that the client already has."""
    headers = {**manner, "ETag": tag}
    del headers["Content-Type"]
    return web.Response(status=304, headers=headers)


def unchanged(headers: CIMultiDictProxy[str], tag: str) -> bool:
    """Whether the client holds just this variant: If-None-Match, a list or ``*`` (RFC 9110 section 13.1.2)."""
    if "If-None-Match" not in headers:
        return False
    held = [entry.strip(" \t") for line in headers.getall("If-None-Match") for entry in line.split(",")]
    return tag in held or held == ["*"] or f"W/{tag}" in held


def sentence(status: int, text: str, *, close: bool = False, allow: str | None = None) -> web.Response:
    """A fixed text, never stored; ``close`` ends the connection after it."""
    headers = PLAIN if allow is None else {**PLAIN, "Allow": allow}
    answer = web.Response(status=status, body=f"{text}\n".encode(), headers=headers)
    if close:
        answer.force_close()
    return answer


def page(html: str, style_hash: str) -> web.Response:
    """A page of ours: no script, one inline style named by its hash, pictures from here alone."""
    own = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": PAGE_POLICY.format(style_hash)}
    return web.Response(body=html.encode(), headers={**PLAIN, **own})


def _picture(settings: config.Edge, cache_control: str) -> dict[str, str]:
    return {
        "Content-Type": "image/jpeg",
        "Cache-Control": cache_control,
        "Vary": "Authorization, Cookie",
        "Accept-Ranges": "none",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": settings.resource_policy,
        "Referrer-Policy": "no-referrer",
    }
