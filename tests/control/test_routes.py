"""Addresses of the control API: one spelling each, and nothing else gets anywhere."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.control import routes
from edge.control.operations import OPERATIONS
from edge.control.operations import Operation
from edge.control.routes import PARTS
from edge.control.routes import ROOT
from edge.errors import MethodNotAllowed
from edge.errors import NotFound

PLACE = {"photo": "/2026/t1.jpg", "face": "1", "person": "u-red", "member": "u:blue@b.example", "group": "family-1"}
FACE = f"{ROOT}/photos/2026~t1.jpg/faces/1"
ALLOWED = {
    "/photos/{photo}": "DELETE",
    "/photos/{photo}/faces": "GET, HEAD",
    "/photos/{photo}/faces/{face}": "GET, HEAD",
    "/photos/{photo}/faces/{face}/owner": "PUT, DELETE",
    "/photos/{photo}/faces/{face}/claims/{person}": "PUT, DELETE",
    "/photos/{photo}/faces/{face}/tags/{person}": "PUT, DELETE",
    "/photos/{photo}/faces/{face}/tags/{person}/answer": "PUT",
    "/photos/{photo}/faces/{face}/requests/{person}": "PUT, DELETE",
    "/photos/{photo}/faces/{face}/requests/{person}/answer": "PUT",
    "/photos/{photo}/faces/{face}/shown": "PUT, DELETE",
    "/photos/{photo}/faces/{face}/veto": "PUT, DELETE",
    "/photos/{photo}/faces/{face}/lock": "PUT, DELETE",
    "/photos/{photo}/faces/{face}/key": "DELETE",
    "/photos/{photo}/faces/{face}/suggestions/{person}": "DELETE",
    "/photos/{photo}/rules/{person}": "PUT, DELETE",
    "/people/{person}/rule": "GET, HEAD, PUT",
    "/people/{person}/groups": "GET, HEAD",
    "/people/{person}/groups/{group}": "DELETE",
    "/people/{person}/groups/{group}/{member}": "PUT, DELETE",
    "/people/{person}/blocks": "GET, HEAD",
    "/people/{person}/blocks/{member}": "PUT, DELETE",
    "/people/{person}/inbox": "GET, HEAD",
    "/people/{person}/faces": "GET, HEAD",
    "/people/{person}/template": "GET, HEAD, DELETE",
}


def place(operation: Operation) -> dict[str, str]:
    """Good values for what the route names."""
    return {name: PLACE[name] for name in re.findall(r"{(\w+)}", operation.route)}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_has_an_address(operation: Operation) -> None:
    """Each operation is found at its own address, with what the address names; HEAD finds what GET does."""
    raw = routes.target(operation, place(operation))
    assert routes.find(operation.method, raw) == (operation, place(operation))
    if operation.method == "GET":
        assert routes.find("HEAD", raw) == (operation, place(operation))


def test_the_table_is_sound() -> None:
    """Names are unique, so are method and route, and no place of a route is both a fixed text and a named part."""
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    assert len({(operation.method, operation.route) for operation in OPERATIONS}) == len(OPERATIONS)
    below: dict[str, set[str]] = {}
    for operation in OPERATIONS:
        parts = operation.route.removeprefix("/").split("/")
        for depth, part in enumerate(parts):
            below.setdefault("/".join(parts[:depth]), set()).add(part)
    for parts_here in below.values():
        named = {part for part in parts_here if part.startswith("{")}
        assert not named or parts_here == named
        assert len(named) <= 1


@pytest.mark.parametrize("route", ALLOWED)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH", "OPTIONS", "TRACE", "get", "BREW", ""])
def test_allow_is_exact(route: str, method: str) -> None:
    """An address takes the methods that the documentation says; for any other the answer names just these."""
    raw = ROOT + route.format(**PLACE | {"photo": "2026~t1.jpg"})
    if method in ALLOWED[route].split(", "):
        assert routes.find(method, raw)[0].route == route
        return
    with pytest.raises(MethodNotAllowed) as refused:
        routes.find(method, raw)
    assert refused.value.allow == ALLOWED[route]


def test_allowed_names_every_route() -> None:
    """The table above leaves none out."""
    assert set(ALLOWED) == {operation.route for operation in OPERATIONS}


NOWHERE = [
    "", "/", "/-/", "/-/api", "/-/api/", "/-/api/v1", "/-/api/v1/", "/-/api/v2/people/u-red/rule", "/-/API/v1/people/u-red/rule",
    "//-/api/v1/people/u-red/rule", "/-/api/v1//people/u-red/rule",
    "/-/api/v1/people/u-red/rule/", "/-/api/v1/people/u-red//rule",
    "/-/api/v1/people/u-red/rule?", "/-/api/v1/people/u-red/rule?a=b",
    "/-/api/v1/people/u-red/rule#a", "/-/api/v1/people/u-red/rule;a",
    "/-/api/v1/people/u-red", "/-/api/v1/people", "/-/api/v1/people//rule", "/-/api/v1/people/./rule", "/-/api/v1/people/../rule",
    "/-/api/v1/people/u%2Dred/rule", "/-/api/v1/people/u-red%00/rule",
    "/-/api/v1/people/%2e%2e/rule", "/-/api/v1/people/u red/rule",
    "/-/api/v1/people/u+red/rule", "/-/api/v1/people/ü/rule", "/-/api/v1/people/u\udce9/rule", "/-/api/v1/people/u\0/rule",
    f"/-/api/v1/people/{'u' * 129}/rule", "/-/api/v1/people/u-red'--/rule", "/-/api/v1/people/{person}/rule",
    "/-/api/v1/people/u-red/groups/Family/u-blue", "/-/api/v1/people/u-red/groups/-a/u-blue",
    "/-/api/v1/people/u-red/groups/a_b/u-b",
    f"/-/api/v1/people/u-red/groups/{'a' * 33}/u-b", "/-/api/v1/people/u-red/groups/../u-b", "/-/api/v1/people/u-red/groups/a/..",
    "/-/api/v1/people/u-red/groups/%66/u-b", "/-/api/v1/people/u-red/blocks/.",
    "/-/api/v1/photos/~2026~t1.jpg/faces", "/-/api/v1/photos/2026/t1.jpg/faces", "/-/api/v1/photos/2026%2Ft1.jpg/faces",
    "/-/api/v1/photos/2026~~t1.jpg/faces", "/-/api/v1/photos/2026~t1.jpg~/faces", "/-/api/v1/photos/2026~.t1.jpg/faces",
    "/-/api/v1/photos/..~t1.jpg/faces", "/-/api/v1/photos/.~t1.jpg/faces", "/-/api/v1/photos/-~health/faces",
    "/-/api/v1/photos//faces", "/-/api/v1/photos/~/faces", "/-/api/v1/photos/a b/faces", "/-/api/v1/photos/a%7Eb/faces",
    f"/-/api/v1/photos/{'a' * 512}/faces", "/-/api/v1/photos/2026~t1.jpg/faces/", "/-/api/v1/photos/2026~t1.jpg/face",
    *(f"/-/api/v1/photos/2026~t1.jpg/faces/{face}" for face in (
        "01", "00", "-1", "+1", "1.0", "1e1", "0x1", "10000", "99999999999999999999",
        "1_0", "a", " 1", "1 ", "%31", "१", "\uff11", "1\n", "",
    )),
    f"{FACE}/veto/", f"{FACE}/Veto", f"{FACE}/tags", f"{FACE}/tags/u-red/Answer",
    f"{FACE}/tags/u-red/answer/yes", f"{FACE}/vetoed",
    f"http://x{FACE}", f"{FACE}/owner\n", f"{FACE}\\veto",
]  # fmt: skip


@pytest.mark.parametrize("raw", NOWHERE, ids=ascii)
def test_nowhere(raw: str) -> None:
    """Another spelling of an address, and an address of nothing, is not found, whatever the method is."""
    for method in ("GET", "PUT", "DELETE", "BREW"):
        with pytest.raises(NotFound):
            routes.find(method, raw)


@given(
    operation=st.sampled_from(OPERATIONS),
    filled=st.dictionaries(
        st.sampled_from(sorted(PARTS)), st.text(st.sampled_from("az09AZ_.:@-~/%\0\n é१"), max_size=8), min_size=len(PARTS)
    ),
)
def test_one_spelling(operation: Operation, filled: dict[str, str]) -> None:
    """Whatever is found is spelled exactly as the program itself spells the address of what was found."""
    raw = ROOT + operation.route.format(**filled)
    try:
        found, where = routes.find(operation.method, raw)
    except (NotFound, MethodNotAllowed):
        return
    assert routes.target(found, where) == raw


@pytest.mark.parametrize("name", PARTS)
@given(text=st.one_of(
    st.text(st.sampled_from("az09AZ_.:@-~/%\n é१"), max_size=6),
    st.integers(0, 20_000).map(str),
    st.sampled_from([letter * count for letter in "a.1" for count in (31, 32, 33, 127, 128, 129, 511, 512)]),
))  # fmt: skip
def test_patterns_say_what_is_read(name: str, text: str) -> None:
    """The pattern and length that the OpenAPI document shows accept exactly what the router accepts."""
    part = PARTS[name]
    try:
        part.read(text)
    except NotFound:
        accepted = False
    else:
        accepted = True
    matched = re.search(part.pattern.replace("$", r"\Z"), text, re.ASCII) is not None
    assert accepted == (matched and len(text) <= part.longest)
