"""The certificate of one published photo (``docs/certificate.md`` is the twin of this file): what was measured, and who signed.

Stored as one or two lines of ASCII. The first is the certificate in canonical JSON: keys sorted, no spaces, nothing beyond ASCII,
similarities with at most four decimals. The second, if there is one, is detached: ``ed25519``, the key's id and the base64 of the
signature (RFC 8032) over the bytes of the first line without its end. Never an embedding, never a donor's name.
"""

import base64
import binascii
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from hashlib import sha256
from typing import Annotated
from typing import Final
from typing import Literal

import msgspec

from precompute.blend import Method
from precompute.certify import Measurement
from precompute.errors import CertificateBroken
from precompute.signing import Signer
from precompute.thresholds import Hash
from precompute.thresholds import Origin

FORMAT: Final = 2
DECIMALS: Final = 4
ALGORITHM: Final = "ed25519"
MAX_TEXT: Final = 16 << 20
Id = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one recogniser said of a fake: cosine similarity to the original, and whether it was below this threshold."""

    recogniser: str
    model_sha256: Hash
    threshold: float
    origin: Origin
    similarity: float
    passed: bool


class FaceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One face by its slot; ``seed_sha256`` commits to the seed that the choice and the drawing of its fake came from."""

    slot: Annotated[int, msgspec.Meta(ge=0)]
    generator: Method
    seed_sha256: Hash
    recognisers: tuple[Verdict, ...]


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is certified, of just this photo, version and base."""

    format: Literal[2]
    photo_id: Id
    photo_version: Id
    base_sha256: Hash
    created: str
    faces: tuple[FaceEntry, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """A certificate as the catalog has it: ``body`` are the bytes that are signed; without a signature, nobody did."""

    certificate: Certificate
    body: bytes
    key_id: str | None
    signature: bytes | None


def of(photo_id: bytes, version: bytes, base: bytes, faces: Sequence[FaceEntry], now: float) -> Certificate:
    """The certificate of this base, made at ``now`` (unix seconds), faces by ascending slot."""
    return Certificate(
        format=FORMAT, photo_id=photo_id.hex(), photo_version=version.hex(), base_sha256=sha256(base).hexdigest(),
        created=datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        faces=tuple(sorted(faces, key=lambda face: face.slot)),
    )  # fmt: skip


def face(slot: int, generator: Method, seed_sha256: bytes, measured: Sequence[Measurement]) -> FaceEntry:
    """One face's entry."""
    verdicts = tuple(
        Verdict(
            recogniser=each.recogniser, model_sha256=each.model_sha256, threshold=each.threshold,
            origin=each.origin, similarity=_rounded(each.similarity), passed=each.passed,
        )
        for each in measured
    )  # fmt: skip
    return FaceEntry(slot=slot, generator=generator, seed_sha256=seed_sha256.hex(), recognisers=verdicts)


def _rounded(similarity: float) -> float:
    # A recogniser that gives no number passes nothing; JSON has no spelling for it.
    return round(similarity, DECIMALS) if math.isfinite(similarity) else 1.0


def spelled(certificate: Certificate) -> bytes:
    """The one spelling of a certificate: the bytes that are signed."""
    plain = msgspec.to_builtins(certificate)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def stored(certificate: Certificate, signer: Signer | None) -> str:
    """What the catalog keeps; without a signer one line, which anybody could have written."""
    body = spelled(certificate)
    if signer is None:
        return body.decode()
    return f"{body.decode()}\n{ALGORITHM} {signer.key_id} {base64.b64encode(signer.sign(body)).decode()}"


def parse(text: str) -> Stored:
    """The catalog's text; raises ``CertificateBroken`` for anything that ``stored`` does not write."""
    first, *rest = text.split("\n")
    try:
        body = first.encode("ascii")
        certificate = msgspec.json.decode(body, type=Certificate)
        if len(text) > MAX_TEXT or spelled(certificate) != body or len(rest) > 1:
            raise CertificateBroken
        key_id, signature = _signature(rest[0]) if rest else (None, None)
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        raise CertificateBroken from None
    return Stored(certificate, body, key_id, signature)


def _signature(line: str) -> tuple[str, bytes]:
    """Raises ``ValueError``."""
    algorithm, key_id, text = line.split(" ")
    if algorithm != ALGORITHM:
        raise ValueError
    return key_id, base64.b64decode(text, validate=True)
