"""What is written down of a request, however it ends."""

import asyncio
from dataclasses import replace

import pytest

from standby.app.bookkeeping import MOST_SIGNS, Books, session_of
from standby.core.request import Account, Caller, Request
from standby.core.usage import Tokens
from standby.core.usage.deeds import Deed
from tests.fakes.clock import LoadedDice, SetClock

CALLER = Caller(Account("a" * 32), trusted=True)


class Pages:
    degraded = None

    def __init__(self):
        self.entries = []

    def decided(self, request, said):
        self.decisions = {request: said}

    def book(self, entry):
        self.entries.append(entry)

    def did(self, request, deeds):
        assert request == self.entries[-1].id, "its entry comes first"
        self.deeds = deeds

    async def recent(self, limit):
        return tuple(self.entries[:limit])


def request(**headers):
    lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Request("POST", "/v1/messages", lines, b"the canary of a prompt")


def booked(ends=None, *, done=False, clock=None):
    pages, clock = Pages(), clock or SetClock()
    books = Books(pages, clock, LoadedDice())
    with books.open(request(X_Claude_Code_Session_Id="s"), CALLER, "opus") as booking:
        clock.passes(0.25)
        books.shown(booking)
        clock.passes(0.5)
        books.shown(booking)
        booking.tokens, booking.done = Tokens(3, 5), done
        if ends is not None:
            raise ends
    return pages.entries


def test_an_entry_says_when_who_and_for_how_long():
    clock = SetClock()
    at = clock.now()
    [entry] = booked(clock=clock)

    assert (at, 0.25, 0.75) == (entry.at, entry.first_token_s, entry.duration_s)
    assert ("s", CALLER.account, "opus") == (entry.session, entry.account, entry.requested)
    assert Tokens(3, 5) == entry.tokens
    assert entry.id


def test_a_decision_is_put_into_words_once_the_answer_is_over():
    pages, told = Pages(), []

    def explained():
        told.append("now")
        return {"order": ["cloud"]}

    books = Books(pages, SetClock(), LoadedDice())
    with books.open(request(), CALLER, "opus") as booking:
        booking.explained = explained
        before = [*told]

    [entry] = pages.entries
    assert ([], ["now"]) == (before, told)
    assert {entry.id: {"order": ["cloud"]}} == pages.decisions


def test_what_was_saved_and_for_what_project_is_written_down():
    pages = Pages()
    books = Books(pages, SetClock(), LoadedDice())
    with books.open(request(), replace(CALLER, project="/work"), "opus") as booking:
        booking.saved = True

    [entry] = pages.entries
    assert ("/work", True) == (entry.project, entry.saved)


def changed(*, by="local", files=True):
    pages = Pages()
    books = Books(pages, SetClock(), LoadedDice(), files=files)
    with books.open(request(), CALLER, "opus") as booking:
        booking.by, booking.deeds = by, (Deed("Write", "a.py"),)
    return getattr(pages, "deeds", None)


def test_what_a_local_answer_changes_is_written_down_unless_nobody_wants_it():
    assert (Deed("Write", "a.py"),) == changed() == changed(by="both")
    assert changed(files=False) is None
    assert changed(by="nobody") is None
    assert changed(by="cloud") is None


LEAVES = [
    asyncio.CancelledError(),
    ConnectionResetError("gone"),
    ExceptionGroup("tasks", [ConnectionResetError("gone")]),
    BaseExceptionGroup("tasks", [asyncio.CancelledError(), BrokenPipeError()]),
    ExceptionGroup("tasks", [ExceptionGroup("more", [ConnectionAbortedError()])]),
]
BUGS = [KeyError("x"), ExceptionGroup("tasks", [ConnectionResetError(), KeyError("x")])]


def outcome_of(ends, *, done=False):
    pages = Pages()
    books = Books(pages, SetClock(), LoadedDice())
    with pytest.raises(type(ends)), books.open(request(), CALLER, "opus") as booking:  # noqa: PT012
        booking.done = done
        raise ends
    [entry] = pages.entries
    return entry.outcome


@pytest.mark.parametrize("ends", LEAVES, ids=range(len(LEAVES)))
def test_a_client_that_leaves_is_booked_as_gone_unless_it_has_all(ends):
    assert "cancelled" == outcome_of(ends)
    assert "ok" == outcome_of(ends, done=True)


@pytest.mark.parametrize("ends", BUGS, ids=range(len(BUGS)))
def test_a_bug_is_booked_as_such_and_not_swallowed(ends):
    assert "broken" == outcome_of(ends)


def test_neither_prompt_nor_credential_is_logged(caplog):
    caplog.set_level("DEBUG")
    [entry] = booked()

    assert entry.id in caplog.text
    assert "canary" not in caplog.text
    assert CALLER.account not in caplog.text


@pytest.mark.parametrize(
    ("headers", "session"),
    [
        ({}, ""),
        ({"x_claude_code_session_id": "s"}, "s"),
        ({"X_Claude_Code_Session_Id": "s", "X_Claude_Code_Agent_Id": "a"}, "s/a"),
        ({"X_Claude_Code_Session_Id": "ü\udcfc", "X_Claude_Code_Agent_Id": "\udcff"}, "ü?/?"),
    ],
)
def test_a_conversation_is_the_clients_and_its_agents(headers, session):
    assert session == session_of(request(**headers))


def test_of_what_a_client_names_only_the_beginning_is_kept(caplog):
    caplog.set_level("INFO")
    pages = Pages()
    books = Books(pages, SetClock(), LoadedDice())
    with books.open(request(X_Claude_Code_Session_Id="s" * 9_000), CALLER, "m" * 90_000):
        pass
    [entry] = pages.entries

    assert "m" * (MOST_SIGNS - 1) + "…" == entry.requested
    assert MOST_SIGNS == len(entry.session)
    assert len(caplog.text) < 1_000
