"""Who may come in, and what of a request stays here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.host.secrets import same_secret
from standby.core.redact import Secret
from standby.core.request import NOBODY
from standby.core.wire import errors
from standby.server.guard import OPEN, Admitted, Guard, Turned, Visits
from tests.fakes.clock import SetClock
from tests.fakes.fingerprints import PlainFingerprints

TOKEN = "canary-token-2f9d"
HOST = ("Host", "127.0.0.1:4949")
KEY = ("x-api-key", "sk-key")
LOGIN = ("Authorization", "Bearer login")
OURS = ("X-Standby-Token", TOKEN)


VISITS = Visits(
    "standby-4949",
    lambda key: key == "of-a-visit",
    lambda key, hand: (key, hand) == ("of-a-visit", "Its-Hand"),
)
VISIT = ("Cookie", "standby-4949=of-a-visit")


def guard(*accepted, port=4949):
    return Guard(Secret(TOKEN), same_secret, PlainFingerprints(*accepted), port, visits=VISITS)


def admitted(*headers, method="POST", target="/v1/messages", accepted=()):
    return guard(*accepted).admit(method, target, (HOST, *headers))


UNKNOWN = guard().admit("POST", "/v1/messages", (HOST,))


def test_nobody_without_a_credential_is_let_in():
    assert isinstance(UNKNOWN, Turned)
    assert 401 == UNKNOWN.status
    assert "standby claude" in UNKNOWN.why


def test_who_is_turned_away_is_told_not_to_ask_again():
    head, body = errors.answer(UNKNOWN.status, UNKNOWN.why)

    assert "false" == head.header("x-should-retry")
    assert b"authentication_error" in body


@pytest.mark.parametrize(
    ("headers", "account", "trusted", "owner"),
    [
        ((OURS,), NOBODY, True, True),
        ((OURS, LOGIN), "bearer:login", True, True),
        ((OURS, KEY), "x-api-key:sk-key", True, True),
        ((("authorization", f"bearer {TOKEN}"),), NOBODY, True, True),
        ((("Authorization", f"Bearer {TOKEN}"), KEY), "x-api-key:sk-key", True, True),
        ((LOGIN,), "bearer:login", False, False),
        ((KEY,), "x-api-key:sk-key", False, False),
        # Which of two goes first is the cloud's business; one account it is in any case.
        ((LOGIN, KEY), "bearer:login", False, False),
        ((("Authorization", "Bearer sk-key"), KEY), "x-api-key:sk-key", False, False),
        ((("X-Standby-Token", "wrong"), KEY), "x-api-key:sk-key", False, False),
    ],
)
def test_whose_request_it_is(headers, account, trusted, owner):
    let_in = admitted(*headers)

    assert (account, trusted, owner) == (
        let_in.caller.account,
        let_in.caller.trusted,
        let_in.owner,
    )


def test_a_credential_that_the_cloud_has_accepted_is_trusted():
    assert admitted(LOGIN, accepted=["bearer:login"]).caller.trusted
    assert not admitted(KEY, accepted=["bearer:login"]).caller.trusted


@pytest.mark.parametrize(
    "headers",
    [
        (("X-Standby-Token", "wrong"),),
        (("X-Standby-Token", ""),),
        (("Authorization", "Bearer "),),
        (("Authorization", "Basic bG9naW4="),),
        (("Authorization", TOKEN),),
        (("x-api-key", TOKEN),),
        (("x-api-key", ""),),
        (("Cookie", f"x-standby-token={TOKEN}"),),
    ],
)
def test_what_is_no_credential_lets_nobody_in(headers):
    assert UNKNOWN == admitted(*headers)


@pytest.mark.parametrize("name", ["api_key", "key", "token", "x-standby-token"])
def test_a_token_in_a_query_is_none(name):
    assert UNKNOWN == admitted(target=f"/v1/messages?{name}={TOKEN}")


@pytest.mark.parametrize(
    ("target", "cut"),
    [
        (f"/k/{TOKEN}/v1/messages?beta=true", "/v1/messages?beta=true"),
        (f"/k/{TOKEN}/", "/"),
        (f"/k/{TOKEN}", "/"),
        (f"/k/{TOKEN}/k/other/v1", "/k/other/v1"),
    ],
)
def test_a_token_in_the_path_is_cut_off(target, cut):
    let_in = admitted(target=target)

    assert (cut, True, True) == (let_in.target, let_in.caller.trusted, let_in.owner)


@pytest.mark.parametrize("wrong", ["wrong", "", TOKEN[:-1], TOKEN + "x", TOKEN.upper()])
@pytest.mark.parametrize("headers", [(), (KEY,), (OURS,)])
def test_a_wrong_token_in_the_path_is_like_none_at_all(wrong, headers):
    assert UNKNOWN == admitted(*headers, target=f"/k/{wrong}/v1/messages")


FORMS = [
    (f"/k/{TOKEN}/v1/messages", ()),
    ("/v1/messages", (OURS,)),
    ("/v1/messages", (("Authorization", f"Bearer {TOKEN}"),)),
    ("/v1/messages", (("Authorization", f"Bearer {TOKEN}"), ("x-api-key", TOKEN))),
    ("/v1/messages", (LOGIN, ("Authorization", f"Bearer {TOKEN}"))),
    ("/v1/messages", (OURS, OURS, KEY)),
    (f"/k/{TOKEN}/v1/messages", (("X-Standby-Token", TOKEN), LOGIN, ("X-Api-Key", TOKEN))),
    ("/v1/messages", (LOGIN, ("X-Api-Key", TOKEN))),
]


@pytest.mark.parametrize(("target", "headers"), FORMS, ids=range(len(FORMS)))
def test_nothing_behind_the_guard_sees_the_token(target, headers):
    let_in = admitted(*headers, target=target)

    assert "/v1/messages" == let_in.target
    assert TOKEN not in repr(let_in)


def test_every_other_line_stays_as_it_is_and_where_it_was():
    lines = (("Anthropic-Beta", "a"), LOGIN, ("anthropic-beta", "b"), ("X-Odd", " ü "))

    assert (HOST, *lines) == admitted(*lines[:1], OURS, *lines[1:]).headers


def test_headers_of_this_hop_stay_here():
    hop = (("Connection", "x-odd, close"), ("X-Odd", "1"), ("TE", "trailers"))

    assert (HOST, KEY) == admitted(*hop, KEY).headers


@pytest.mark.parametrize(("method", "path"), sorted(OPEN))
def test_an_open_route_wants_no_credential(method, path):
    let_in = admitted(method=method, target=path)

    assert (NOBODY, False, False) == (let_in.caller.account, let_in.caller.trusted, let_in.owner)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "/api/hello"),
        ("HEAD", "/v1/messages"),
        ("POST", "/standby/health"),
        ("GET", "/standby/status"),
        ("GET", "/standby/recent"),
        ("GET", "/standby/health/../status"),
        ("GET", "/x/../standby/health"),
        ("GET", "/%73tandby/health"),
        ("HEAD", "/api/hello/"),
    ],
)
def test_every_other_route_is_closed(method, target):
    assert UNKNOWN == admitted(method=method, target=target)


@pytest.mark.parametrize("path", ["status", "recent", "", "nothing"])
@pytest.mark.parametrize("accepted", [(), ("x-api-key:sk-key",)])
def test_our_own_pages_want_the_token_whoever_the_cloud_knows(path, accepted):
    page = f"/standby/{path}"

    assert UNKNOWN == admitted(KEY, method="GET", target=page, accepted=accepted)
    assert admitted(KEY, OURS, method="GET", target=page).owner


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "http://169.254.169.254/latest/meta-data"),
        ("GET", "http://127.0.0.1:4949/v1/models"),
        ("GET", "//evil.example/v1/models"),
        ("GET", "//usage"),
        ("OPTIONS", "*"),
        ("CONNECT", "api.anthropic.com:443"),
        ("CONNECT", "/v1/messages"),
        ("GET", ""),
        ("GET", "v1/messages"),
    ],
)
def test_it_is_no_open_proxy(method, target):
    turned = guard().admit(method, target, (HOST, OURS))

    assert isinstance(turned, Turned)
    assert 400 == turned.status


@pytest.mark.parametrize("dots", ["/v1/../usage", "/v1/%2e%2e/usage", "/v1/..%2fusage", "/./v1"])
def test_a_path_is_never_made_into_another(dots):
    assert dots == admitted(OURS, method="GET", target=dots).target


@pytest.mark.parametrize(
    "host", ["127.0.0.1:4949", "localhost:4949", "LocalHost:4949", "[::1]:4949"]
)
def test_it_answers_to_its_own_names(host):
    assert isinstance(guard().admit("GET", "/v1/models", (("Host", host), OURS)), Admitted)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4949",
        "127.0.0.1.evil.example:4949",
        "localhost.evil.example:4949",
        "localhost",
        "localhost:4950",
        "localhost:4949/health?",
        "127.0.0.1:4949@evil.example",
        "0.0.0.0:4949",
        "[::]:4949",
        "",
    ],
)
def test_another_name_is_not_ours(host):
    turned = guard().admit("GET", "/standby/health", (("Host", host), OURS))

    assert 421 == turned.status
    assert not host or host not in turned.why


def test_the_port_that_every_client_leaves_out_may_be_left_out():
    at_80 = guard(port=80)

    assert isinstance(at_80.admit("GET", "/v1/models", (("Host", "localhost"), OURS)), Admitted)


@pytest.mark.parametrize("hosts", [(), (HOST, HOST), (HOST, ("host", "evil.example"))])
def test_there_is_exactly_one_host(hosts):
    assert 400 == guard().admit("GET", "/standby/health", (*hosts, OURS)).status


@pytest.mark.parametrize(
    "line",
    [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Origin", ""),
        ("Origin", "http://localhost:3000"),
        ("Origin", "http://["),
        ("Origin", "https://127.0.0.1:4949"),
        ("Origin", "http://evil.example#@127.0.0.1:4949"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "brand-new"),
    ],
)
def test_requests_of_web_pages_are_not_served(line):
    for target in ("/v1/messages", "/standby/health", f"/k/{TOKEN}/v1/messages"):
        assert 403 == admitted(OURS, line, target=target).status


@pytest.mark.parametrize(
    ("said", "project"),
    [
        ("/home/me/a%20b/%C3%BC", "/home/me/a b/ü"),
        ("C:\\work", "C:\\work"),
        ("/a%0d%0ax%00", "/ax"),
        ("/" + "a" * 2000, "/" + "a" * 999),
        ("", ""),
    ],
)
def test_the_launchers_word_for_the_project_stays_here(said, project):
    verdict = admitted(OURS, KEY, ("X-Standby-Project", said), ("X", "y"))

    assert project == verdict.caller.project
    assert {"host", "x-api-key", "x"} >= {name.lower() for name, _ in verdict.headers}


def test_one_good_origin_does_not_hide_a_bad_one():
    good, bad = ("Origin", "http://127.0.0.1:4949"), ("origin", "https://evil.example")

    assert isinstance(admitted(OURS, good, ("Sec-Fetch-Site", "same-origin")), Admitted)
    assert 403 == admitted(OURS, good, bad).status


lines = st.tuples(
    st.sampled_from(
        ["Host", "Origin", "Authorization", "x-api-key", "x-standby-token", "x-standby-project"]
    )
    | st.sampled_from(["Connection", "X"])
    | st.text(max_size=5),
    st.sampled_from([HOST[1], TOKEN, f"Bearer {TOKEN}", "Bearer x", "http://[", "null"])
    | st.text(max_size=12),
)


@given(
    st.sampled_from(["GET", "POST", "HEAD", "CONNECT", "ODD"]),
    st.sampled_from(["/", "/v1/messages", "/k/", f"/k/{TOKEN}", "/standby/"]),
    st.text(max_size=12),
    st.lists(lines, max_size=6),
)
def test_whatever_comes_is_let_in_or_turned_away_and_nothing_of_it_is_reflected(
    method, target, rest, headers
):
    verdict = guard().admit(method, target + rest, (HOST, *headers))

    if isinstance(verdict, Turned):
        assert verdict.status in {400, 401, 403, 421}
        assert verdict.why in {UNKNOWN.why, *WORDS}
    else:
        named = {name.lower() for name, _ in verdict.headers}
        assert named.isdisjoint({"x-standby-token", "x-standby-project"})
        assert verdict.owner or verdict.caller.account or (method, target) in OPEN_TARGETS
        assert not verdict.owner or verdict.caller.trusted


WORDS = {
    "the request line must name a path on this host",
    "exactly one Host header is required",
    "this gateway answers only to its own loopback name and port",
    "requests of web pages are not served",
}
OPEN_TARGETS = {("HEAD", "/")}


def test_of_a_hundred_unknown_credentials_thirty_are_let_in_a_minute():
    clock = SetClock()
    gateway = Guard(
        Secret(TOKEN), same_secret, PlainFingerprints("bearer:known"), 4949, ticks=clock.ticks
    )

    def asks(*headers):
        return gateway.admit("POST", "/v1/messages", (HOST, *headers))

    first = [asks(("x-api-key", f"sk-{number}")) for number in range(100)]
    others = [asks(KEY, OURS), asks(("Authorization", "Bearer known"))]
    clock.passes(first[-1].retry_after_s)

    assert 30 == sum(isinstance(verdict, Admitted) for verdict in first)
    assert {429} == {verdict.status for verdict in first[30:]}
    assert {60} == {verdict.retry_after_s for verdict in first[30:]}
    assert all(isinstance(verdict, Admitted) for verdict in others), "others pay for it"
    assert isinstance(asks(KEY), Admitted)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "cookie",
    [
        VISIT,
        ("cookie", "standby-4949=of-a-visit; other=1"),
        # A server on another port of this host may have set one of the same name before.
        ("Cookie", "standby-4949=foreign; standby-4949=of-a-visit"),
    ],
)
def test_the_cookie_of_a_visit_lets_a_browser_look_at_our_own_pages(method, cookie):
    let_in = admitted(cookie, ("Sec-Fetch-Site", "same-origin"), method=method, target="/standby/x")

    assert (True, NOBODY) == (let_in.owner, let_in.caller.account)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/standby/link"),
        ("POST", "/standby/status"),
        ("DELETE", "/standby/status"),
        ("PUT", "/standby/"),
        ("GET", "/metrics"),
        ("GET", "/v1/models"),
        ("POST", "/v1/messages"),
        ("GET", "/standby"),
        ("GET", "/v1/../standby/"),
    ],
)
def test_the_cookie_of_a_visit_changes_nothing_and_opens_nothing_else(method, target):
    assert UNKNOWN == admitted(VISIT, method=method, target=target)


@pytest.mark.parametrize(
    "cookie",
    [
        ("Cookie", "standby-4949=unknown"),
        ("Cookie", "standby-4949="),
        ("Cookie", "standby-1=of-a-visit"),
        ("Cookie", "x-standby-4949=of-a-visit"),
        ("Cookie", "of-a-visit"),
        ("Authorization", "Bearer of-a-visit"),
        ("X-Standby-Token", "of-a-visit"),
    ],
)
def test_what_is_no_cookie_of_a_visit_opens_nothing(cookie):
    assert UNKNOWN == admitted(cookie, method="GET", target="/standby/")


@pytest.mark.parametrize(
    "foreign", [("Sec-Fetch-Site", "same-site"), ("Origin", "http://127.0.0.1:3000")]
)
def test_a_page_on_another_port_cannot_use_the_cookie_of_a_visit(foreign):
    assert 403 == admitted(VISIT, foreign, method="GET", target="/standby/status").status


USE = "/standby/api/v1/use?what=spare"
HAND, ORIGIN = ("X-Standby-Hand", "Its-Hand"), ("Origin", "http://127.0.0.1:4949")
SAME = ("Sec-Fetch-Site", "same-origin")


def test_our_own_page_changes_the_one_thing_that_it_may_with_the_hand_of_its_visit():
    let_in = admitted(VISIT, HAND, ORIGIN, SAME, target=USE)

    assert (True, NOBODY) == (let_in.owner, let_in.caller.account)
    assert not [name for name, _ in let_in.headers if name.lower() == "x-standby-hand"]


@pytest.mark.parametrize("missing", range(4))
def test_without_any_of_them_it_changes_nothing(missing):
    lines = [VISIT, HAND, ORIGIN, SAME]
    del lines[missing]

    assert UNKNOWN == admitted(*lines, target=USE)


@pytest.mark.parametrize(
    "line",
    [
        ("X-Standby-Hand", "its-hand"),
        ("X-Standby-Hand", "of-a-visit"),
        ("X-Standby-Hand", ""),
        ("Origin", "http://localhost"),
        ("Origin", "http://127.0.0.1:3000"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "none"),
        ("Cookie", "standby-4949=another"),
    ],
)
def test_one_that_is_wrong_is_like_none(line):
    lines = {one[0].lower(): one for one in (VISIT, HAND, ORIGIN, SAME)}
    lines[line[0].lower()] = line

    assert isinstance(admitted(*lines.values(), target=USE), Turned)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/standby/use?what=spare"),
        ("POST", "/standby/link"),
        ("POST", "/standby/api/v1/status"),
        ("POST", "/standby/api/v1/use/"),
        ("PUT", "/standby/api/v1/use"),
        ("POST", "/standby/models/unload?model=x"),
        ("POST", "/v1/messages"),
    ],
)
def test_the_hand_of_a_visit_changes_nothing_else(method, target):
    assert UNKNOWN == admitted(VISIT, HAND, ORIGIN, SAME, method=method, target=target)


@pytest.mark.parametrize("accepted", [(), ("x-api-key:sk-key",)])
def test_the_metrics_want_the_token_whoever_the_cloud_knows(accepted):
    assert UNKNOWN == admitted(KEY, method="GET", target="/metrics", accepted=accepted)
    assert admitted(OURS, method="GET", target="/metrics").owner


def test_without_visits_no_cookie_is_one():
    lone = Guard(Secret(TOKEN), same_secret, PlainFingerprints(), 4949)

    assert UNKNOWN == lone.admit("GET", "/standby/", (HOST, ("Cookie", "=; =x")))
