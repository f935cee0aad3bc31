"""The certificate of one published photo (``docs/certificate.md`` is the twin of this file): what was measured, and who signed.

Stored as one or two lines of ASCII. The first is the certificate in canonical JSON: keys sorted, no spaces, nothing beyond ASCII,
similarities with at most four decimals. The second, if there is one, is detached: ``ed25519``, the key's id and the base64 of the
signature (RFC 8032) over the bytes of the first line without its end. Never an embedding, never a donor's name. Format 3 is
written; format 2, which does not say how a fake was chosen, is read as well.
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
from precompute.choice import Rule
from precompute.errors import CertificateBroken
from precompute.settings import Policy
from precompute.signing import Signer
from precompute.similarity import Name
from precompute.thresholds import Hash
from precompute.thresholds import Origin

FORMAT: Final = 3
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


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a fake was chosen: by which policy and measure of similarity, and how many candidates were drawn for the face."""

    policy: Policy
    similarity: Name
    threshold: float
    candidates: Annotated[int, msgspec.Meta(ge=0)]


class FaceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One face by its slot; ``seed_sha256`` commits to the seed that the choice and the drawing of its fake came from.

    ``choice`` is not there in format 2, and None in format 3 where a fake was taken over from a certificate of format 2.
    """

    slot: Annotated[int, msgspec.Meta(ge=0)]
    generator: Method
    seed_sha256: Hash
    recognisers: tuple[Verdict, ...]
    choice: Choice | msgspec.UnsetType | None = msgspec.UNSET


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is certified, of just this photo, version and base."""

    format: Literal[2, 3]
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


def face(
    slot: int, generator: Method, seed_sha256: bytes, measured: Sequence[Measurement], rule: Rule, candidates: int
) -> FaceEntry:
    """One face's entry; ``candidates``: how many were drawn for it under the rule."""
    verdicts = tuple(
        Verdict(
            recogniser=each.recogniser, model_sha256=each.model_sha256, threshold=each.threshold,
            origin=each.origin, similarity=_rounded(each.similarity), passed=each.passed,
        )
        for each in measured
    )  # fmt: skip
    choice = Choice(policy=rule.policy, similarity=rule.similarity, threshold=rule.threshold, candidates=candidates)
    return FaceEntry(slot=slot, generator=generator, seed_sha256=seed_sha256.hex(), recognisers=verdicts, choice=choice)


def taken_over(entry: FaceEntry) -> FaceEntry:
    """The entry of a fake that is published again as it is."""
    return msgspec.structs.replace(entry, choice=None) if entry.choice is msgspec.UNSET else entry


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
        of_format_2 = [face.choice is msgspec.UNSET for face in certificate.faces]
        if of_format_2 != [certificate.format == 2] * len(of_format_2):
            raise CertificateBroken
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
