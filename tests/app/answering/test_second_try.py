"""A call that cannot be used is asked for once more, quietly, and then told in honest text."""

import asyncio

import pytest

from standby.adapters.schemas import JsonSchemas
from standby.app.local.admission import Admission
from standby.app.local.candidate import Local, LocalDeadlines
from standby.app.local.engines import Engines, Preference
from standby.core.wire import asked
from standby.core.wire.headers import Head
from standby.core.wire.sse import Decoder
from standby.ports import EngineError
from tests.fakes import stream_rules
from tests.fakes.clock import LoadedDice, SetClock
from tests.fakes.line import messages_request
from tests.fakes.talker import Talker, calls, says

pytestmark = pytest.mark.anyio

READ = {
    "name": "Read",
    "description": "Reads a file",
    "input_schema": {
        "type": "object",
        "properties": {"file_path": {"type": "string"}},
        "required": ["file_path"],
        "additionalProperties": False,
    },
}
WRONG = calls("Read", {"path": "/a"})


class Rounds(Talker):
    """Says something else each time it is asked."""

    def __init__(self, *rounds, **facts):
        super().__init__(**facts)
        self.rounds = [*rounds]

    async def chat(self, model, body):
        self.steps = self.rounds.pop(0)
        async for data in super().chat(model, body):
            yield data


async def answered(engine, **more):
    known = Engines([engine], Preference(), SetClock())
    await known.refresh()
    request = messages_request(stream=True, tools=[READ], **more)
    local = Local(
        *(
            known,
            Admission(SetClock()),
            engine.offers[0],
            asked.read(request.body),
            LoadedDice(),
            LocalDeadlines(),
        ),
        schemas=JsonSchemas(),
    )
    async with asyncio.timeout(5):
        items = [item async for item in local.answer(request, "")]
    body = b"".join(item for item in items if not isinstance(item, Head))
    blocks, reason, _, settled = stream_rules.read(Decoder().receive_data(body))
    told = [(block.get("name", block["type"]), block["said"]) for block in blocks]
    return told, reason, settled["usage"]["output_tokens"]


async def test_a_wrong_call_is_asked_for_again_and_only_the_right_one_is_shown():
    right = says('{"tool": "Read", "arguments": {"file_path": "/a"}}')
    engine = Rounds(WRONG, right)

    told, reason, output = await answered(engine)

    assert [("Read", '{"file_path":"/a"}')] == told
    assert "tool_use" == reason
    assert output >= 7, "what was said twice was said"
    (_, first), (_, second) = engine.heard
    assert second["messages"][: len(first["messages"])] == first["messages"], "the same prefix"
    assert second["tools"] == first["tools"]
    assert "none" == second["tool_choice"]
    assert "'file_path' is a required property" in second["messages"][-1]["content"]
    (only,) = second["response_format"]["json_schema"]["schema"]["anyOf"]
    assert {"const": "Read"} == only["properties"]["tool"]
    assert READ["input_schema"]["properties"] == only["properties"]["arguments"]["properties"]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(WRONG, id="wrong again"),
        pytest.param(says("I do not know."), id="words"),
        pytest.param(says('{"tool": "Read", "argu', finish="length"), id="cut off"),
        pytest.param(says('{"tool": "Format", "arguments": {}}'), id="not offered"),
        pytest.param([EngineError("gone")], id="the engine is gone"),
        pytest.param(says("x")[:1], id="broken off"),
        pytest.param([b'data: {"error": {"message": "no"}}\n\n'], id="an error"),
        pytest.param([b"garbage"], id="no stream"),
    ],
)
async def test_after_one_second_try_the_turn_ends_in_honest_text(second):
    engine = Rounds(WRONG, second)

    told, reason, _ = await answered(engine)

    assert ["text"] == [kind for kind, _ in told]
    assert "called Read" in told[0][1]
    assert "Nothing was run" in told[0][1]
    assert "end_turn" == reason
    assert 2 == len(engine.heard), "once more, and no oftener"


async def test_words_before_the_call_stay_and_what_comes_behind_it_follows():
    both = [*says("Let me read.")[:1], *WRONG]
    engine = Rounds(both, calls("Read", {"file_path": "/a"}))

    told, _, _ = await answered(engine)

    assert [("text", "Let me read."), ("Read", '{"file_path":"/a"}')] == told


async def test_a_call_that_was_demanded_and_not_made_is_asked_for_again():
    engine = Rounds(says("Sure."), says('{"tool": "Read", "arguments": {"file_path": "/a"}}'))

    told, reason, _ = await answered(engine, tool_choice={"type": "any"})

    assert [("text", "Sure."), ("Read", '{"file_path":"/a"}')] == told
    assert "tool_use" == reason


async def test_a_call_that_was_demanded_and_is_not_made_at_all_is_told():
    engine = Rounds(says("Sure."), says("Sure."))

    told, reason, _ = await answered(engine, tool_choice={"type": "any"})

    assert ["Sure.", "(A tool had to be used here, and the local model used none.)"] == [
        said for _, said in told
    ]
    assert "end_turn" == reason


async def test_what_can_be_mended_is_not_asked_for_again():
    engine = Rounds(calls("read", {"filePath": "/a"}))

    told, _, _ = await answered(engine)

    assert [("Read", '{"file_path":"/a"}')] == told


async def test_a_call_written_as_text_that_cannot_be_read_is_asked_for_again():
    broken = says('<tool_call>{"name": "Read", "arguments": {"file_path": a/b}}</tool_call>')
    engine = Rounds(broken, says('{"tool": "Read", "arguments": {"file_path": "a/b"}}'))

    told, _, _ = await answered(engine)

    assert [("Read", '{"file_path":"a/b"}')] == told
