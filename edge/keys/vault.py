"""One key of HashiCorp Vault's transit engine behind the seam of the key services.

Wrapped key, after the head that ``wrapped`` describes (its id is ``keys.vault.name``)::

    Vault's ciphertext: "vault:v", the version of the key, ":", and canonical base64
    plaintext       = key || SHA-256(associated data)
    associated data = length-prefixed("mfmc-edge wrap vault v1", id, context)

The digest is compared after opening: a Vault that is too old to know ``associated_data`` ignores it without a word, and a
batch in the wrong order would give one face another's key. A token needs the capability "update" on encrypt/<key> and
decrypt/<key>, and not "create", with which Vault makes up a key that is missing.
"""

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from collections.abc import Sequence
from contextlib import asynccontextmanager

import aiohttp
import msgspec
from aiohttp import ClientSession
from yarl import URL

from edge import download
from edge.errors import ConfigError
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import KeyServiceFailed
from edge.errors import OriginFailed
from edge.keys import secret_file
from edge.keys.service import Pair
from edge.keys.settings import Vault
from edge.keys.wrapped import MAX_WRAPPED_BYTES
from edge.keys.wrapped import Wrapped
from edge.keys.wrapped import bound
from edge.keys.wrapped import heads

LABEL = b"mfmc-edge wrap vault v1"
DIGEST_BYTES = 32
MAX_TOKEN_BYTES = 4_096
MAX_ANSWER_BYTES = 65_536
MAX_ANSWER_BYTES_PER_KEY = 4_096
# The two texts by which Vault says that a version of the key is gone, rather than that the ciphertext is no good.
VERSION_GONE = frozenset(
    ("ciphertext or signature version is disallowed by policy (too old)", "invalid ciphertext: version is too new")
)

_CIPHERTEXT = re.compile(r"vault:v[1-9][0-9]{0,8}:([A-Za-z0-9+/]+={0,2})", re.ASCII)


class _Item(msgspec.Struct, frozen=True):
    ciphertext: str = ""
    plaintext: str = ""
    error: str = ""


class _Data(msgspec.Struct, frozen=True):
    batch_results: list[_Item]


class _Answer(msgspec.Struct, frozen=True):
    data: _Data


class VaultKeys:
    """A ``KeyService`` over one transit key; a batch is one request."""

    def __init__(self, client: ClientSession, settings: Vault, token: str) -> None:
        self._client = client
        self._settings = settings
        self._token = token
        self.primary = settings.name

    def __repr__(self) -> str:
        return f"<VaultKeys {self.primary}>"

    async def wrap(self, keys: Sequence[Pair]) -> list[bytes]:
        """Each key, encrypted by Vault."""
        asked = []
        for key, context in keys:
            associated = self._bound(context)
            asked.append({"plaintext": _text(key + _digest(associated)), "associated_data": _text(associated)})
        return [self._wrapped(item) for item in await self._ask("encrypt", asked)]

    async def unwrap(self, wrapped: Sequence[Pair]) -> list[bytes]:
        """Each key, decrypted by Vault."""
        asked, digests = [], []
        for sealed, context in wrapped:
            associated = self._bound(context)
            asked.append({"ciphertext": self._ciphertext(sealed), "associated_data": _text(associated)})
            digests.append(_digest(associated))
        return [_opened(item, digest) for item, digest in zip(await self._ask("decrypt", asked), digests, strict=True)]

    def _wrapped(self, item: _Item) -> bytes:
        if item.error or not _is_canonical(item.ciphertext):
            raise KeyServiceFailed
        wrapped = heads(self.primary)[0] + item.ciphertext.encode("ascii")
        if len(wrapped) > MAX_WRAPPED_BYTES:
            raise KeyServiceFailed
        return wrapped

    def _ciphertext(self, wrapped: bytes) -> str:
        parts = Wrapped.parse(wrapped)
        if parts.key_id != self.primary:
            raise KeyRingError("Vault does not hold the key that wrapped this")
        ciphertext = parts.sealed.decode("ascii", "replace")
        if parts.public or not _is_canonical(ciphertext):
            raise Damaged
        return ciphertext

    def _bound(self, context: bytes) -> bytes:
        return bound(LABEL, self.primary, context)

    async def _ask(self, verb: str, batch: list[dict[str, str]]) -> list[_Item]:
        if not batch:
            return []
        body = msgspec.json.encode({"batch_input": batch})
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                used = self._token
                status, answer = await self._post(verb, body, len(batch))
                if status == 403 and await self._has_other_token(used):
                    status, answer = await self._post(verb, body, len(batch))
            return _items(status, answer, len(batch))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError, RecursionError, OriginFailed):
            raise KeyServiceFailed from None

    async def _post(self, verb: str, body: bytes, keys: int) -> tuple[int, bytes]:
        headers = {"X-Vault-Token": self._token, "X-Vault-Request": "true", "Content-Type": "application/json"}
        if self._settings.namespace is not None:
            headers["X-Vault-Namespace"] = self._settings.namespace
        limit = MAX_ANSWER_BYTES + keys * MAX_ANSWER_BYTES_PER_KEY
        url = URL(f"{self._settings.address.rstrip('/')}/v1/{self._settings.mount}/{verb}/{self._settings.key}")
        async with self._client.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            return answer.status, await download.bounded(answer, limit)

    async def _has_other_token(self, refused: str) -> bool:
        """Vault's agent writes a new token into the file before the old one dies, so a refusal is a reason to look."""
        try:
            self._token = await asyncio.to_thread(_token, self._settings)
        except ConfigError:
            raise KeyServiceFailed from None
        return not hmac.compare_digest(refused, self._token)


@asynccontextmanager
async def open_vault(settings: Vault) -> AsyncIterator[VaultKeys]:
    """The service, ready to be asked; raises ``ConfigError`` where the token cannot be read."""
    token = await asyncio.to_thread(_token, settings)
    client = download.session(
        timeout_seconds=settings.timeout_seconds,
        connect_seconds=settings.connect_seconds,
        connections=settings.connections,
    )
    async with client:
        yield VaultKeys(client, settings, token)


def _token(settings: Vault) -> str:
    token = secret_file.read(settings.token_file, MAX_TOKEN_BYTES).strip()
    if not token or not token.isascii() or not token.decode().isprintable() or b" " in token:
        raise ConfigError(f"keys.vault.token_file: {settings.token_file} does not hold a token")
    return token.decode()


def _items(status: int, answer: bytes, count: int) -> list[_Item]:
    """The results, one for each key asked about; Vault says 400 where some of them are errors."""
    if status not in (200, 400):
        raise KeyServiceFailed
    items = msgspec.json.decode(answer, type=_Answer).data.batch_results
    if len(items) != count:
        raise KeyServiceFailed
    return items


def _opened(item: _Item, digest: bytes) -> bytes:
    if item.error in VERSION_GONE:
        raise KeyRingError("Vault no longer holds the version of its key that wrapped this")
    try:
        plaintext = base64.b64decode(item.plaintext, validate=True)
    except ValueError:
        raise Damaged from None
    key, bound_to = plaintext[:-DIGEST_BYTES], plaintext[-DIGEST_BYTES:]
    if item.error or not key or not hmac.compare_digest(bound_to, digest):
        raise Damaged
    return key


def _is_canonical(ciphertext: str) -> bool:
    """Whether the text is the one spelling of a ciphertext: Vault itself would take others for the same."""
    found = _CIPHERTEXT.fullmatch(ciphertext)
    if found is None:
        return False
    try:
        return _text(base64.b64decode(found[1], validate=True)) == found[1]
    except ValueError:
        return False


def _digest(associated: bytes) -> bytes:
    return hashlib.sha256(associated).digest()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
