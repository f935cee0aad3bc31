"""The signed list: every row is refused, in the same way; and the page that describes it tells the truth."""

import base64
import json
import re
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import TokenRefused
from edge.friends import Friends
from edge.friends.signed import ListDoor
from edge.friends.signed import inflate
from edge.issuer import OneKey
from tests.edge.friends.fakes import SIGNER
from tests.edge.friends.fakes import deflated
from tests.edge.friends.fakes import lines
from tests.edge.friends.fakes import signed
from tests.edge.test_token import door as token_door
from tests.fakes import AUDIENCE
from tests.fakes import ISSUER
from tests.fakes import NOW
from tests.fakes import spell

PAGE = Path(__file__).parents[3] / "docs" / "friends-list.md"
CONTENT = lines("u-red", "u-blue")
HEADER = b'{"alg":"EdDSA","typ":"mfmc-friends+jwt"}'
KEYS = OneKey(SIGNER.private.public_key())


def door(**changes: Any) -> ListDoor:
    """The default rules, changed."""
    rules: dict[str, Any] = {
        "issuer": ISSUER, "audience": AUDIENCE, "algorithm": "EdDSA", "max_bytes": 4 << 20, "max_list_bytes": 4 << 20,
        "max_lifetime": 86_400.0, "leeway": 5.0,
    }  # fmt: skip
    return ListDoor(**(rules | changes))


async def friends_in(text: str, **changes: Any) -> Friends:
    """The friends of u-eve in version v1."""
    return (await door(**changes).open(text, KEYS, user="u-eve", version="v1", now=NOW))[0]


def good(**changes: Any) -> str:
    """A good list of u-eve's, changed."""
    return signed("u-eve", CONTENT, **changes)


def headed(**fields: Any) -> str:
    """A well-signed list with these header fields."""
    payload = base64.urlsafe_b64decode(good().split(".")[1] + "==")
    return SIGNER.sign(json.dumps({"alg": "EdDSA", "typ": "mfmc-friends+jwt"} | fields).encode(), payload)


def packing(content: bytes, **changes: Any) -> str:
    """A list of this content."""
    return good(friends_deflate=spell(deflated(content)), **changes)


def streamed(stream: bytes) -> str:
    """A list with these bytes in place of the stream."""
    return good(friends_deflate=spell(stream))


def numbers(*ids: int) -> bytes:
    return b"".join(number.to_bytes(8, "big") for number in ids)


GOOD = good()
HEAD, BODY, SIGNATURE = GOOD.split(".")
STREAM = deflated(CONTENT)
VIEWER_TOKEN = SIGNER.token("u-eve", friends=["u-red"])

REFUSED = {
    # whose, which, when
    "other-viewer": signed("u-bob", CONTENT),
    "no-viewer": good(sub=None),
    "viewer-case": good(sub="U-EVE"),
    "other-version": good(ver="v2"),
    "no-version": good(ver=None),
    "version-number": good(ver=1),
    "expired": good(exp=int(NOW) - 5, iat=int(NOW) - 100),
    "no-exp": good(exp=None),
    "exp-text": good(exp="2100000000"),
    "exp-bool": good(exp=True),
    "lives-too-long": good(exp=int(NOW) + 86_401),
    "ends-before-it-begins": good(iat=int(NOW) + 4, exp=int(NOW) + 2),
    "not-yet": good(iat=int(NOW) + 6),
    "no-iat": good(iat=None),
    "iat-infinite": SIGNER.sign(HEADER, base64.urlsafe_b64decode(BODY + "==").replace(b"1800000000", b"-1e999")),
    "iss-other": good(iss="https://evil.example"),
    "no-iss": good(iss=None),
    "aud-other": good(aud="mail"),
    "aud-two": good(aud=[AUDIENCE, "mail"]),
    "no-aud": good(aud=None),
    "more-claims": good(nbf=int(NOW) + 100),
    # signature and header
    "viewer-token": VIEWER_TOKEN,
    "typ-of-tokens": headed(typ="JWT"),
    "typ-missing": SIGNER.sign(b'{"alg":"EdDSA"}', base64.urlsafe_b64decode(BODY + "==")),
    "unsigned": f"{spell(json.dumps({'alg': 'none', 'typ': 'mfmc-friends+jwt'}).encode())}.{BODY}.",
    "no-signature": f"{HEAD}.{BODY}.",
    "signature-zero": f"{HEAD}.{BODY}.{spell(bytes(64))}",
    "signature-of-another-list": f"{HEAD}.{good(ver='v2').split('.')[1]}.{SIGNATURE}",
    "other-signer": good(key=Ed25519PrivateKey.generate()),
    "crit": headed(crit=["exp"]),
    "zip": headed(zip="DEF"),
    "jwk": headed(jwk={"kty": "OKP"}),
    "long-header": headed(kid="k" * 2_000),
    "newline": GOOD + "\n",
    "bom": "\ufeff" + GOOD,
    "padding": GOOD + "=",
    "empty": "",
    "html": "<html></html>",
    # content
    "form-other": good(form="json"),
    "form-missing": good(form=None),
    "form-exchanged": good(form="packed"),
    "no-list": good(friends_deflate=None),
    "list-plain": good(friends_deflate=None, friends=["u-red"]),
    "list-number": good(friends_deflate=1),
    "list-empty-text": good(friends_deflate=""),
    "list-padding": good(friends_deflate=spell(STREAM) + "="),
    "list-standard-alphabet": good(friends_deflate=base64.b64encode(b"\xff\xfe\xfd" + STREAM).decode()),
    "stream-cut": streamed(STREAM[:-1]),
    "stream-followed": streamed(STREAM + b"\0"),
    "stream-twice": streamed(STREAM + STREAM),
    "stream-zlib": streamed(zlib.compress(CONTENT)),
    "stream-none": streamed(b"\xff" * 20),
    "unsorted": packing(b"u-red\nu-blue\n"),
    "twice": packing(b"u-red\nu-red\n"),
    "no-last-line-feed": packing(b"u-blue\nu-red"),
    "empty-id": packing(b"\nu-red\n"),
    "star": packing(b"*\n"),
    "carriage-returns": packing(b"u-blue\r\nu-red\r\n"),
    "nul-between": packing(b"u-blue\0u-red\n"),
    "space": packing(b"u blue\n"),
    "not-ascii": packing("ü\n".encode()),
    "long-id": packing(b"u" * 129 + b"\n"),
    "packed-cut": packing(numbers(1, 2)[:-1], form="packed"),
    "packed-descending": packing(numbers(2, 1), form="packed"),
    "packed-twice": packing(numbers(1, 1), form="packed"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_refused(name: str) -> None:
    """Nothing that is not exactly such a list, for this viewer, version and time, gives anybody a friend."""
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, ``Lists`` makes no friends of it
        await friends_in(REFUSED[name])


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="plain"),
        pytest.param({"exp": int(NOW) - 4, "iat": int(NOW) - 100}, id="exp-within-leeway"),
        pytest.param({"iat": int(NOW) + 5}, id="iat-within-leeway"),
        pytest.param({"exp": int(NOW) + 86_400}, id="longest"),
        pytest.param({"aud": [AUDIENCE]}, id="aud-list-of-one"),
        pytest.param({"headers": {"typ": "MFMC-Friends+JWT"}}, id="type-in-capitals"),
        pytest.param({"headers": {"kid": "k1"}}, id="with-kid"),
    ],
)
async def test_accepted(changes: dict[str, Any]) -> None:
    """What keeps to the page is a list."""
    found = await friends_in(good(**changes))
    assert "u-red" in found
    assert "u-blue" in found
    assert "u-green" not in found


async def test_empty_list_is_a_list() -> None:
    """A viewer without friends has a list that says so."""
    for form in ("listed", "packed"):
        assert "u-red" not in await friends_in(packing(b"", form=form))


async def test_no_list_is_a_token() -> None:
    """A signed list does not pass for a viewer's token."""
    with pytest.raises(TokenRefused):
        await token_door().verify(good(friends=["u-red"]), KEYS, NOW)
    assert (await token_door().verify(VIEWER_TOKEN, KEYS, NOW)).user == "u-eve"


async def test_bombs() -> None:
    """A stream that unpacks to more than the limit is refused when it gets there, however small it is."""
    bomb = deflated(b"u\n" * (32 << 20))
    assert len(bomb) < 1 << 20
    tracemalloc.start()
    with pytest.raises(TokenRefused):
        inflate(bomb, 1 << 20)
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
    with pytest.raises(TokenRefused):
        await friends_in(streamed(bomb), max_list_bytes=1 << 20)


@pytest.mark.parametrize("limit", [len(CONTENT) - 1, len(CONTENT), len(CONTENT) + 1])
def test_limit_is_exact(limit: int) -> None:
    """A list of just the largest size is whole."""
    if limit < len(CONTENT):
        with pytest.raises(TokenRefused):
            inflate(STREAM, limit)
    else:
        assert inflate(STREAM, limit) == CONTENT


async def test_too_long_a_text() -> None:
    """A text above the limit is refused."""
    assert await friends_in(GOOD, max_bytes=len(GOOD))
    with pytest.raises(TokenRefused):
        await friends_in(GOOD, max_bytes=len(GOOD) - 1)


async def test_a_hundred_thousand_friends() -> None:
    """100,000 friends are found one by one, and take hardly more memory than their names."""
    listed = [f"u-{number:06d}" for number in range(100_000)]
    found = await friends_in(packing(lines(*listed)))
    assert 900_001 < found.size <= 960_000
    assert all(name in found for name in listed)
    assert not any(f"{name}0" in found or name[:-1] in found for name in listed)
    ids = [number * 7_919 << 20 for number in range(100_000)]
    found = await friends_in(packing(numbers(*ids), form="packed"))
    assert found.size == 800_000
    assert all(f"{number:016x}" in found for number in ids[::997])
    assert not any(f"{number + 1:016x}" in found for number in ids[::997])


async def test_worked_example() -> None:
    """The page's example opens, byte for byte, and its parts belong together."""
    blocks = re.findall(r"```\n(.*?)```", PAGE.read_text(), re.S)
    claims, stream, parts, text = blocks[1], bytes.fromhex(blocks[2]), blocks[3].splitlines(), blocks[4].replace("\n", "")
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    head, payload = (spell(part.encode()) for part in parts)
    assert text == f"{head}.{payload}.{spell(private.sign(f'{head}.{payload}'.encode()))}"
    assert len(text) == 368
    assert json.loads(parts[1])["friends_deflate"] == spell(stream)
    assert inflate(stream, 21) == b"u-blue\nu-green\nu-red\n"
    assert '"friends_version": "7"' in claims
    found, ends = await door().open(text, OneKey(private.public_key()), user="u-eve", version="7", now=NOW)
    assert [name in found for name in ("u-blue", "u-green", "u-red", "u-eve")] == [True, True, True, False]
    assert ends == NOW + 3_605


async def test_recipe() -> None:
    """The page's few lines of Python make a list that opens."""
    (recipe,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "u-eve", "ver": "v1", "iat": int(NOW), "exp": int(NOW) + 60, "form": "listed",
    }  # fmt: skip
    names: dict[str, Any] = {"claims": claims, "key": SIGNER.private, "friends": ["u-red", "u-blue", "u-red"]}
    exec(recipe, {"zlib": zlib, "base64": base64, "jwt": jwt}, names)  # noqa: S102 - our own page
    found = await friends_in(names["text"])
    assert "u-red" in found
    assert "u-blue" in found
