"""The demo page: one photo as several viewers see it, side by side, through the real view flow. Loopback only.

Whoever opens it sees what each viewer sees, so ``config.validate`` refuses it on any other address.
"""

import base64
import hashlib
from asyncio import to_thread
from collections.abc import Mapping
from html import escape

from aiohttp import web

from edge import answer
from edge import config
from edge.address import OURS
from edge.catalog import Face
from edge.catalog import Photo
from edge.errors import NotFound
from edge.policy import audience
from edge.view import View
from edge.viewer import Viewer

MAX_TOKEN_BYTES = 65_536

STYLE = """
:root { color-scheme: light dark; --line: #8885; --soft: #777; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 90rem; padding: 2rem 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
p { margin: 0 0 1rem; max-width: 60rem; }
main { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); }
figure { border: 1px solid var(--line); border-radius: .75rem; margin: 0; overflow: hidden; }
img { display: block; height: auto; width: 100%; }
figcaption { padding: .75rem 1rem 1rem; }
figcaption strong { display: block; font-size: 1.1rem; }
figcaption span, li span { color: var(--soft); }
ul { margin: 1.5rem 0 0; padding-left: 1.25rem; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e8e8ea; } }
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


class Demo:
    """The page at ``/-/demo`` and its pictures at ``/-/demo/<name>.jpg``."""

    def __init__(self, settings: config.Demo, view: View) -> None:
        self._path = "/" + settings.photo.removeprefix("/")
        self._views = {entry.name: entry for entry in settings.views}
        self._view = view

    async def handle(self, request: web.BaseRequest, now: float) -> web.StreamResponse:
        """The page or one of its pictures; raises ``NotFound``, also for requests that come under another name or by a proxy.

        A page elsewhere could have its name point to this machine, and read every view (DNS rebinding).
        """
        if not is_local(request.headers):
            raise NotFound
        place = request.raw_path.removeprefix(OURS)
        if place == "demo":
            return answer.page(await self._page(request, now), STYLE_HASH)
        name = place.removeprefix("demo/").removesuffix(".jpg")
        if place != f"demo/{name}.jpg" or name not in self._views:
            raise NotFound
        return await self._view.show(await self._as_viewer(request, self._views[name]), now)

    async def _as_viewer(self, request: web.BaseRequest, entry: config.DemoView) -> web.BaseRequest:
        """The request that this viewer would send for the photo."""
        headers = {"Host": "localhost"}
        if entry.token_file is not None:
            headers["Authorization"] = f"Bearer {await to_thread(_token, entry)}"
        return request.clone(rel_url=self._path, headers=headers)

    async def _page(self, request: web.BaseRequest, now: float) -> str:
        photo = await self._view.decisions.photos.find(self._path, now)
        figures = [await self._figure(request, photo, entry, now) for entry in self._views.values()]
        faces = "".join(f"<li>{_owned(face, self._view.decisions.policy)}</li>" for face in photo.faces)
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>One photo, {len(figures)} viewers</title>'
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
            f"<h1>One photo, {len(figures)} viewers</h1>"
            "<p>Every picture below has the same address. What differs is who asks: a face is real only for those"
            " whom its owner allows, and a face of someone who does not exist for everyone else.</p>"
            f"<main>{''.join(figures)}</main><ul>{faces}</ul></html>"
        )

    async def _figure(self, request: web.BaseRequest, photo: Photo, entry: config.DemoView, now: float) -> str:
        asked = await self._as_viewer(request, entry)
        viewer = await self._view.decisions.viewers.identify(asked.headers, now)
        granted = await self._view.decisions.granted(photo, viewer, now)
        real = f"{len(granted)} of {len(photo.faces)} faces are real"
        return (
            f'<figure><img src="/-/demo/{entry.name}.jpg" width="{photo.width}" height="{photo.height}" alt="{real}">'
            f"<figcaption><strong>{escape(entry.name)}</strong>{escape(entry.caption)} "
            f"<span>{_who(viewer)}: {real}.</span></figcaption></figure>"
        )


def is_local(headers: Mapping[str, str]) -> bool:
    """Whether a request names this machine itself and was not forwarded."""
    host = headers.get("Host", "").rsplit(":", 1)[0] if headers.get("Host", "")[-1:] != "]" else headers["Host"]
    forwarded = any(name in headers for name in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "Via"))
    return host in ("localhost", "127.0.0.1", "[::1]") and not forwarded


def _who(viewer: Viewer) -> str:
    return "No token that holds" if viewer.id is None else f"Token of {escape(viewer.id)}"


def _owned(face: Face, policy: config.Policy) -> str:
    x, y, w, h = face.box
    where = f"<span>Face at {x}, {y} ({w} x {h}):</span>"
    if face.owner is None:
        return f"{where} unclaimed, so nobody sees it"
    if face.wrapped_key is None or face.locked:
        return f"{where} {'erased' if face.wrapped_key is None else 'locked'}, so nobody sees it"
    seen_by = "nobody" if face.vetoed else " ".join(sorted(audience(face, policy))) or "nobody"
    return f"{where} {escape(face.owner)} lets {escape(seen_by)} see it"


def _token(entry: config.DemoView) -> str:
    """The token of a viewer; an unreadable one shows what a stranger sees."""
    assert entry.token_file is not None  # noqa: S101 - the caller looked
    try:
        return entry.token_file.read_text("ascii")[:MAX_TOKEN_BYTES].strip()
    except (OSError, UnicodeDecodeError):
        return ""
