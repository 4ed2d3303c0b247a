"""What a local candidate does with a request that does not fit: shorten and say so, or refuse."""

import pytest

from standby.app.local.admission import Admission
from standby.app.local.candidate import Local, LocalDeadlines
from standby.app.local.engines import Engines, Preference
from standby.app.local.fitting import Fitting
from standby.core.request import Request
from standby.core.wire.asked import read
from standby.core.wire.headers import Head
from standby.core.wire.json import dumps, loads
from standby.ports import AnswererError, EngineError
from tests.fakes.agents import called, gave, request, said, words
from tests.fakes.clock import LoadedDice, SetClock
from tests.fakes.counters import CountingEngine, model, size

pytestmark = pytest.mark.anyio

REQUEST = Request("POST", "/v1/messages", (), b"{}")


class Server(CountingEngine):
    """Answers, or refuses as llama.cpp does what has more tokens than its true window."""

    def __init__(self, offered, true_window, **how):
        super().__init__(offered, **how)
        self.true_window = true_window
        self.asked = []

    async def chat(self, model, body):
        self.asked.append(body)
        tokens = round(size(body) / 3.0)
        if tokens > self.true_window:
            error = {"n_prompt_tokens": tokens, "n_ctx": self.true_window, "message": "too long"}
            raise EngineError("too long", 400, dumps({"error": error}))
        usage = {"prompt_tokens": tokens, "completion_tokens": 1}
        choice = {"delta": {"content": "Well."}, "finish_reason": "stop"}
        yield b"data: " + dumps({"choices": [choice], "usage": usage}) + b"\n\ndata: [DONE]\n\n"


def conversation(*sizes):
    messages = [said("Please.")]
    for number, each in enumerate(sizes):
        messages += [called(number), gave(number, words(each, str(number)))]
    return request(messages, stream=False)


async def answered(server, offered, body, headers=()):
    notes = []
    engines = Engines([server], Preference(), SetClock())
    local = Local(
        *(
            engines,
            Admission(SetClock()),
            offered,
            read(dumps(body), headers),
            LoadedDice(),
            LocalDeadlines(),
        ),
        fitting=Fitting(engines),
        noted=notes.append,
    )
    items = [item async for item in local.answer(REQUEST, "")]
    heads = [item for item in items if isinstance(item, Head)]
    return heads, loads(items[-1]), notes


async def test_what_was_left_out_stands_in_the_head_and_in_the_notes():
    server = Server(model(), 16_384)

    [head], message, [notes] = await answered(server, model(), conversation(*[9_000] * 12))

    assert "Well." == message["content"][-1]["text"]
    assert "old tool results were shortened" in head.header("x-standby-shortened")
    assert head.header("x-standby-shortened") == "; ".join(notes)


async def test_what_fits_has_no_such_line():
    [head], _, [notes] = await answered(Server(model(), 16_384), model(), conversation(100))

    assert (None, ()) == (head.header("x-standby-shortened"), notes)


async def test_a_server_whose_window_is_smaller_than_it_said_is_asked_once_more():
    blind = model(context_tokens=None, counts=False)
    server = Server(blind, 16_384)

    [head], message, _ = await answered(server, blind, conversation(*[9_000] * 12))

    assert 2 == len(server.asked)
    assert 200 == head.status
    assert "Well." == message["content"][-1]["text"]
    assert message["usage"]["input_tokens"] <= 16_384


async def test_what_cannot_fit_is_refused_in_the_words_that_make_a_client_compact():
    body = request([said(words(90_000)), called(1), gave(1, "ok")], stream=False)
    server = Server(model(), 16_384)

    [head], said_, _ = await answered(server, model(), body)

    assert 400 == head.status
    assert [] == server.asked
    tokens = said_["error"]["message"]
    assert tokens.startswith("prompt is too long: ")
    assert tokens.endswith(" tokens > 14336 maximum")


async def test_a_compaction_of_it_is_served():
    body = request([said(words(90_000)), called(1), gave(1, "ok"), said("Summarise.")])
    compaction = (("x-claude-code-compaction", "auto"),)
    for offered in (model(), model(context_tokens=None, counts=False)):
        server = Server(offered, 16_384)

        [head], _, _ = await answered(server, offered, {**body, "stream": False}, compaction)

        assert 200 == head.status
        assert "tool_choice" not in server.asked[-1] or server.asked[-1]["tool_choice"] == "none"


async def test_a_server_that_refuses_twice_is_believed():
    blind = model(context_tokens=None, counts=False)
    server = Server(blind, 10)

    try:
        [head], _, _ = await answered(server, blind, conversation(9_000))
    except AnswererError as error:
        pytest.fail(str(error))

    assert 400 == head.status
