"""Who calls the control API: bearer tokens of viewers and of services, and nothing else."""

from pathlib import Path

import pytest

from edge.control.api import open_api
from edge.errors import ConfigError
from tests.control.desk import FACES
from tests.control.desk import SIGNER
from tests.control.desk import Desk
from tests.control.desk import photo
from tests.fakes import AUDIENCE
from tests.fakes import ISSUER
from tests.fakes import NOW
from tests.fakes import Issuer

INBOX = "/-/api/v1/people/u-red/inbox"
LOCK = f"{FACES}/1/lock"
GOOD = SIGNER.token("u-red")

NOBODY = {
    "nothing": [],
    "empty": ["Authorization:"],
    "scheme-alone": ["Authorization: Bearer"],
    "no-token": ["Authorization: Bearer "],
    "basic": ["Authorization: Basic dS1yZWQ6"],
    "no-scheme": [f"Authorization: {GOOD}"],
    "two-spaces": [f"Authorization: Bearer  {GOOD}"],
    "tab": [f"Authorization: Bearer\t{GOOD}"],
    "two-tokens": [f"Authorization: Bearer {GOOD}, Bearer {GOOD}"],
    "cookie": [f"Cookie: __Host-mfmc={GOOD}"],
    "cookie-and-other-scheme": ["Authorization: Basic x", f"Cookie: __Host-mfmc={GOOD}"],
    "other-header": [f"X-Authorization: Bearer {GOOD}", f"Proxy-Authorization: Bearer {GOOD}"],
    "cut": [f"Authorization: Bearer {GOOD[:-1]}"],
    "padded": [f"Authorization: Bearer {GOOD}="],
    "expired": [f"Authorization: Bearer {SIGNER.token('u-red', exp=int(NOW) - 6, iat=int(NOW) - 500)}"],
    "not-yet": [f"Authorization: Bearer {SIGNER.token('u-red', nbf=int(NOW) + 60)}"],
    "too-long-lived": [f"Authorization: Bearer {SIGNER.token('u-red', exp=int(NOW) + 100_000, iat=None)}"],
    "other-audience": [f"Authorization: Bearer {SIGNER.token('u-red', aud='mail')}"],
    "both-audiences": [f"Authorization: Bearer {SIGNER.token('u-red', aud=['photos', 'control'])}"],
    "other-issuer": [f"Authorization: Bearer {SIGNER.token('u-red', iss='https://evil.example')}"],
    "other-key": [f"Authorization: Bearer {Issuer().token('u-red')}"],
    "no-subject": [f"Authorization: Bearer {SIGNER.token('u-red', sub='')}"],
    "odd-subject": [f"Authorization: Bearer {SIGNER.token('u red')}"],
    "very-long": ["Authorization: Bearer " + "x" * 9_000],
}


async def test_nobody(desk: Desk) -> None:
    """Without a token that holds, every address gets one and the same 401; a cookie is no token here."""
    await desk.start()
    await desk.reset(photo({1: "u-red"}))
    before = await desk.dump()
    answers = set()
    for case, headers in NOBODY.items():
        for method, target in (("GET", INBOX), ("PUT", LOCK), ("DELETE", f"{FACES}/1/key"), ("PATCH", "/-/api/nothing")):
            seen = await desk.call(method, target, None, None, *headers)
            assert (seen.status, seen.headers.get("www-authenticate")) == (401, "Bearer"), case
            answers.add(seen.body)
    assert answers == {b'{"type":"urn:mfmc-edge:problem:unauthorised",'
                       b'"title":"This needs a token that holds, as Authorization: Bearer.","status":401}'}  # fmt: skip
    assert await desk.dump() == before


async def test_people_and_services(desk: Desk) -> None:
    """A viewer's token makes a person of its bearer, a service's token a service; neither passes for the other."""
    await desk.start()
    await desk.reset(photo({1: "u-red"}))
    assert (await desk.call("GET", INBOX, GOOD)).status == 200
    assert (await desk.call("GET", INBOX, desk.token("u-eve"))).status == 403
    assert (await desk.call("PUT", LOCK, GOOD)).status == 403
    assert (await desk.call("PUT", LOCK, desk.token("backend"))).status == 403
    assert (await desk.call("PUT", LOCK, desk.service())).status == 200
    assert (await desk.call("GET", INBOX, desk.service())).status == 200
    assert (await desk.call("GET", INBOX, None, None, f"authorization: bEARER {GOOD}")).status == 200


async def test_a_service_with_a_persons_name_is_not_that_person(desk: Desk) -> None:
    """The audit log tells a service from a person and from the operator, whatever the service calls itself."""
    await desk.start()
    await desk.reset(photo({1: "u-red"}))
    await desk.call("PUT", LOCK, desk.service("u-red"))
    await desk.call("DELETE", LOCK, desk.service("operator"))
    log = (await desk.dump())["audit"]
    assert ["'service:u-red'" in entry for entry in log] == [True, False]
    assert ["'service:operator'" in entry for entry in log] == [False, True]


async def test_without_services(desk: Desk) -> None:
    """Where no services are configured, there are none."""
    desk.configure({}, service=None)
    await desk.start()
    await desk.reset(photo({1: "u-red"}))
    assert (await desk.call("PUT", LOCK, desk.service())).status == 401
    assert (await desk.call("GET", INBOX, GOOD)).status == 200


async def test_remembered_until_it_expires(desk: Desk) -> None:
    """A token that was good a moment ago is refused the moment it ends, a service's as well as a person's."""
    await desk.start()
    await desk.reset(photo({1: "u-red"}))
    tokens = [desk.token("u-red", exp=int(NOW) + 60), desk.service(exp=int(NOW) + 60)]
    for at, status in ((0, 200), (64, 200), (65, 401)):
        desk.clock.now = NOW + at
        for token in tokens:
            assert (await desk.call("GET", INBOX, token)).status == status
    desk.api.purge(desk.clock.now)


REFUSED = [
    pytest.param({"audience": "photos"}, "must differ", id="same-audience-and-issuer"),
    pytest.param({"max_lifetime_seconds": 7_200}, "edge.control.service.max_lifetime_seconds", id="long-lived"),
    pytest.param({"algorithm": "HS256", "key_file": None, "jwks_file": "x"}, "edge.control.service.key_file", id="hs256-set"),
    pytest.param({"key_file": None}, "edge.control.service: set exactly one", id="no-key"),
    pytest.param({"key_file": None, "jwks_url": "http://keys.example/"}, "edge.control.service.jwks_url", id="plain-http"),
]


@pytest.mark.parametrize(("change", "named"), REFUSED)
def test_refused_settings(tmp_path: Path, change: dict[str, object], named: str) -> None:
    """A service table that would run open, or make services of viewers, stops the program and is named."""
    with pytest.raises(ConfigError, match=named):
        Desk(tmp_path).configure({}, service=change)


@pytest.mark.parametrize("differs", [{"issuer": "https://backend.example"}, {"audience": "control"}])
def test_one_difference_is_enough(tmp_path: Path, differs: dict[str, str]) -> None:
    """A service's tokens may come from the viewers' issuer for another audience, or from another issuer."""
    Desk(tmp_path).configure({}, service={"issuer": ISSUER, "audience": AUDIENCE} | differs)


async def test_unusable_service_key(desk: Desk) -> None:
    """A service's key that cannot be read stops the program, and the message names the right table."""
    await desk.start()
    service = desk.settings.edge.control.service
    assert service is not None
    (desk.folder / "issuer.pem").write_text("no key")
    with pytest.raises(ConfigError, match=r"edge\.control\.service\.key_file"):
        async with open_api(desk.settings.edge.control, desk.control, desk.people, desk.shown, None, desk.settings.sizes):
            raise AssertionError
