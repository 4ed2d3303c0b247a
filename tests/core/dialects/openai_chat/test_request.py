"""A Messages request becomes a chat completion that any server takes, and that only ever grows."""

import dataclasses
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from standby.core.dialects.openai_chat.request import to_chat
from standby.core.models.facts import LocalModel
from standby.core.wire import asked
from standby.core.wire.json import dumps
from tests.fakes.conversations import conversations, odd_requests, text
from tests.fakes.recordings import recorded

MODEL = LocalModel("llamacpp", "some-model", "http://127.0.0.1:9931", tools=True, grammar=True)
READ = {
    "name": "Read",
    "description": "Reads a file.",
    "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}},
}
ALLOWED = {
    *("model", "messages", "tools", "tool_choice", "parallel_tool_calls", "response_format"),
    *("max_tokens", "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "stop"),
    *("chat_template_kwargs", "reasoning_effort", "stream", "stream_options"),
}


def with_(**facts):
    return dataclasses.replace(MODEL, **facts)


def chat(model=MODEL, /, **request):
    request = {"model": "claude-opus-5-5", "messages": [], **request}
    read = asked.read(dumps(request))
    assert isinstance(read, asked.Asked)
    return to_chat(read, model)


def messages(turns, model=MODEL, /, **request):
    return chat(model, messages=turns, **request).body["messages"]


def test_a_turn_with_a_tool_in_all_its_parts():
    made = chat(
        system=[
            text("x-anthropic-billing-header: cc_version=1;"),
            {**text("You are a coder."), "cache_control": {"type": "ephemeral"}},
        ],
        messages=[
            {"role": "user", "content": [text("<note>"), text("Read a and b.")]},
            {"role": "system", "content": [text("Today is Sunday.")]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "secret", "signature": "x"},
                    text("Sure."),
                    {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"path": "a"}},
                    {"type": "tool_use", "id": "toolu_2", "name": "Read", "input": "b"},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_2",
                        "content": [text("gone")],
                        "is_error": True,
                    },
                    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "A"},
                    text("Go on."),
                ],
            },
        ],
        tools=[READ],
        max_tokens=128000,
        thinking={"type": "adaptive"},
        metadata={"user_id": "u"},
        stop_sequences=["END"],
    )

    assert (
        snapshot(
            {
                "model": "some-model",
                "messages": [
                    {"role": "system", "content": "You are a coder."},
                    {
                        "role": "user",
                        "content": """\
<note>

Read a and b.

<system-message>
Today is Sunday.
</system-message>\
""",
                    },
                    {
                        "role": "assistant",
                        "content": "Sure.",
                        "tool_calls": [
                            {
                                "id": "toolu_1",
                                "type": "function",
                                "function": {"name": "Read", "arguments": '{"path":"a"}'},
                            },
                            {
                                "id": "toolu_2",
                                "type": "function",
                                "function": {"name": "Read", "arguments": '{"input":"b"}'},
                            },
                        ],
                    },
                    {"role": "tool", "tool_call_id": "toolu_1", "content": "A"},
                    {"role": "tool", "tool_call_id": "toolu_2", "content": "Error: gone"},
                    {"role": "user", "content": "Go on."},
                ],
                "tools": [
                    {
                        "type": "function",
                        "function": {
                            "name": "Read",
                            "description": "Reads a file.",
                            "parameters": {
                                "type": "object",
                                "properties": {"path": {"type": "string"}},
                            },
                        },
                    }
                ],
                "max_tokens": 128000,
                "stop": ["END"],
                "stream": True,
                "stream_options": {"include_usage": True},
            }
        )
        == made.body
    )
    assert () == made.losses
    assert {"Read": "Read"} == made.plan.tools
    assert (True, False, ("END",)) == (made.plan.thinks, made.plan.in_words, made.plan.stops)


def test_the_answer_is_bounded_by_what_fits_and_never_to_nothing():
    assert 100 == chat(max_tokens=100).body["max_tokens"]
    assert [4096, 100, 50, 1] == [
        made.body["max_tokens"]
        for made in (
            chat(),
            to_chat(asked.read(b'{"model":"m","messages":[],"max_tokens":100}'), MODEL),
            to_chat(
                asked.read(b'{"model":"m","messages":[],"max_tokens":100}'), MODEL, max_tokens=50
            ),
            to_chat(asked.read(b'{"model":"m","messages":[],"max_tokens":-3}'), MODEL),
        )
    ]


@pytest.mark.parametrize(
    ("thinking", "effort", "expected"),
    [
        ({"type": "adaptive"}, "max", {"reasoning_effort": "high"}),
        ({"type": "enabled", "budget_tokens": 2000}, "low", {"reasoning_effort": "low"}),
        ({"type": "adaptive"}, None, {"reasoning_effort": "medium"}),
        ({"type": "disabled"}, "high", {"reasoning_effort": "low"}),
    ],
)
def test_effort_is_told_to_models_that_know_it(thinking, effort, expected):
    model = with_(id="gpt-oss-20b", reasoning=True)
    body = chat(model, thinking=thinking, output_config={"effort": effort}).body

    assert expected == {
        k: v for k, v in body.items() if k in ("reasoning_effort", "chat_template_kwargs")
    }


def test_thinking_is_switched_only_where_the_server_says_that_the_model_thinks():
    on, off = {"enable_thinking": True}, {"enable_thinking": False}
    thinker = with_(reasoning=True)

    assert on == chat(thinker, thinking={"type": "adaptive"}).body["chat_template_kwargs"]
    assert off == chat(thinker).body["chat_template_kwargs"]
    assert "chat_template_kwargs" not in chat(thinking={"type": "adaptive"}).body


def test_sampling_is_the_clients_then_the_familys_then_the_servers():
    qwen = with_(id="Qwen3.6-35B-A3B-Q4_K_M.gguf", reasoning=True)

    def sampled(body):
        return {k: body[k] for k in ("temperature", "top_p", "top_k", "min_p") if k in body}

    assert {} == sampled(chat().body)
    assert {"temperature": 0.7, "top_p": 0.8, "top_k": 20} == sampled(chat(qwen).body)
    assert {"temperature": 0.6, "top_p": 0.95, "top_k": 20, "min_p": 0.0} == sampled(
        chat(qwen, thinking={"type": "adaptive"}).body
    )
    assert 0.1 == sampled(chat(qwen, temperature=0.1).body)["temperature"]


def test_a_schema_for_the_answer_is_passed_on():
    schema = {"type": "object", "properties": {"title": {"type": "string", "pattern": "\\d"}}}
    wanted = {"format": {"type": "json_schema", "schema": schema}}

    body = chat(output_config=wanted).body
    assert {"type": "object", "properties": {"title": {"type": "string"}}} == (
        body["response_format"]["json_schema"]["schema"]
    )
    loose = chat(with_(grammar=False), output_config=wanted).body
    assert schema == loose["response_format"]["json_schema"]["schema"]


def test_what_only_the_cloud_can_do_is_named():
    made = chat(
        safeguards=[{"type": "dangerous_tool_use"}],
        context_management={"edits": []},
        tools=[{"type": "web_search_20250305", "name": "web_search"}],
        messages=[{"role": "user", "content": [{"type": "document", "source": {"type": "url"}}]}],
    )

    assert (
        snapshot(
            (
                "the tool 'web_search_20250305', which only the cloud can run",
                "a document that is not plain text",
                "safeguards",
            )
        )
        == made.losses
    )


def test_a_model_that_knows_no_tools_gets_them_in_words():
    made = chat(
        with_(tools=False),
        system="Be brief.",
        tools=[READ],
        messages=[
            {"role": "user", "content": "Read a."},
            {
                "role": "assistant",
                "content": [
                    {"type": "tool_use", "id": "t", "name": "Read", "input": {"path": "a"}}
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "t", "content": "A"}],
            },
        ],
    )

    assert (
        snapshot(
            {
                "model": "some-model",
                "messages": [
                    {
                        "role": "system",
                        "content": """\
Be brief.

Answer with one JSON object.
To use a tool: {"tool": its name, "arguments": {...}}; its result comes in the next message.
To answer: {"answer": your words}.

Tool Read: Reads a file.
Arguments, as a JSON schema: {"type":"object","properties":{"path":{"type":"string"}}}\
""",
                    },
                    {"role": "user", "content": "Read a."},
                    {"role": "assistant", "content": '{"tool": "Read", "arguments": {"path":"a"}}'},
                    {
                        "role": "user",
                        "content": """\
Result of Read:
A\
""",
                    },
                ],
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "answer",
                        "schema": {
                            "anyOf": [
                                {
                                    "type": "object",
                                    "properties": {
                                        "tool": {"const": "Read"},
                                        "arguments": {
                                            "type": "object",
                                            "properties": {"path": {"type": "string"}},
                                        },
                                    },
                                    "required": ["tool", "arguments"],
                                    "additionalProperties": False,
                                },
                                {
                                    "type": "object",
                                    "properties": {"answer": {"type": "string"}},
                                    "required": ["answer"],
                                    "additionalProperties": False,
                                },
                            ]
                        },
                        "strict": True,
                    },
                },
                "max_tokens": 4096,
                "stream": True,
                "stream_options": {"include_usage": True},
            }
        )
        == made.body
    )
    assert (True, {"Read": "Read"}) == (made.plan.in_words, made.plan.tools)


def test_a_model_that_knows_no_tools_can_be_made_to_call_or_left_to_talk():
    def forms(choice):
        made = chat(with_(tools=False), tools=[READ], tool_choice={"type": choice}).body
        form = made.get("response_format")
        return form and [[*v["properties"]] for v in form["json_schema"]["schema"]["anyOf"]]

    assert [["tool", "arguments"], ["answer"]] == forms("auto")
    assert [["tool", "arguments"]] == forms("any")
    assert None is forms("none")


# --- properties ----------------------------------------------------------------------------------


def check_roles(told):
    """The rules that chat completions and strict templates have."""
    waiting = []
    before = None
    for place, message in enumerate(told):
        match message["role"]:
            case "system":
                assert place == 0, "a system message anywhere else breaks templates"
            case "tool":
                assert message["tool_call_id"] == waiting.pop(0), "results follow their calls"
                assert isinstance(message["content"], str)
            case role:
                assert not waiting, "every call has its result"
                assert role in ("user", "assistant")
                assert role != before, "turns alternate"
                assert message["content"] or message.get("tool_calls")
                waiting = [call["id"] for call in message.get("tool_calls", [])]
                assert all(waiting)
        before = message["role"]


def without_open_calls(told):
    return told[:-1] if told and told[-1].get("tool_calls") else told


@given(odd_requests, st.sampled_from([True, False, None]), st.booleans(), st.booleans())
def test_no_request_is_too_odd(request, tools, vision, grammar):
    model = with_(tools=tools, vision=vision, grammar=grammar, reasoning=vision)
    read = asked.read(dumps(request))
    assert isinstance(read, asked.Asked)

    made = to_chat(read, model, max_tokens=512)

    dumps(dict(made.body))
    assert set(made.body) <= ALLOWED
    assert made.body["stream"] is True
    assert 1 <= made.body["max_tokens"] <= 512
    check_roles(without_open_calls(made.body["messages"]))


def flat(told):
    """The prompt as one text, near enough: what a template makes of the messages, in order."""
    return "".join(
        f"<{m['role']} {m.get('tool_call_id', '')}>{m['content']}{m.get('tool_calls', '')}"
        for m in told
    )


@given(conversations(), st.booleans(), st.data())
def test_a_longer_conversation_begins_with_the_shorter_one(turns, tools, data):
    model = with_(tools=tools)
    said_by_it = [n for n, turn in enumerate(turns) if turn["role"] == "assistant"]
    cut = data.draw(st.sampled_from(said_by_it)) + data.draw(st.integers(0, 1))

    shorter, longer = (messages(part, model, tools=[READ]) for part in (turns[:cut], turns))

    check_roles(without_open_calls(longer))
    assert shorter == longer[: len(shorter)]


@given(conversations())
def test_the_form_in_which_a_client_says_it_changes_nothing(turns):
    """A list becomes a string from one request to the next, and cache marks move on."""
    marked = [
        {
            **turn,
            "content": [{**b, "cache_control": {"type": "ephemeral"}} for b in turn["content"]]
            if isinstance(turn["content"], list)
            else turn["content"],
        }
        for turn in turns
    ]
    as_strings = [
        {**turn, "content": turn["content"][0]["text"]}
        if isinstance(turn["content"], list)
        and [*turn["content"][:1]] == turn["content"]
        and turn["content"]
        and turn["content"][0]["type"] == "text"
        else turn
        for turn in turns
    ]

    assert messages(turns) == messages(marked) == messages(as_strings)


# --- recordings ----------------------------------------------------------------------------------


def recorded_bodies():
    for name in ("claude_code_requests_shape", "anthropic_messages_json", "anthropic_messages_sse"):
        for record in recorded(name):
            body = record.get("body") or record.get("request")
            if isinstance(body, dict) and "messages" in body:
                yield record.get("name") or record["id"], body


@pytest.mark.parametrize("tools", [True, False, None])
def test_recorded_requests_are_taken(tools):
    for name, body in recorded_bodies():
        made = to_chat(asked.read(dumps(body)), with_(tools=tools, vision=tools))

        told = made.body["messages"]
        assert set(made.body) <= ALLOWED, name
        check_roles(without_open_calls(told))
        assert "x-anthropic-billing-header" not in dumps(dict(made.body)).decode(), name
        sent = {tool["function"]["name"] for tool in made.body.get("tools", [])}
        assert "DeferredToolPlaceholder" not in sent, name


def test_the_recorded_tool_loop_is_a_pure_extension():
    bodies = {name: body for name, body in recorded_bodies() if name.startswith("0")}
    turns = [chat(**bodies[f"0{n}_print_tool_turn{n - 1}"]) for n in (2, 3, 4)]

    for shorter, longer in pairwise(turns):
        told = shorter.body["messages"]
        assert told == longer.body["messages"][: len(told)]
        assert shorter.body["tools"] == longer.body["tools"]
