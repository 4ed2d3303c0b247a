"""The dashboard's files, and the link that opens it."""

import pytest

from standby.core.wire.json import loads
from standby.web.door import PagesDoor, closed
from standby.web.files import page_files
from standby.web.visits import Visits
from tests.fakes.clock import LoadedDice, SetClock
from tests.fakes.line import Tape

pytestmark = pytest.mark.anyio
URL = "http://127.0.0.1:8484"


@pytest.fixture
def visits():
    return Visits(LoadedDice().mint, SetClock().ticks)


@pytest.fixture
def got(visits):
    door = PagesDoor(page_files(), visits, URL, "standby-8484")

    async def ask(method, target, *headers):
        tape = Tape()
        await door.serve(method, target, headers, tape)
        return tape

    return ask


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/standby/", "text/html; charset=utf-8"),
        ("/standby/?a=b", "text/html; charset=utf-8"),
        ("/standby/static/index.html", "text/html; charset=utf-8"),
        ("/standby/vendor/uPlot.min.css", "text/css; charset=utf-8"),
    ],
)
async def test_a_file_comes_with_its_kind_and_a_policy(got, path, kind):
    tape = await got("GET", path)

    assert (200, kind) == (tape.head.status, tape.head.header("content-type"))
    assert tape.sent
    assert "default-src 'self'" in tape.head.header("content-security-policy")
    assert "frame-ancestors 'none'" in tape.head.header("content-security-policy")
    assert "nosniff" == tape.head.header("x-content-type-options")
    assert "no-referrer" == tape.head.header("referrer-policy")


async def test_a_file_that_the_browser_has_is_not_sent_again(got):
    tag = (await got("GET", "/standby/")).head.header("etag")
    again = await got("GET", "/standby/", ("If-None-Match", tag))
    other = await got("GET", "/standby/", ("If-None-Match", '"other"'))

    assert (304, b"") == (again.head.status, again.sent)
    assert 200 == other.head.status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/standby/"),
        ("GET", "/standby/static/none.js"),
        ("GET", "/standby/static/../door.py"),
        ("GET", "/standby/vendor/VENDOR.json"),
        ("GET", "/standby/link"),
        ("HEAD", "/standby/open"),
    ],
)
async def test_what_there_is_not_is_a_404(got, method, path):
    assert 404 == (await got(method, path)).head.status


@pytest.mark.parametrize(
    ("path", "is_ours"),
    [
        ("/standby/", True),
        ("/standby/open", True),
        ("/standby/link", True),
        ("/standby/static/none.js", True),
        ("/standby/vendor/uPlot.esm.js", True),
        ("/standby/status", False),
        ("/standby/api/v1/status", False),
        ("/standby/opened", False),
        ("/v1/messages", False),
    ],
)
async def test_it_knows_its_own_paths(path, is_ours):
    assert is_ours is PagesDoor.serves(path)


async def test_whoever_has_the_token_gets_a_link_and_the_link_opens_a_visit(got, visits):
    link = loads((await got("POST", "/standby/link")).sent)
    opened = await got("GET", link["url"].removeprefix(URL))

    assert 300.0 == link["expires_in_s"]
    assert link["url"].startswith(f"{URL}/standby/open?code=")
    place, _, hand = opened.head.header("location").partition("#")
    assert (303, "/standby/") == (opened.head.status, place)
    cookie, *limits = opened.head.header("set-cookie").split("; ")
    name, _, key = cookie.partition("=")
    assert "standby-8484" == name
    assert visits.knows(key)
    assert visits.may(key, hand), "what the page may change it may with what no server is sent"
    assert hand not in opened.head.header("set-cookie")
    assert ["Path=/standby/", "HttpOnly", "SameSite=Strict", "Max-Age=43200"] == limits


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?code=",
        "?code=canary",
        "?other=1",
        "?code=a&code=b",
        "?a=b&c=d&e=f&g=h&i=j",
        "?code=%ff%00",
    ],
)
async def test_what_is_no_code_opens_nothing_and_is_not_reflected(got, query):
    tape = await got("GET", f"/standby/open{query}")

    assert 403 == tape.head.status
    assert tape.head.header("set-cookie") is None
    assert b"standby dashboard" in tape.sent
    assert b"canary" not in tape.sent


async def test_a_link_that_was_used_says_how_to_get_another(got, visits):
    code = visits.link()
    await got("GET", f"/standby/open?code={code}")

    assert 403 == (await got("GET", f"/standby/open?code={code}")).head.status


def test_the_page_for_who_may_not_look_loads_nothing():
    head, body = closed(401)

    assert 401 == head.status
    assert "no-store" == head.header("cache-control")
    assert b"src=" not in body
    assert b"href=" not in body
