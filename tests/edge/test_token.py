"""The door for tokens: every row is refused, in the same way, with nothing said."""

import base64
import hashlib
import hmac
import json
import logging
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import TokenRefused
from edge.friends.pointer import Pointer
from edge.issuer import OneKey
from edge.token import Door
from tests.fakes import AUDIENCE
from tests.fakes import ISSUER
from tests.fakes import NOW
from tests.fakes import Issuer
from tests.fakes import World
from tests.fakes import spell

SIGNER = Issuer()
STRANGER_KEY = Ed25519PrivateKey.generate()
HEADER = b'{"alg":"EdDSA","typ":"JWT"}'
FRIENDS = ["u-red", "u-green"]


def door(**changes: Any) -> Door:
    """The default rules, changed."""
    rules: dict[str, Any] = {
        "issuer": ISSUER, "audience": AUDIENCE, "algorithm": "EdDSA", "type": "JWT",
        "max_bytes": 8_192, "max_lifetime": 900.0, "leeway": 5.0,
    }  # fmt: skip
    return Door(**(rules | changes))


def claims(**changes: Any) -> bytes:
    """Good claims as JSON, changed; None leaves a claim out."""
    return json.dumps(SIGNER.claims("u-eve", **({"friends": FRIENDS} | changes))).encode()


def raw(text: str) -> bytes:
    """Good claims with JSON text put in front, so that exact spellings can be tried."""
    return (text + claims().decode()[1:]).encode()


def signed(**changes: Any) -> str:
    """A well-signed token with these claims."""
    return SIGNER.sign(HEADER, claims(**changes))


def headed(**fields: Any) -> str:
    """A well-signed token with these header fields."""
    return SIGNER.sign(json.dumps({"alg": "EdDSA", "typ": "JWT"} | fields).encode(), claims())


def unsigned(alg: str) -> str:
    """A token that claims to need no signature."""
    head = json.dumps({"alg": alg, "typ": "JWT"}).encode()
    return f"{spell(head)}.{spell(claims())}."


def with_secret(secret: bytes) -> str:
    """HS256 under the text of the public key: what a verifier accepts that lets the token choose the algorithm."""
    head = f"{spell(json.dumps({'alg': 'HS256', 'typ': 'JWT'}).encode())}.{spell(claims())}"
    return f"{head}.{spell(hmac.digest(secret, head.encode(), hashlib.sha256))}"


def packed(*ids: int) -> str:
    """IDs as ``friends_packed`` spells them."""
    return spell(b"".join(number.to_bytes(8, "big") for number in ids))


GOOD = signed()
HEAD, BODY, SIGNATURE = GOOD.split(".")

REFUSED = {
    # spelling
    "empty": "",
    "dots": "..",
    "two-parts": f"{HEAD}.{BODY}",
    "four-parts": f"{GOOD}.x",
    "five-parts": f"{GOOD}.x.y",
    "padding-signature": f"{GOOD}=",
    "padding-signature-2": f"{GOOD}==",
    "padding-header": f"{HEAD}=.{BODY}.{SIGNATURE}",
    "padding-claims": f"{HEAD}.{BODY}=.{SIGNATURE}",
    "newline": f"{GOOD}\n",
    "space-before": f" {GOOD}",
    "space-inside": f"{HEAD}. {BODY}.{SIGNATURE}",
    "not-ascii": GOOD[:-1] + "é",
    "nul": GOOD + "\0",
    "standard-alphabet": GOOD.replace("-", "+").replace("_", "/") + "+/",
    "no-signature": f"{HEAD}.{BODY}.",
    "last-bits": GOOD[:-1] + chr(ord(GOOD[-1]) + 1),
    "oversized": signed(sub="u-eve", pad="x" * 8_192),
    "huge": "A" * 200_000,
    "json-form": json.dumps({"protected": HEAD, "payload": BODY, "signature": SIGNATURE}),
    # signature and algorithm
    "unsigned": unsigned("none"),
    "unsigned-None": unsigned("None"),
    "unsigned-NONE": unsigned("NONE"),
    "unsigned-EdDSA": unsigned("EdDSA"),
    "public-key-as-secret": with_secret(SIGNER.public_pem()),
    "raw-public-key-as-secret": with_secret(SIGNER.private.public_key().public_bytes_raw()),
    "other-signer": jwt.encode(SIGNER.claims("u-eve"), STRANGER_KEY, "EdDSA"),
    "other-algorithm-rs": jwt.encode(SIGNER.claims("u-eve"), rsa.generate_private_key(65_537, 2_048), "RS256"),
    "other-algorithm-es": jwt.encode(SIGNER.claims("u-eve"), ec.generate_private_key(ec.SECP256R1()), "ES256"),
    "claims-exchanged": f"{HEAD}.{spell(claims(sub='u-red'))}.{SIGNATURE}",
    "header-exchanged": spell(b'{"alg":"EdDSA"}') + f".{BODY}.{SIGNATURE}",
    "signature-cut": GOOD[:-4],
    "signature-zero": f"{HEAD}.{BODY}.{spell(bytes(64))}",
    # header
    "alg-missing": SIGNER.sign(b'{"typ":"JWT"}', claims()),
    "alg-number": SIGNER.sign(b'{"alg":1,"typ":"JWT"}', claims()),
    "alg-null": SIGNER.sign(b'{"alg":null,"typ":"JWT"}', claims()),
    "alg-list": SIGNER.sign(b'{"alg":["EdDSA"],"typ":"JWT"}', claims()),
    "alg-case": headed(alg="eddsa"),
    "typ-other": headed(typ="at+jwt"),
    "typ-empty": headed(typ=""),
    "typ-number": headed(typ=1),
    "typ-null": headed(typ=None),
    "crit": headed(crit=["b64"]),
    "crit-empty": headed(crit=[]),
    "b64-false": headed(b64=False),
    "jku": headed(jku="https://evil.example/k"),
    "jwk": headed(jwk={"kty": "OKP", "crv": "Ed25519", "x": "AA"}),
    "x5u": headed(x5u="https://evil.example/c"),
    "x5c": headed(x5c=["AA"]),
    "zip": headed(zip="DEF"),
    "cty-nested": headed(cty="JWT"),
    "unknown-field": headed(more=1),
    "kid-path": headed(kid="../../dev/null"),
    "kid-sql": headed(kid="' OR 1=1 --"),
    "kid-number": headed(kid=1),
    "kid-null": headed(kid=None),
    "kid-empty": headed(kid=""),
    "header-long": SIGNER.sign(HEADER[:-1] + b" " * 2_000 + b"}", claims()),
    "kid-long": headed(kid="k" * 129),
    "header-list": SIGNER.sign(b"[]", claims()),
    "header-empty": SIGNER.sign(b"{}", claims()),
    "header-no-json": SIGNER.sign(b"alg", claims()),
    "header-deep": SIGNER.sign(b'{"alg":"EdDSA","typ":' + b"[" * 3_000, claims()),
    "header-utf16": SIGNER.sign(HEADER.decode().encode("utf-16"), claims()),
    # times
    "expired": signed(exp=int(NOW) - 6, iat=int(NOW) - 300),
    "expired-just": signed(exp=int(NOW) - 5, iat=int(NOW) - 300),
    "no-exp": signed(exp=None),
    "exp-text": signed(exp=str(int(NOW) + 300)),
    "exp-bool": signed(exp=True),
    "exp-null": SIGNER.sign(HEADER, claims().replace(b'"exp": 1800000600', b'"exp": null')),
    "exp-list": signed(exp=[int(NOW) + 300]),
    "exp-far": signed(exp=int(NOW) + 906, iat=None),
    "exp-very-far": signed(exp=10**50),
    "exp-negative": signed(exp=-1),
    "exp-zero": signed(exp=0),
    "exp-infinite": SIGNER.sign(HEADER, claims().replace(b"1800000600", b"1e999")),
    "exp-infinity": SIGNER.sign(HEADER, claims().replace(b"1800000600", b"Infinity")),
    "exp-nan": SIGNER.sign(HEADER, claims().replace(b"1800000600", b"NaN")),
    "exp-5000-digits": SIGNER.sign(HEADER, claims().replace(b"1800000600", b"9" * 5_000)),
    "lives-too-long": signed(iat=int(NOW) - 500, exp=int(NOW) + 500),
    "iat-ahead": signed(iat=int(NOW) + 60),
    "iat-after-exp": signed(iat=int(NOW) + 5, exp=int(NOW) + 1),
    "iat-bool": signed(iat=True),
    "iat-text": signed(iat="1"),
    "iat-long-ago": signed(iat=1),
    "nbf-ahead": signed(nbf=int(NOW) + 60),
    "nbf-bool": signed(nbf=False),
    "nbf-text": signed(nbf="0"),
    # who
    "no-iss": signed(iss=None),
    "iss-other": signed(iss="https://evil.example"),
    "iss-slash": signed(iss=ISSUER + "/"),
    "iss-list": signed(iss=[ISSUER]),
    "no-aud": signed(aud=None),
    "aud-other": signed(aud="mail"),
    "aud-empty-list": signed(aud=[]),
    "aud-two": signed(aud=[AUDIENCE, "mail"]),
    "aud-twice": signed(aud=[AUDIENCE, AUDIENCE]),
    "aud-nested": signed(aud=[[AUDIENCE]]),
    "aud-prefix": signed(aud=AUDIENCE + "x"),
    "aud-number": signed(aud=1),
    "no-sub": signed(sub=None),
    "sub-empty": signed(sub=""),
    "sub-number": signed(sub=7),
    "sub-space": signed(sub="u eve"),
    "sub-nul": signed(sub="u\0eve"),
    "sub-newline": signed(sub="u-eve\n"),
    "sub-long": signed(sub="u" * 129),
    "sub-look-alike": signed(sub="u-rеd"),  # noqa: RUF001 - the letter is Cyrillic on purpose
    # friends
    "friends-text": signed(friends="u-red"),
    "friends-null": SIGNER.sign(HEADER, claims().replace(b'["u-red", "u-green"]', b"null")),
    "friends-object": signed(friends={"u-red": 1}),
    "friends-star": signed(friends=["*"]),
    "friends-number": signed(friends=[1]),
    "friends-null-item": signed(friends=[None]),
    "friends-nested": signed(friends=[["u-red"]]),
    "friends-empty-item": signed(friends=[""]),
    "friends-nul": signed(friends=["u-red\0u-green"]),
    "friends-look-alike": signed(friends=["u-rеd"]),  # noqa: RUF001
    "both-forms": signed(friends_packed=packed(1)),
    "both-forms-empty": signed(friends=[], friends_packed=""),
    "packed-descending": signed(friends=None, friends_packed=packed(2, 1)),
    "packed-twice": signed(friends=None, friends_packed=packed(1, 1)),
    "packed-cut": signed(friends=None, friends_packed=packed(1)[:-2]),
    "packed-padded": signed(friends=None, friends_packed=packed(1) + "="),
    "packed-list": signed(friends=None, friends_packed=[packed(1)]),
    "packed-number": signed(friends=None, friends_packed=1),
    "ref-number": signed(friends_ref=1, friends_version="7"),
    "ref-list": signed(friends_ref=["a"], friends_version="7"),
    "ref-long": signed(friends_ref="a" * 513, friends_version="7"),
    "version-number": signed(friends_ref="a", friends_version=7),
    "version-empty": signed(friends_ref="a", friends_version=""),
    "version-slash": signed(friends_ref="a", friends_version="7/8"),
    "version-long": signed(friends_ref="a", friends_version="7" * 65),
    # claims as a whole
    "claims-list": SIGNER.sign(HEADER, b"[]"),
    "claims-empty": SIGNER.sign(HEADER, b"{}"),
    "claims-no-json": SIGNER.sign(HEADER, b"sub=u-eve"),
    "claims-deep": SIGNER.sign(HEADER, raw('{"x":' + "[" * 2_500 + "]" * 2_500 + ",")),
    "claims-deep-objects": SIGNER.sign(HEADER, raw('{"x":' + '{"a":' * 1_000)),
    "claims-utf16": SIGNER.sign(HEADER, claims().decode().encode("utf-16")),
    "claims-utf8-broken": SIGNER.sign(HEADER, claims().replace(b"u-red", b"\xff\xfe")),
    "claims-utf8-broken-elsewhere": SIGNER.sign(HEADER, claims(name="Eve").replace(b"Eve", b"\xff")),
    "claims-bom": SIGNER.sign(HEADER, b"\xef\xbb\xbf" + claims()),
    "claims-trailing": SIGNER.sign(HEADER, claims() + b"{}"),
}
IDS = [pytest.param(token, id=name) for name, token in REFUSED.items()]


@pytest.mark.parametrize("token", IDS)
async def test_refused(token: str) -> None:
    """A bad token raises TokenRefused and nothing else, and quickly."""
    started = time.perf_counter()
    with pytest.raises(TokenRefused) as refused:
        await door().verify(token, OneKey(SIGNER.private.public_key()), NOW)
    assert time.perf_counter() - started < 1
    assert refused.value.__cause__ is None
    assert str(refused.value) == "the token is refused"


ACCEPTED = {
    "plain": GOOD,
    "aud-one-element": signed(aud=[AUDIENCE]),
    "no-iat": signed(iat=None),
    "nbf-now": signed(nbf=int(NOW)),
    "fractional-times": signed(exp=NOW + 10.5, iat=NOW - 0.5),
    "within-leeway": signed(exp=int(NOW) - 4, iat=int(NOW) - 300),
    "no-typ": SIGNER.sign(b'{"alg":"EdDSA"}', claims()),
    "typ-lower": headed(typ="jwt"),
    "kid": headed(kid="k-2026.1"),
    "unknown-claims": signed(name="Eve", nested={"a": [1]}),
    "pointer": signed(friends_ref="eve/7", friends_version="7"),
    "half-a-pointer": signed(friends_ref="eve/7"),
    "duplicate-friends": signed(friends=["u-red", "u-red", "u-green"]),
}


@pytest.mark.parametrize("token", [pytest.param(token, id=name) for name, token in ACCEPTED.items()])
async def test_accepted(token: str) -> None:
    """Good tokens of several shapes prove the same viewer and friends."""
    proof = await door().verify(token, OneKey(SIGNER.private.public_key()), NOW)
    assert proof.user == "u-eve"
    assert "u-red" in proof.friends
    assert "u-blue" not in proof.friends
    assert "u-eve" not in repr(proof)


async def test_no_friends_is_nobodys_friend() -> None:
    """A token without friends proves who the viewer is, and no friendship."""
    proof = await door().verify(signed(friends=None), OneKey(SIGNER.private.public_key()), NOW)
    assert "u-red" not in proof.friends


async def test_packed_friends() -> None:
    """Packed friends are found by their hexadecimal names."""
    token = signed(friends=None, friends_packed=packed(7, 9))
    proof = await door().verify(token, OneKey(SIGNER.private.public_key()), NOW)
    assert f"{7:016x}" in proof.friends
    assert f"{8:016x}" not in proof.friends


async def test_pointer() -> None:
    """A token says where its list is, and which; one half of that is nothing."""
    keys = OneKey(SIGNER.private.public_key())
    proof = await door().verify(signed(friends_ref="eve/7.jws", friends_version="7-a"), keys, NOW)
    assert proof.pointer == Pointer("eve/7.jws", "7-a")
    for half in ({"friends_ref": "eve/7.jws"}, {"friends_version": "7-a"}):
        assert (await door().verify(signed(**half), keys, NOW)).pointer is None


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "HS256"])
async def test_each_algorithm(algorithm: str) -> None:
    """Each configurable algorithm verifies its own tokens and no EdDSA ones."""
    private: Any
    public: Any
    if algorithm == "HS256":
        private = public = b"s" * 32
    elif algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
        public = private.public_key()
    else:
        private = rsa.generate_private_key(65_537, 2_048)
        public = private.public_key()
    good = jwt.encode(SIGNER.claims("u-eve"), private, algorithm)
    assert (await door(algorithm=algorithm).verify(good, OneKey(public), NOW)).user == "u-eve"
    with pytest.raises(TokenRefused):
        await door(algorithm=algorithm).verify(GOOD, OneKey(public), NOW)


async def test_configured_type() -> None:
    """Where a type is configured, a token must carry it."""
    keys = OneKey(SIGNER.private.public_key())
    assert (await door(type="photo+jwt").verify(headed(typ="photo+JWT"), keys, NOW)).user == "u-eve"
    for token in (GOOD, SIGNER.sign(b'{"alg":"EdDSA"}', claims())):
        with pytest.raises(TokenRefused):
            await door(type="photo+jwt").verify(token, keys, NOW)


async def test_large_tokens_where_allowed() -> None:
    """4,500 packed friends fit under the largest limit (base64url twice: 14.2 characters each)."""
    token = signed(friends=None, friends_packed=packed(*range(4_500)))
    assert 60_000 < len(token) < 65_536
    proof = await door(max_bytes=65_536).verify(token, OneKey(SIGNER.private.public_key()), NOW)
    assert f"{4_499:016x}" in proof.friends
    assert proof.friends.size <= 64_000


async def test_every_row_is_a_stranger(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is wrong with a token, its bearer gets the base, never stored, and no log holds any of it."""
    caplog.set_level(logging.DEBUG)
    world.issuer.private = SIGNER.private
    (world.folder / "issuer.pem").write_bytes(SIGNER.public_pem())
    world.configure({"token": {"max_token_bytes": 65_536}})
    made = await world.publish({1: "u-red", 2: "u-green"}, rules={"u-red": "friends", "u-green": "friends"})
    await world.start()
    assert (await world.get(token=GOOD)).body == made.seen(1, 2)
    too_long_or_not_sendable = {"huge", "not-ascii", "nul", "newline", "oversized"}
    for name, token in REFUSED.items():
        if name in too_long_or_not_sendable:
            continue
        for carried in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"__Host-mfmc={token}"}):
            seen = await world.get(**carried)
            assert (seen.status, seen.body) == (200, made.base), name
            if not (name == "empty" and "Cookie" in carried) and " " not in token and '"' not in token:
                assert seen.headers["Cache-Control"] == "private, no-store", name
            assert len(token) < 20 or token[-20:] not in caplog.text
    for secret in (SIGNATURE, BODY, "u-red", "u-green"):
        assert secret not in caplog.text


def test_rows_are_many() -> None:
    """The table stays a table."""
    assert len(REFUSED) > 110
    assert len(set(REFUSED.values())) == len(REFUSED)
    assert base64.urlsafe_b64decode(HEAD + "==") == HEADER
