"""Signed URLs: a photo's address that shows certain faces to whoever holds it, until it expires or somebody says no.

A backend that knows who may see whom signs by itself, without an event loop, a catalog or the edge::

    keys = urls.Keys.read(Path("var/urls.toml"))
    signed = urls.sign(keys, "/2026/t1.jpg", version, [(1, epoch, owner_epoch)], time.time())

``docs/url-signing.md`` has the format, byte by byte, and says where the version and the epochs come from.
"""

from edge.urls.keys import Keys as Keys
from edge.urls.signing import Signed as Signed
from edge.urls.signing import sign as sign
