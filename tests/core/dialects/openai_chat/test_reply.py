"""A chat completion's stream becomes a Message, whatever the server, however the bytes are cut."""

import json
import weakref
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from standby.core.dialects.openai_chat.plan import Plan
from standby.core.dialects.openai_chat.reply import BrokenReplyError, Reply
from standby.core.handback import marks
from standby.core.models.speed import Progress
from standby.core.usage import Tokens
from tests.fakes import stream_rules
from tests.fakes.recordings import recorded

TOOLS = {"Read": "Read", "Bash": "Bash", "mcp_odd_1234": "mcp.odd"}
PLAIN = Plan(tools=TOOLS)
THINKS = Plan(tools=TOOLS, thinks=True)
WORDS = Plan(tools=TOOLS, in_words=True)


def minter():
    made = 0

    def mint(prefix, length):
        nonlocal made
        made += 1
        return f"{prefix}{made:0{length}}"

    return mint


def sse(*chunks, done=True):
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return "".join([*lines, "data: [DONE]\n\n"] if done else lines).encode()


def delta(finish=None, **fields):
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def said(*texts, finish="stop"):
    return [*(delta(content=text) for text in texts), delta(finish)]


def tool(index=0, name=None, arguments=None, key=None):
    function = {"name": name, "arguments": arguments}
    call = {
        "index": index,
        "id": key,
        "function": {k: v for k, v in function.items() if v is not None},
    }
    return delta(tool_calls=[call])


def used(prompt, completion, cached=0):
    details = {"cached_tokens": cached}
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "prompt_tokens_details": details,
    }
    return {"choices": [], "usage": usage}


def frames_of(pieces, plan=PLAIN, hint=0):
    reply = Reply(plan, "local/tiny", minter(), hint)
    frames = [frame for piece in pieces for frame in reply.receive(piece)]
    return [*frames, *reply.end()], reply


def shape(*chunks, plan=PLAIN, done=True):
    """The blocks as ``(type, what was said)``, and the stop reason, of a stream that is valid."""
    frames, _ = frames_of([sse(*chunks, done=done)], plan)
    blocks, reason, _, _ = stream_rules.read(frames)
    return [(b.get("name", b["type"]), b["said"]) for b in blocks], reason


def outcome(pieces, plan):
    """All that comes out, the error too."""
    reply, frames = Reply(plan, "local/tiny", minter()), []
    try:
        for piece in pieces:
            frames += reply.receive(piece)
        frames += reply.end()
    except BrokenReplyError as error:
        return [frame.raw for frame in frames], str(error)
    return [frame.raw for frame in frames], reply.usage


def test_an_answer_in_text():
    frames, reply = frames_of([sse(*said("Hel", "lo"), used(12, 2, cached=10))], hint=9)

    assert snapshot(
        [
            {
                "type": "message_start",
                "message": {
                    "id": "msg_sb0000000000000000000001",
                    "type": "message",
                    "role": "assistant",
                    "model": "local/tiny",
                    "content": [],
                    "stop_reason": None,
                    "stop_sequence": None,
                    "usage": {
                        "input_tokens": 9,
                        "cache_creation_input_tokens": 0,
                        "cache_read_input_tokens": 0,
                        "output_tokens": 0,
                    },
                },
            },
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            },
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": "Hel"},
            },
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": "lo"},
            },
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {
                    "input_tokens": 2,
                    "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 10,
                    "output_tokens": 2,
                },
            },
            {"type": "message_stop"},
        ]
    ) == [json.loads(frame.data) for frame in frames]
    assert Tokens(input=2, output=2, cache_read=10) == reply.usage
    assert "end_turn" == reply.stop_reason


def test_text_goes_out_as_it_comes():
    reply = Reply(PLAIN, "local/tiny", minter())

    assert ["message_start", "content_block_start", "content_block_delta"] == [
        frame.name for frame in reply.receive(sse(delta(content="Hel"), done=False))
    ]
    assert ["content_block_delta"] == [
        frame.name for frame in reply.receive(sse(delta(content="lo"), done=False))
    ]


def test_parallel_calls_come_whole_and_in_order_under_ids_of_ours():
    chunks = [
        tool(0, "Read", '{"file', key="call_x"),
        tool(1, "Bash", '{"command": "ls"}', key="call_x"),
        tool(0, None, '_path": "/a"}'),
        delta("tool_calls"),
    ]
    frames, reply = frames_of([sse(*chunks)])
    blocks, reason, _, _ = stream_rules.read(frames)

    assert [("Read", {"file_path": "/a"}), ("Bash", {"command": "ls"})] == [
        (block["name"], json.loads(block["said"])) for block in blocks
    ]
    assert all(len(b["id"]) == len(marks.TOOL) + marks.ID_LENGTH for b in blocks)
    assert ("tool_use", True) == (reason, reply.called)


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        pytest.param(
            [tool(0, "Read", ""), delta("tool_calls")], [("Read", "{}")], id="no arguments"
        ),
        pytest.param(
            [tool(0, "Read", {"a": 1}), delta("stop")], [("Read", '{"a":1}')], id="as an object"
        ),
        pytest.param(
            [tool(0, "Re", None), tool(0, "ad", None), tool(0, None, "{}"), delta("tool_calls")],
            [("Read", "{}")],
            id="a name in pieces",
        ),
        pytest.param(
            [
                tool(0, "Read", '{"a"', key="c"),
                tool(0, "Read", ":1}", key="c"),
                delta("tool_calls"),
            ],
            [("Read", '{"a":1}')],
            id="name and id on every piece",
        ),
        pytest.param(
            [
                tool(None, "Read", "{}"),
                tool(None, "Bash", '{"a"'),
                tool(None, None, ":1}"),
                delta(""),
            ],
            [("Read", "{}"), ("Bash", '{"a":1}')],
            id="no index, and no reason",
        ),
        pytest.param(
            [
                tool(0, "Read", '{"a":1}', key="x"),
                tool(0, "Read", '{"a":2}', key="y"),
                delta("stop"),
            ],
            [("Read", '{"a":1}'), ("Read", '{"a":2}')],
            id="every call is number 0",
        ),
        pytest.param(
            [delta(function_call={"name": "Read", "arguments": "{}"}), delta("function_call")],
            [("Read", "{}")],
            id="the old shape",
        ),
        pytest.param(
            [tool(0, "mcp_odd_1234", "{}"), delta("tool_calls")],
            [("mcp.odd", "{}")],
            id="under the client's own name",
        ),
        pytest.param(
            [tool(0, "Read", '{"a": 1'), delta("tool_calls")],
            [("Read", '{"a":1}')],
            id="a brace is missing, and the model was done",
        ),
    ],
)
def test_calls_of_all_shapes(chunks, expected):
    assert (expected, "tool_use") == shape(*chunks)


def test_text_before_a_call_is_a_block_of_its_own_and_white_space_is_none():
    chunks = [delta(content="Let me see.\n"), tool(0, "Read", "{}"), delta("tool_calls")]

    assert ([("text", "Let me see.\n"), ("Read", "{}")], "tool_use") == shape(*chunks)
    assert ([("Read", "{}")], "tool_use") == shape(delta(content="\n\n"), *chunks[1:])
    assert ([("text", "\n\nHi")], "end_turn") == shape(*said("\n", "\n", "Hi"))


def test_a_call_that_was_cut_off_is_no_call():
    cut = [tool(0, "Read", '{"file_path": "/srv", "recursive": true'), delta("length")]

    blocks, reason = shape(*cut)
    assert (["text"], "max_tokens") == ([kind for kind, _ in blocks], reason)
    assert ([("text", "I read.")], "max_tokens") == shape(delta(content="I read."), *cut)
    assert ([("Bash", "{}")], "tool_use") == shape(tool(1, "Bash", "{}"), *cut)


def test_a_tool_that_was_not_offered_is_never_called():
    blocks, reason = shape(tool(0, "Format", '{"disk": 0}'), delta("tool_calls"))

    assert "end_turn" == reason
    assert 1 == len(blocks)
    assert "called Format" in blocks[0][1]
    assert '{"disk": 0}' in blocks[0][1]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
def test_thinking_is_signed_with_our_mark(name):
    chunks = [delta(**{name: "Hm"}), delta(**{name: "m."}), *said("Yes")]
    blocks, _, _, _ = stream_rules.read(frames_of([sse(*chunks)], THINKS)[0])

    assert [("thinking", "Hmm."), ("text", "Yes")] == [(b["type"], b["said"]) for b in blocks]
    assert marks.REASONING == blocks[0]["signature"]


def test_thinking_that_nobody_asked_for_is_dropped():
    assert ([("text", "Yes")], "end_turn") == shape(delta(reasoning="Hm"), *said("Yes"))


def test_thinking_in_details_and_in_lists_is_found():
    details = delta(reasoning="Hm", reasoning_details=[{"type": "reasoning.text", "text": "Hm"}])
    listed = delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}])
    only = delta(reasoning_details=[{"type": "reasoning.text", "text": "Hm"}, {"data": "sealed"}])

    for chunk in (details, listed, only):
        assert ([("thinking", "Hm"), ("text", "Yes")], "end_turn") == shape(
            chunk, *said("Yes"), plan=THINKS
        )


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([delta("stop")], id="nothing"),
        pytest.param([*said("", " ", "\n")], id="white space"),
        pytest.param([delta(reasoning="Hm"), delta("stop")], id="thinking only"),
        pytest.param([delta("length")], id="no room"),
    ],
)
def test_no_turn_is_empty(chunks):
    blocks, _ = shape(*chunks, plan=THINKS)

    assert "text" == blocks[-1][0]
    assert blocks[-1][1].startswith("(The local model ")


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        ("stop", "end_turn"),
        ("eos_token", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("tool_calls", "end_turn"),
        ("something new", "end_turn"),
    ],
)
def test_the_reason_to_stop(finish, expected):
    assert ([("text", "Hi")], expected) == shape(*said("Hi", finish=finish))


@pytest.mark.parametrize("name", ["stop_reason", "matched_stop"])
def test_a_stop_sequence_is_named_where_the_server_tells(name):
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", name: "END"}]}
    frames, _ = frames_of([sse(delta(content="Hi"), last)], Plan(stops=("END",)))

    delta_said = json.loads(frames[-2].data)["delta"]
    assert {"stop_reason": "stop_sequence", "stop_sequence": "END"} == delta_said


def test_the_end_needs_no_done_but_a_reason():
    assert ([("text", "Hi")], "end_turn") == shape(*said("Hi"), done=False)
    with pytest.raises(BrokenReplyError, match="broke off"):
        shape(delta(content="Hi"), done=False)
    with pytest.raises(BrokenReplyError, match="before it began"):
        shape()


def test_a_last_line_without_its_line_end_counts():
    frames, _ = frames_of([sse(*said("Hi"), done=False).rstrip()])

    assert "message_stop" == frames[-1].name


def test_two_reasons_are_one_end():
    assert ([("text", "Hi")], "end_turn") == shape(*said("Hi"), delta("stop"))


def test_what_comes_after_done_is_no_part_of_the_answer():
    frames, _ = frames_of([sse(*said("Hi")), sse(*said("more"), {"error": {"message": "no"}})])

    assert 1 == [frame.name for frame in frames].count("message_stop")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'data: {"error": {"message": "does not match the format"}}\n\n', "does not match"),
        (b'event: error\ndata: {"error": "overloaded"}\n\n', "overloaded"),
        (b'data: {"object": "error", "message": "too big"}\n\n', "too big"),
        (b"data: {oops\n\n", "not JSON"),
    ],
)
def test_an_error_inside_the_stream_is_raised_after_what_came_before_it(data, why):
    reply = Reply(PLAIN, "local/tiny", minter())

    frames = reply.receive(sse(delta(content="Hi"), done=False) + data)

    assert "content_block_delta" == frames[-1].name
    with pytest.raises(BrokenReplyError, match=why):
        reply.end()


@pytest.mark.parametrize("times", [1, 2])
def test_an_answer_that_broke_is_let_go_with_its_last_error(times):
    reply = Reply(PLAIN, "local/tiny", minter())
    gone = weakref.ref(reply)
    for _ in range(times):
        with suppress(BrokenReplyError):  # `pytest.raises` would keep the error
            reply.receive(b"data: {oops\n\n")
            pytest.fail("that is no JSON")
    del reply

    assert gone() is None, "a circle of references, which keeps all that had come"


def test_an_answer_that_is_no_stream_is_refused_in_its_own_words():
    with pytest.raises(BrokenReplyError, match="no model loaded"):
        frames_of([b'{"error": {"message": "no model loaded"}}'])
    with pytest.raises(BrokenReplyError, match="before it began"):
        frames_of([b"<html>nginx</html>"])


def test_a_sign_of_getting_on_is_a_token_or_another_step_of_the_prompt_and_nothing_else():
    def step(processed):
        progress = {"total": 100, "cache": 0, "processed": processed, "time_ms": 5}
        return sse(
            {**delta(role="assistant", content=None), "prompt_progress": progress}, done=False
        )

    reply = Reply(PLAIN, "local/tiny", minter(), 7)
    seen = []
    for data in (
        *(step(0), step(0), step(40), step(40), b":\n\n"),
        *(sse(delta(content="Hel"), done=False), sse(delta(content=""), done=False)),
        sse(delta(content="Hel"), done=False),
    ):
        reply.receive(data)
        seen.append(reply.signs)

    assert [1, 1, 2, 2, 2, 3, 3, 4] == seen


def test_progress_is_no_content():
    progress = {"total": 100, "cache": 0, "processed": 40, "time_ms": 5}
    reply = Reply(PLAIN, "local/tiny", minter(), 7)

    assert [] == reply.receive(
        sse({**delta(role="assistant", content=None), "prompt_progress": progress}, done=False)
    )
    assert Progress(40, 100, 0, 0.005) == reply.progress
    assert Tokens(input=100) == reply.usage


def test_usage_is_the_last_that_came_and_guessed_where_none_does():
    every = [
        {**delta(content="a"), "usage": {"prompt_tokens": 5, "completion_tokens": n}}
        for n in (1, 2)
    ]
    _, counted = frames_of([sse(*every, delta("stop"))])
    _, guessed = frames_of([sse(*said("a", "b", "c"))], hint=9)

    assert Tokens(input=5, output=2) == counted.usage
    assert Tokens(input=9, output=3) == guessed.usage


def test_content_that_is_an_object_is_said_as_json():
    assert ([("text", '{"title":"Apples"}')], "end_turn") == shape(*said({"title": "Apples"}))


def test_half_an_emoji_spoils_nothing():
    half = rb'data: {"choices":[{"delta":{"content":"a\ud83d"},"finish_reason":"stop"}]}'
    frames, _ = frames_of([half + b"\n\n"])

    assert "a�" == stream_rules.read(frames)[0][0]["said"]


# --- a model that knows no tools -----------------------------------------------------------------


def in_pieces(text):
    return said(*text)


def test_a_call_in_words_is_a_call():
    told = '{"tool": "Read", "arguments": {"file_path": "/a"}}'

    assert ([("Read", '{"file_path":"/a"}')], "tool_use") == shape(*in_pieces(told), plan=WORDS)


def test_words_of_a_model_that_is_not_held_to_the_form_stream_and_are_acted_on():
    reply = Reply(WORDS, "local/tiny", minter())
    frames = reply.receive(sse(delta(content="I will read it:"), done=False))
    assert "content_block_delta" == frames[-1].name

    call = '<tool_call>{"name": "Read", "arguments": {"file_path": "/a"}}</tool_call>'
    blocks, reason = shape(*in_pieces("I will read it:\n" + call), plan=WORDS)
    assert ("Read", '{"file_path":"/a"}') == blocks[-1]
    assert "tool_use" == reason


def test_an_answer_in_words_streams():
    reply = Reply(WORDS, "local/tiny", minter())
    reply.receive(sse(*(delta(content=c) for c in '{"answer": "Hel'), done=False))

    frames = reply.receive(sse(delta(content="lo"), done=False))

    assert ["content_block_delta"] == [frame.name for frame in frames]


@given(
    st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip), st.booleans(), st.data()
)
def test_an_answer_in_words_comes_out_as_it_was_meant(text, ascii_only, data):
    told = json.dumps({"answer": text}, ensure_ascii=ascii_only)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(told)), max_size=8)))
    pieces = [told[a:b] for a, b in zip([0, *cuts], [*cuts, len(told)], strict=True)]

    assert ([("text", text)], "end_turn") == shape(*said(*pieces), plan=WORDS)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("I would rather talk.", "I would rather talk."),
        ('{"answer": {"title": "x"}}', '{"title":"x"}'),
        ('{"tool": "Read"}', '{"tool": "Read"}'),
    ],
)
def test_what_is_neither_call_nor_answer_is_text(told, expected):
    assert ([("text", expected)], "end_turn") == shape(*in_pieces(told), plan=WORDS)


def test_words_that_were_cut_off():
    call, answer = '{"tool": "Read", "arguments": {"file', '{"answer": "Half of \\u00e'

    blocks, reason = shape(*said(call, finish="length"), plan=WORDS)
    assert (["text"], "max_tokens") == ([kind for kind, _ in blocks], reason)
    assert "Read" not in blocks[0][1]
    assert ([("text", "Half of ")], "max_tokens") == shape(
        *said(answer, finish="length"), plan=WORDS
    )


# --- properties ----------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
calls = st.fixed_dictionaries(
    {},
    optional={
        "index": st.integers(0, 2) | st.none() | json_values,
        "id": st.sampled_from(["a", "b", ""]) | json_values,
        "function": st.fixed_dictionaries(
            {},
            optional={
                "name": st.sampled_from(["Read", "Bash", "Other", ""]) | json_values,
                "arguments": st.sampled_from(["", "{}", '{"a":', "1}", "[]"]) | json_values,
            },
        )
        | json_values,
    },
)
deltas = st.fixed_dictionaries(
    {},
    optional={
        "content": st.sampled_from(["", " ", "\n", "a", "é", '{"answer": "', "x\\", '"}'])
        | json_values,
        "reasoning_content": st.sampled_from(["", " ", "hm"]) | json_values,
        "reasoning_details": json_values,
        "tool_calls": st.lists(calls, max_size=3) | json_values,
        "function_call": json_values,
    },
)
choices = st.fixed_dictionaries(
    {"delta": deltas | json_values},
    optional={
        "finish_reason": st.sampled_from([None, "", "stop", "length", "tool_calls"]) | json_values,
        "stop_reason": json_values,
        "usage": json_values,
    },
)
usages = st.fixed_dictionaries(
    {"prompt_tokens": st.integers(-3, 50), "completion_tokens": st.integers(-3, 50) | st.none()},
    optional={"prompt_tokens_details": st.just({"cached_tokens": 20}) | json_values},
)
chunk_values = (
    st.fixed_dictionaries(
        {"choices": st.lists(choices, max_size=2)},
        optional={"usage": usages | json_values, "prompt_progress": json_values},
    )
    | json_values
)
plans = st.sampled_from([PLAIN, THINKS, WORDS, Plan()])


@given(st.lists(chunk_values, max_size=8), plans, st.booleans())
def test_every_stream_that_ends_is_a_valid_message(chunks, plan, done):
    try:
        frames, reply = frames_of([sse(*chunks, done=done)], plan)
    except BrokenReplyError:
        return

    _, reason, _, settled = stream_rules.read(frames)
    assert reply.stop_reason == reason
    assert reply.usage.output == settled["usage"]["output_tokens"]


@given(
    st.lists(chunk_values, max_size=6),
    st.lists(chunk_values, max_size=4),
    plans,
    st.booleans(),
    st.booleans(),
)
def test_a_second_try_ends_in_a_valid_message_whatever_it_says(chunks, more, plan, must, done):
    plan = replace(plan, must_call=must)
    wrong = ("it is wrong",)
    plan = replace(plan, schemas={name: {} for name in plan.tools})
    reply = Reply(plan, "local/tiny", minter(), faults=lambda *_: wrong, may_retry=True)
    try:
        frames = [*reply.receive(sse(*chunks, done=done)), *reply.end()]
    except BrokenReplyError:
        return
    again = reply.again({"messages": [], "tools": []})
    if again is not None:
        assert {"messages", "response_format"} <= again.keys()
        try:
            frames += [*reply.receive(sse(*more, done=done)), *reply.end()]
        except BrokenReplyError:
            frames += reply.give_up()

    blocks, _, _, _ = stream_rules.read(frames)
    assert reply.again({}) is None, "no third try"
    assert not [block for block in blocks if block["type"] == "tool_use"], "nothing wrong is shown"


@given(st.lists(chunk_values, max_size=6), plans, st.binary(max_size=12), st.data())
def test_the_cuts_of_the_network_do_not_matter(chunks, plan, garbage, data):
    whole = sse(*chunks, done=False) + garbage
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    assert outcome([whole], plan) == outcome(pieces, plan)


# --- recordings ----------------------------------------------------------------------------------


def reference(stream):
    """Text and calls of a stream, read as simply as can be."""
    text, named = "", {}
    for line in stream.splitlines():
        if not line.startswith("data: {"):
            continue
        for choice in json.loads(line[6:]).get("choices") or []:
            said_here = choice.get("delta") or {}
            content = said_here.get("content")
            text += content if isinstance(content, str) else ""
            for call in said_here.get("tool_calls") or []:
                name, arguments = named.setdefault(call["index"], ["", ""])
                function = call["function"]
                named[call["index"]] = [
                    name or function.get("name") or "",
                    arguments + (function.get("arguments") or ""),
                ]
    return text, [(name, arguments or "{}") for _, (name, arguments) in sorted(named.items())]


def test_recorded_streams_say_what_they_said():
    for record in recorded("openai_chat_sse"):
        text, called = reference(record["sse"])
        plan = Plan(tools={name: name for name, _ in called}, thinks=True)
        stream = record["sse"].encode()

        blocks, _, _, _ = stream_rules.read(frames_of([stream], plan)[0])

        assert text.strip() == "".join(b["said"] for b in blocks if b["type"] == "text").strip()
        assert called == [(b["name"], b["said"]) for b in blocks if b["type"] == "tool_use"]
        for size in (1, 7):
            pieces = [stream[i : i + size] for i in range(0, len(stream), size)]
            assert outcome([stream], plan) == outcome(pieces, plan), record["id"]
