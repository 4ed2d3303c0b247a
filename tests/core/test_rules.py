"""Each rule of the API fires where it must, and lets pass what the API takes."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given

from standby.core.wire.json import loads
from standby.core.wire.rules import violations
from tests.fakes.json_text import VALUES

RECORDINGS = Path(__file__).parents[2] / ".." / "shared" / "recordings"

NEW = "claude-opus-5-5"
OLD = "claude-haiku-4-5-20251001"
TEXT = {"type": "text", "text": "hi"}
THOUGHT = {"type": "thinking", "thinking": "", "signature": "good"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {}}
OTHER_CALL = {**CALL, "id": "toolu_2"}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok"}
OTHER_RESULT = {**RESULT, "tool_use_id": "toolu_2"}
SEARCHED = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
TOOL = {"name": "Read", "input_schema": {"type": "object"}}
ASK = {"role": "user", "content": "hi"}
SYSTEM = {"role": "system", "content": "be brief"}


def user(*blocks):
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks)}


def request(*messages, **fields):
    return {"model": NEW, "max_tokens": 10, "messages": list(messages) or [ASK], **fields}


def found(value, **asked):
    return violations(value, **{"signature_ok": lambda signature: signature == "good", **asked})


def without(name):
    return {key: value for key, value in request().items() if key != name}


PASSES = {
    "a text": request(),
    "a cached system prompt": request(system=[{**TEXT, "cache_control": {"type": "ephemeral"}}]),
    "an hour in the cache": request(cache_control={"type": "ephemeral", "ttl": "1h"}),
    "two users in a row": request(ASK, ASK),
    "a call and its result": request(ASK, assistant(TEXT, CALL), user(RESULT, TEXT)),
    "calls in two turns": request(
        ASK, assistant(CALL), assistant(OTHER_CALL), user(OTHER_RESULT), user(RESULT)
    ),
    "a result in parts": request(
        ASK,
        assistant(CALL),
        user(
            {**RESULT, "content": [{"type": "tool_reference", "tool_name": "x"}], "is_error": True}
        ),
    ),
    "an empty result": request(
        ASK, assistant(CALL), user({"type": "tool_result", "tool_use_id": "toolu_1"})
    ),
    "a signed thought": request(ASK, assistant(THOUGHT, TEXT), ASK),
    "a system turn at the end": request(ASK, SYSTEM),
    "a system turn before an answer": request(ASK, SYSTEM, assistant(TEXT), ASK),
    "a system turn after a server's tool": request(
        ASK, assistant(SEARCHED), SYSTEM, assistant(TEXT), ASK
    ),
    "a system turn that sets options only": request(
        ASK, {"role": "system", "content": [], "output_config": {"effort": "low"}}
    ),
    "a prefill for an older model": request(ASK, assistant(TEXT), model=OLD),
    "an empty last answer for an older model": request(ASK, assistant(), model=OLD),
    "a paused turn": request(ASK, assistant(SEARCHED)),
    "tools of both kinds": request(
        tools=[TOOL, {"type": "web_search_20250305", "name": "web_search"}, {"type": "new_toolset"}]
    ),
    "a named tool": request(tools=[TOOL], tool_choice={"type": "tool", "name": "Read"}),
    "adaptive thinking": request(thinking={"type": "adaptive", "display": "omitted"}),
    "no thinking": request(thinking={"type": "disabled"}),
    "a budget for an older model": request(
        thinking={"type": "enabled", "budget_tokens": 1024}, model=OLD
    ),
    "both kinds for 4.6": request(
        thinking={"type": "enabled", "budget_tokens": 1024}, model="claude-opus-4-6"
    ),
    "images": request(
        user(
            {"type": "image", "source": {"type": "url", "url": "https://x"}},
            {"type": "image", "source": {"type": "file", "file_id": "f"}},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}},
        )
    ),
    "documents": request(
        user(
            {"type": "document", "source": {"type": "content", "content": "x"}},
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": ""},
            },
        )
    ),
    "metadata": request(metadata={"user_id": "u"}, stop_sequences=["x"], stream=True),
    "fields nobody knows yet": request(tomorrow=1),
}


@pytest.mark.parametrize("value", PASSES.values(), ids=PASSES)
def test_what_the_api_takes_passes(value):
    assert () == found(value)


FIRES = {
    "no model": (without("model"), "model: Field required"),
    "an empty model": (request(model=""), "model: String should have at least 1 character"),
    "a model that is no text": (request(model=1), "model: Input should be a valid string"),
    "no max_tokens": (without("max_tokens"), "max_tokens: Field required"),
    "max_tokens of 0": (
        request(max_tokens=0),
        "max_tokens: Input should be greater than or equal to 1",
    ),
    "max_tokens as text": (request(max_tokens="9"), "max_tokens: Input should be a valid integer"),
    "max_tokens as truth": (
        request(max_tokens=True),
        "max_tokens: Input should be a valid integer",
    ),
    "no messages": (without("messages"), "messages: Field required"),
    "messages as text": ({**request(), "messages": "hi"}, "messages: Input should be a valid list"),
    "zero messages": ({**request(), "messages": []}, "messages: at least one message is required"),
    "stream as text": (request(stream="true"), "stream: Input should be a valid boolean"),
    "system as a number": (request(system=1), "system: Input should be a valid list"),
    "an image in the system prompt": (
        request(system=[{"type": "image"}]),
        "system.0: Input should be a `text` block",
    ),
    "an empty system text": (
        request(system=[{"type": "text", "text": ""}]),
        "system.0: text content blocks must be non-empty",
    ),
    "a cache mark of another kind": (
        request(cache_control={"type": "for ever"}),
        "cache_control.type: Input should be 'ephemeral'",
    ),
    "a cache mark of another time": (
        request(system=[{**TEXT, "cache_control": {"type": "ephemeral", "ttl": "1d"}}]),
        "system.0.cache_control.ttl: Input should be '5m' or '1h'",
    ),
    "metadata as text": (
        request(metadata={"user_id": 1}),
        "metadata.user_id: Input should be a valid string",
    ),
    "stop sequences as text": (
        request(stop_sequences="x"),
        "stop_sequences: Input should be a valid list of strings",
    ),
    "tools as an object": (request(tools={}), "tools: Input should be a valid list"),
    "a tool as text": (request(tools=["x"]), "tools.0: Input should be a valid dictionary"),
    "a tool without a name": (
        request(tools=[{"input_schema": {"type": "object"}}]),
        "tools.0.custom.name: Field required",
    ),
    "a tool with a dotted name": (
        request(tools=[{**TOOL, "name": "fs.read"}]),
        "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
    ),
    "two tools of one name": (request(tools=[TOOL, TOOL]), "tools: Tool names must be unique."),
    "a tool without a schema": (
        request(tools=[{"name": "x"}]),
        "tools.0.custom.input_schema: Field required",
    ),
    "a schema without a type": (
        request(tools=[{"name": "x", "input_schema": {}}]),
        "tools.0.custom.input_schema.type: Field required",
    ),
    "a schema that is no object": (
        request(tools=[{"name": "x", "input_schema": {"type": "string"}}]),
        "tools.0.custom.input_schema.type: Input should be 'object'",
    ),
    "a schema as text": (
        request(tools=[{"name": "x", "input_schema": "y"}]),
        "tools.0.custom.input_schema: Input should be a valid dictionary",
    ),
    "a choice without a name": (
        request(tool_choice={"type": "tool"}),
        "tool_choice.tool.name: Field required",
    ),
    "a choice as text": (
        request(tool_choice="required"),
        "tool_choice: Input tag found using 'type' does not match any of the expected tags: "
        "'auto', 'any', 'tool', 'none'",
    ),
    "thinking as truth": (
        request(thinking=True),
        "thinking: Input tag found using 'type' does not match any of the expected tags: "
        "'adaptive', 'between_tools', 'disabled', 'enabled'",
    ),
    "a budget too small": (
        request(thinking={"type": "enabled", "budget_tokens": 1023}, model=OLD),
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    ),
    "thinking without a budget": (
        request(thinking={"type": "enabled"}, model=OLD),
        "thinking.enabled.budget_tokens: Field required",
    ),
    "a budget for a newer model": (
        request(thinking={"type": "enabled", "budget_tokens": 2000}),
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" '
        'and "output_config.effort" to control thinking behavior.',
    ),
    "adaptive thinking of an older model": (
        request(thinking={"type": "adaptive"}, model=OLD),
        "adaptive thinking is not supported on this model",
    ),
    "a model that always thinks": (
        request(thinking={"type": "disabled"}, model="claude-fable-5-2"),
        '"thinking.type.disabled" is not supported for this model.',
    ),
    "a message as text": (request(ASK, "x"), "messages.1: Input should be a valid dictionary"),
    "a message without a role": (request({"content": "x"}), "messages.0.role: Field required"),
    "a role of another API": (
        request(ASK, {"role": "tool", "content": "x"}),
        "messages.1.role: Input should be 'user', 'assistant' or 'system'",
    ),
    "a message without content": (request({"role": "user"}), "messages.0.content: Field required"),
    "content as a number": (
        request({"role": "user", "content": 1}),
        "messages.0.content: Input should be a valid list",
    ),
    "a block as text": (
        request(user("x")),
        "messages.0.content.0: Input should be a valid dictionary",
    ),
    "a block without a type": (request(user({})), "messages.0.content.0.type: Field required"),
    "an unknown block": (
        request(ASK, SYSTEM, assistant({"type": "image_url"}), ASK),
        "messages.2.content.0: Input tag 'image_url' found using 'type' does not match any of the "
        "expected tags: ",
    ),
    "a thought of the user": (
        request(user(THOUGHT)),
        "messages.0.content.0: Input tag 'thinking' found using 'type' does not match any of the "
        "expected tags: ",
    ),
    "a call of the user": (request(user(CALL)), "messages.0.content.0: Input tag 'tool_use' found"),
    "a result of the assistant": (
        request(ASK, assistant(RESULT), ASK),
        "messages.1.content.0: Input tag 'tool_result' found",
    ),
    "an empty text": (
        request(user({"type": "text", "text": ""})),
        "messages.0.content.0: text content blocks must be non-empty",
    ),
    "a blank text": (
        request(ASK, assistant(TEXT, {"type": "text", "text": " \n"}), ASK),
        "messages.1.content.1: text content blocks must contain non-whitespace text",
    ),
    "blank content": (
        request({"role": "user", "content": " "}),
        "messages.0.content: text content blocks must contain non-whitespace text",
    ),
    "a text that is none": (
        request(user({"type": "text", "text": 1})),
        "messages.0.content.0.text.text: Input should be a valid string",
    ),
    "an image without a source": (
        request(user({"type": "image"})),
        "messages.0.content.0.image.source: Field required",
    ),
    "an image of another kind": (
        request(
            user({"type": "image", "source": {"type": "base64", "media_type": "a/b", "data": ""}})
        ),
        "messages.0.content.0.image.source.base64.media_type: Input should be one of 'image/gif', ",
    ),
    "an image without data": (
        request(user({"type": "image", "source": {"type": "base64", "media_type": "image/png"}})),
        "messages.0.content.0.image.source.base64: Field required",
    ),
    "a document from elsewhere": (
        request(user({"type": "document", "source": {"type": "ftp"}})),
        "messages.0.content.0.document.source: Input tag 'ftp' found",
    ),
    "a document of another kind": (
        request(
            user({"type": "document", "source": {"type": "text", "media_type": "x", "data": ""}})
        ),
        "messages.0.content.0.document.source.text: Field required, or of the wrong type",
    ),
    "a call without an id": (
        request(ASK, assistant({"type": "tool_use", "name": "x", "input": {}}), ASK),
        "messages.1.content.0.tool_use.id: Field required",
    ),
    "a call with a dotted id": (
        request(ASK, assistant({**CALL, "id": "functions.Read:0"}), ASK),
        "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
    ),
    "a call without input": (
        request(ASK, assistant({"type": "tool_use", "id": "toolu_1", "name": "x"}), user(RESULT)),
        "messages.1.content.0.tool_use.input: Field required",
    ),
    "a call with a text for input": (
        request(ASK, assistant({**CALL, "input": "{}"}), user(RESULT)),
        "messages.1.content.0.tool_use.input: Input should be a valid dictionary",
    ),
    "a call without a name": (
        request(ASK, assistant({**CALL, "name": None}), user(RESULT)),
        "messages.1.content.0.tool_use.name: Field required",
    ),
    "a result with an odd id": (
        request(ASK, assistant(CALL), user({**RESULT, "tool_use_id": "a b"})),
        "messages.2.content.0.tool_result.tool_use_id: String should match pattern",
    ),
    "a result that is an object": (
        request(ASK, assistant(CALL), user({**RESULT, "content": {}})),
        "messages.2.content.0.tool_result.content: Input should be a valid list",
    ),
    "a result that is neither": (
        request(ASK, assistant(CALL), user({**RESULT, "is_error": "no"})),
        "messages.2.content.0.tool_result.is_error: Input should be a valid boolean",
    ),
    "a result with a call inside": (
        request(ASK, assistant(CALL), user({**RESULT, "content": [CALL]})),
        "messages.2.content.0.tool_result.content.0: Input tag 'tool_use' found",
    ),
    "a thought without a signature": (
        request(ASK, assistant({"type": "thinking", "thinking": ""}, TEXT), ASK),
        "messages.1.content.0.thinking.signature: Field required",
    ),
    "a redacted thought without data": (
        request(ASK, assistant({"type": "redacted_thinking"}, TEXT), ASK),
        "messages.1.content.0.redacted_thinking.data: Field required",
    ),
    "a thought of another model": (
        request(ASK, assistant({**THOUGHT, "signature": "~standby.1.notice"}, TEXT), ASK),
        "messages.1.content.0: Invalid `signature` in `thinking` block",
    ),
    "a thought with an empty signature": (
        request(ASK, assistant(TEXT, {**THOUGHT, "signature": ""}), ASK),
        "messages.1.content.1: Invalid `signature` in `thinking` block",
    ),
    "an assistant who begins": (
        request(assistant(TEXT), ASK),
        'messages: first message must use the "user" role',
    ),
    "a system turn that begins": (
        request(SYSTEM, ASK),
        'messages: first message must use the "user" role',
    ),
    "a turn without content": (
        request(ASK, assistant(), ASK),
        "messages.1: all messages must have non-empty content except for the optional final "
        "assistant message",
    ),
    "a user without words": (request({"role": "user", "content": ""}), "messages.0: all messages"),
    "a system turn without words": (
        request(ASK, {"role": "system", "content": []}),
        "messages.1: all messages must have non-empty content",
    ),
    "a system turn after an answer": (
        request(ASK, assistant(TEXT), SYSTEM, assistant(TEXT), ASK),
        "messages.2: a `system` message must follow a `user` message",
    ),
    "a system turn before a question": (
        request(ASK, SYSTEM, ASK),
        "messages.1: a `system` message must be the last or precede an `assistant` message",
    ),
    "a system turn in between call and result": (
        request(ASK, assistant(CALL), SYSTEM, user(RESULT)),
        "messages.2: a `system` message must follow",
    ),
    "a system turn for the one that has none": (
        request(ASK, SYSTEM, model="claude-sonnet-5"),
        "messages.1: role 'system' is not supported on this model",
    ),
    "a call nobody answers": (
        request(ASK, assistant(CALL), ASK),
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: "
        "toolu_1. Each `tool_use` block must have a corresponding `tool_result` block in the next "
        "message.",
    ),
    "one of two calls answered": (
        request(ASK, assistant(CALL, OTHER_CALL), user(RESULT)),
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: "
        "toolu_2.",
    ),
    "a call answered too late": (
        request(ASK, assistant(CALL), ASK, assistant(TEXT), user(RESULT)),
        "messages.1: `tool_use` ids were found without `tool_result` blocks",
    ),
    "a result nobody asked for": (
        request(user(RESULT)),
        "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1.",
    ),
    "a second result": (
        request(ASK, assistant(CALL), user(RESULT, RESULT)),
        "messages.2.content.1: each tool_use must have a single result. Found multiple "
        "`tool_result` blocks with id: toolu_1",
    ),
    "words before a result": (
        request(ASK, assistant(CALL), user(TEXT, RESULT)),
        "messages.2.content.1: `tool_result` blocks must come before any other content",
    ),
    "an id used twice": (
        request(ASK, assistant(CALL), user(RESULT), assistant(CALL), user(RESULT)),
        "messages.3: `tool_use` ids must be unique",
    ),
    "a prefill": (
        request(ASK, assistant(TEXT)),
        "This model does not support assistant message prefill. The conversation must end with a "
        "user message.",
    ),
}


@pytest.mark.parametrize(("value", "wording"), FIRES.values(), ids=FIRES)
def test_what_the_api_refuses_is_refused_in_its_words(value, wording):
    assert any(said.startswith(wording) for said in found(value)), found(value)


def test_counting_needs_no_max_tokens():
    assert () == found(without("max_tokens"), counting=True)


def test_a_signature_is_asked_for_with_all_that_came_before_its_block():
    asked = []

    def binds(signature, prefix):
        asked.append(prefix)
        return len(asked) == 1

    refused = found(request(ASK, assistant(THOUGHT, TEXT, THOUGHT), ASK), binds=binds)

    assert [[ASK], [ASK, assistant(THOUGHT, TEXT)]] == asked
    assert (
        "messages.1.content.2: `thinking` block was not created in this conversation: the "
        "messages before it have changed",
    ) == refused


def test_redacted_data_is_looked_at_only_when_somebody_knows_it():
    value = request(ASK, assistant({"type": "redacted_thinking", "data": "x"}, TEXT), ASK)

    assert () == found(value)
    assert () == found(value, redacted_ok="x".__eq__)
    assert ("messages.1.content.0: Invalid `data` in `redacted_thinking` block",) == found(
        value, redacted_ok="y".__eq__
    )


@given(VALUES, VALUES, VALUES)
def test_nothing_that_is_json_breaks_the_rules_themselves(value, content, source):
    found(request(value, assistant(value, {"type": "text", "text": content}), user(value)))
    found(request(user({"type": "tool_result", "content": content, "tool_use_id": value})))
    found(request(user({"type": "image", "source": source}), {"role": value, "content": content}))
    found(
        {
            **dict.fromkeys(
                ["model", "system", "tools", "thinking", "metadata", "tool_choice"], value
            ),
            "messages": content,
        }
    )


def recorded(name):
    path = RECORDINGS / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"there are no recordings at {RECORDINGS}")
    with gzip.open(path) as lines:
        return [loads(line) for line in lines]


def test_every_request_of_the_real_client_passes():
    asked = [one for one in recorded("claude_code_requests_shape") if one["path"] == "/v1/messages"]

    assert 30 < len(asked)
    assert [] == [
        (one["name"], found(one["body"], signature_ok=bool))
        for one in asked
        if found(one["body"], signature_ok=bool)
    ]


@pytest.mark.parametrize("name", ["anthropic_messages_json", "anthropic_messages_sse"])
def test_every_request_that_the_real_api_took_passes(name):
    taken = [one for one in recorded(name) if one["status"] == 200]

    assert 20 < len(taken)
    assert [] == [
        (one["id"], found(one["request"], signature_ok=bool))
        for one in taken
        if found(one["request"], signature_ok=bool)
    ]
