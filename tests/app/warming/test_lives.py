"""The live conversations: the newest request of each, for minutes, and never too much."""

from standby.app.warming import lives
from standby.app.warming.lives import KEPT_S, Kept, Lives
from standby.core.request import Account, Request
from standby.core.wire.json import dumps

ME = Account("me")


def request(session="s-1", said="hello", agent="", **more):
    body = {"model": "claude", "messages": [{"role": "user", "content": said}], **more}
    headers = (
        ("Authorization", "Bearer a-secret"),
        ("X-Claude-Code-Session-Id", session),
        ("X-Claude-Code-Agent-Id", agent),
    )
    return Request("POST", "/v1/messages", headers, dumps(body))


TITLE = {
    "system": "You are naming a coding session",
    "messages": [{"role": "user", "content": "<session>"}],
    "output_config": {
        "format": {"type": "json_schema", "schema": {"properties": {"title": {"type": "string"}}}}
    },
}


def known(all_of_them):
    return [name for name, _ in all_of_them]


def newest(all_of_them):
    return next(iter(all_of_them))[1]


def said(live):
    asked = live.looked_through()
    return None if asked is None else asked.value["messages"][0]["content"]


def test_of_a_conversation_the_newest_work_counts_whatever_came_beside_it():
    all_of_them = Lives()
    for now, each in enumerate((request(said="first"), request(said="second"), request(**TITLE))):
        assert all_of_them.sent(each, ME, float(now))

    live = newest(all_of_them)
    assert "second" == said(live)
    assert [] == live.fresh
    assert "second" == said(live)


def test_a_conversation_of_titles_alone_has_no_work():
    all_of_them = Lives()
    all_of_them.sent(request(**TITLE), ME, 0.0)

    assert said(newest(all_of_them)) is None


def test_requests_that_name_no_conversation_are_not_kept():
    all_of_them = Lives()

    assert not all_of_them.sent(Request("POST", "/v1/messages", (), b"{}"), ME, 0.0)
    assert 0 == len(all_of_them)


def test_the_newest_comes_first_and_subagents_are_conversations_of_their_own():
    all_of_them = Lives()
    for now, (session, agent) in enumerate([("a", ""), ("b", ""), ("a", "x"), ("a", "")]):
        all_of_them.sent(request(session, agent=agent), ME, float(now))

    assert ["a", "a/x", "b"] == known(all_of_them)


def test_who_says_nothing_for_long_is_forgotten():
    all_of_them = Lives()
    all_of_them.sent(request("old"), ME, 0.0)
    all_of_them.sent(request("new"), ME, 10.0)

    all_of_them.forget(KEPT_S + 5.0)

    assert ["new"] == known(all_of_them)


def test_when_it_is_too_much_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr(lives, "MOST_BYTES", 2500)
    all_of_them = Lives()
    for now, session in enumerate("abc"):
        all_of_them.sent(request(session, said="x" * 1000), ME, float(now))

    assert ["c", "b"] == known(all_of_them)


def test_of_one_conversation_only_the_newest_few_are_kept():
    all_of_them = Lives()
    for now in range(50):
        all_of_them.sent(request(), ME, float(now))

    assert len(newest(all_of_them).fresh) < 10


def test_no_credential_is_kept():
    kept = Kept.of(request())

    assert "secret" not in str(kept)
    assert kept.headers


def test_what_was_answered_here_needs_no_reading_until_the_cloud_goes_on():
    all_of_them = Lives()
    all_of_them.heard(request(), ME, 1.0).asked_here(request(said="here"), "http://engine", None)
    live = newest(all_of_them)

    assert live.at_home
    assert said(live) is None
    assert ("http://engine", 1.0) == (live.place, live.read_at)
    assert "here" == live.served.asked().value["messages"][0]["content"]

    all_of_them.sent(request(said="on"), ME, 2.0)
    assert not live.at_home
    assert "on" == said(live)
    assert live.served is not None


def test_of_what_was_read_here_in_part_the_rest_is_to_be_read():
    all_of_them = Lives()
    all_of_them.sent(request(said="before"), ME, 0.0)
    all_of_them.heard(request(), ME, 1.0).asked_here(request(said="here"), "http://engine", 30)
    live = newest(all_of_them)

    assert not live.at_home
    assert "here" == said(live)
    assert (30, "here") == (live.had, live.served.asked().value["messages"][0]["content"])


def test_what_was_asked_beside_it_is_none_of_its_turns_though_the_engine_has_its_prompt():
    all_of_them = Lives()
    all_of_them.sent(request(said="hello"), ME, 0.0)
    all_of_them.heard(request(), ME, 1.0).asked_beside(request(said="by the way"), "http://e", None)
    live = newest(all_of_them)

    assert not live.at_home
    assert "hello" == said(live)
    assert "by the way" == live.served.asked().value["messages"][0]["content"]


def test_what_is_not_well_formed_is_no_work():
    all_of_them = Lives()
    all_of_them.sent(request(said="good"), ME, 0.0)
    broken = request()
    all_of_them.sent(Request("POST", "/v1/messages", broken.headers, b"{"), ME, 1.0)

    assert "good" == said(newest(all_of_them))
