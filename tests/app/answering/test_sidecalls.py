import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.app.answering.sidecalls import SideCall, side_answer, title_of
from standby.core.request import Request
from standby.core.wire.asked import read
from standby.core.wire.json import dumps, loads
from standby.core.wire.sse import Decoder
from standby.ports import AnswererError
from tests.fakes import stream_rules
from tests.fakes.clock import LoadedDice
from tests.fakes.sidecalls import CLASSIFIER, HI, MAIN, QUOTA, SEARCH, SUMMARY, TITLE

REQUEST = Request("POST", "/v1/messages", (), b"{}")


def asked(body, **fields):
    return read(dumps({**body, **fields}))


async def answered(body, **fields):
    call = asked(body, **fields)
    said = side_answer(call)
    assert said is not None
    head, data = [item async for item in SideCall(call, said, LoadedDice()).answer(REQUEST, "")]
    return head, data


@pytest.mark.anyio
@pytest.mark.parametrize("body", [TITLE, SEARCH])
async def test_the_answer_is_a_sound_message_streamed_or_not(body):
    head, data = await answered(body, stream=True)
    blocks, reason, *_ = stream_rules.read(Decoder().receive_data(data))
    whole_head, whole = await answered(body, stream=False)
    message = loads(whole)

    assert (200, 200) == (head.status, whole_head.status)
    assert head.streamed
    assert not whole_head.streamed
    assert "end_turn" == reason == message["stop_reason"]
    assert [{"type": "text", "text": blocks[0]["said"]}] == message["content"]
    assert head.header("x-standby-served-by").startswith("gateway; for=")


def test_a_title_is_json_of_the_asked_form_made_of_the_first_words():
    assert {"title": "Please fix the parser"} == loads(side_answer(asked(TITLE)))


def test_a_search_says_that_nothing_was_searched():
    said = side_answer(asked(SEARCH))

    assert "Web search is not available" in said
    assert "for 'parsers'" in said


@pytest.mark.parametrize("body", [MAIN, CLASSIFIER, SUMMARY, QUOTA, HI])
def test_everything_else_is_a_models_business(body):
    assert side_answer(asked(body)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<session>\nfix it\n</session>", "Fix it"),
        ("one two three four five six seven eight", "One two three four five six seven"),
        ("# **Überarbeite** die Doku!", "Überarbeite** die Doku"),
        ("", "Coding session"),
        ("<session></session>", "Coding session"),
        ("… -- !", "…"),
    ],
)
def test_titles(text, expected):
    assert expected == title_of(text)


@given(st.text())
def test_a_title_is_short_one_line_and_the_same_for_the_same_text(text):
    title = title_of(text)

    assert title
    assert title == title_of(text)
    assert len(title.split()) <= 7
    assert len(title) <= 61
    assert len(title.splitlines()) == 1


@pytest.mark.anyio
async def test_it_does_not_go_on_with_somebody_elses_answer():
    call = SideCall(asked(TITLE), "said", LoadedDice())

    with pytest.raises(AnswererError):
        async for _ in call.answer(REQUEST, "It began"):
            pass
