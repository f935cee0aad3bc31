"""Signed text in compact form (RFC 7515 section 3.1), shaped before anything in it is believed.

Size, alphabet (no padding, one spelling per text) and a header of ``alg``, ``typ`` and ``kid`` alone, so ``crit``,
``jku``, ``x5u``, ``jwk`` and ``zip`` are refused. The algorithm is the caller's (RFC 8725 section 3.1), and so is the
type: text signed for one purpose does not pass for another (section 3.11).
"""

import base64
import re

import jwt
import msgspec

from edge.errors import TokenRefused
from edge.issuer import Key

MAX_HEADER_CHARACTERS = 2_048

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_KID = re.compile(r"[A-Za-z0-9_.:@=+-]{1,128}", re.ASCII)


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    typ: str = "JWT"
    kid: str | msgspec.UnsetType = msgspec.UNSET


def key_id(text: str, *, algorithm: str, type: str, max_bytes: int) -> str | None:
    """The name of the key that is said to have signed ``text``, None without one.

    Raises ``TokenRefused``, or an error of the JSON parser, for text that is not of this algorithm, type and size.
    """
    require(len(text) <= max_bytes and _SHAPE.fullmatch(text) is not None)
    head = text.partition(".")[0]
    require(len(head) <= MAX_HEADER_CHARACTERS)
    header = msgspec.json.decode(canonical(head), type=_Header)
    require(header.alg == algorithm)
    require(header.typ.lower() == type.lower())  # RFC 7515 section 4.1.9: media types ignore case
    if header.kid is msgspec.UNSET:
        return None
    require(_KID.fullmatch(header.kid) is not None)
    return header.kid


def payload(text: str, key: Key, algorithm: str) -> str:
    """What ``key`` signed in a text that ``key_id`` let pass; raises ``TokenRefused`` for another's signature.

    Raises ``UnicodeDecodeError`` for what is not UTF-8, which msgspec would not see in members that nobody wants.
    """
    # PyJWT's whole decoder looks at each character in Python: ten times as long for a list of 100,000 friends
    signed, _, signature = text.rpartition(".")
    verifier = jwt.get_algorithm_by_name(algorithm)
    require(verifier.verify(signed.encode(), verifier.prepare_key(key), canonical(signature)) is True)
    return canonical(signed.partition(".")[2]).decode()


def canonical(part: str) -> bytes:
    """The bytes of base64url text, which must be the only spelling of them."""
    content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    require(base64.urlsafe_b64encode(content).decode().rstrip("=") == part)
    return content


def require(holds: bool) -> None:
    """Raises ``TokenRefused`` unless ``holds``."""
    if not holds:
        raise TokenRefused
