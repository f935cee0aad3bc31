"""One key of AWS KMS behind the seam of the key services.

Wrapped key, after the head that ``wrapped`` describes (its id is ``keys.aws.name``)::

    ciphertext blob of KMS
    encryption context = {"mfmc-edge": hex SHA-256 of length-prefixed("mfmc-edge wrap aws v1", id, context)}

The context is hashed since KMS writes it to its own log. KMS takes one key at a time, so a batch is many calls at once.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from edge.errors import ConfigError
from edge.errors import Damaged
from edge.errors import KeyRingError
from edge.errors import KeyServiceFailed
from edge.keys.service import Pair
from edge.keys.settings import Aws
from edge.keys.wrapped import MAX_WRAPPED_BYTES
from edge.keys.wrapped import Wrapped
from edge.keys.wrapped import bound
from edge.keys.wrapped import heads

LABEL = b"mfmc-edge wrap aws v1"
MAX_KEY_BYTES = 64
LOGGERS = ("boto3", "botocore", "urllib3")  # at DEBUG they log what KMS opened


class AwsKeys:
    """A ``KeyService`` over one KMS key; its threads, at most one for each connection, are its own."""

    def __init__(self, client: Any, settings: Aws) -> None:
        """``client`` is boto3's for KMS; it never retries by itself."""
        self._client = client
        self._key_id = settings.key_id
        self._seconds = settings.timeout_seconds
        self._threads = ThreadPoolExecutor(settings.connections, "mfmc-aws")
        self.primary = settings.name

    def __repr__(self) -> str:
        return f"<AwsKeys {self.primary}>"

    async def wrap(self, keys: Sequence[Pair]) -> list[bytes]:
        """Each key, encrypted by KMS."""
        return await self._all(self._wrap, keys)

    async def unwrap(self, wrapped: Sequence[Pair]) -> list[bytes]:
        """Each key, decrypted by KMS with this one key of it and no other."""
        return await self._all(self._unwrap, wrapped)

    def close(self) -> None:
        """Let go of threads and connections; what still runs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    async def _all(self, work: Callable[[bytes, bytes], bytes], pairs: Sequence[Pair]) -> list[bytes]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.gather(*(loop.run_in_executor(self._threads, work, *pair) for pair in pairs))
        except TimeoutError:
            raise KeyServiceFailed from None

    def _wrap(self, key: bytes, context: bytes) -> bytes:
        answer = self._ask(self._client.encrypt, Plaintext=key, EncryptionContext=self._bound(context))
        wrapped = heads(self.primary)[0] + _bytes(answer, "CiphertextBlob", MAX_WRAPPED_BYTES)
        if len(wrapped) > MAX_WRAPPED_BYTES:
            raise KeyServiceFailed
        return wrapped

    def _unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        parts = Wrapped.parse(wrapped)
        if parts.key_id != self.primary:
            raise KeyRingError("AWS KMS does not hold the key that wrapped this")
        if parts.public:
            raise Damaged
        asked = {"CiphertextBlob": parts.sealed, "EncryptionContext": self._bound(context)}
        return _bytes(self._ask(self._client.decrypt, **asked), "Plaintext", MAX_KEY_BYTES)

    def _ask(self, call: Callable[..., Any], **asked: object) -> Any:
        from botocore.exceptions import ClientError

        try:
            return call(KeyId=self._key_id, **asked)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
        except Exception:  # the library's own errors are many, and it parses what came over the wire
            code = None
        if code == "InvalidCiphertextException":
            raise Damaged
        if code == "IncorrectKeyException":
            raise KeyRingError("another key of AWS KMS wrapped this")
        raise KeyServiceFailed

    def _bound(self, context: bytes) -> dict[str, str]:
        return {"mfmc-edge": hashlib.sha256(bound(LABEL, self.primary, context)).hexdigest()}


@asynccontextmanager
async def open_aws(settings: Aws) -> AsyncIterator[AwsKeys]:
    """The service, ready to be asked; raises ``ConfigError`` without boto3, or where it takes none of this."""
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    keys = AwsKeys(await asyncio.to_thread(_client, settings), settings)
    try:
        yield keys
    finally:
        keys.close()


def _client(settings: Aws) -> Any:
    try:
        from boto3.session import Session
        from botocore.config import Config
    except ImportError:
        raise ConfigError("keys.aws: needs boto3; run: pip install 'mfmc-edge[aws]'") from None
    manner = Config(
        connect_timeout=settings.connect_seconds,
        read_timeout=settings.timeout_seconds,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=settings.connections,
        ignore_configured_endpoint_urls=True,  # an address in the environment is not one in the configuration
        proxies={},
    )
    try:
        return Session().client("kms", region_name=settings.region, endpoint_url=settings.endpoint_url, config=manner)
    except Exception as error:  # a profile or a region that the library does not know, or an address it cannot parse
        raise ConfigError(f"keys.aws: boto3 cannot use it ({type(error).__name__})") from None


def _bytes(answer: Any, name: str, most: int) -> bytes:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, bytes) or not 0 < len(value) <= most:
        raise KeyServiceFailed
    return value
