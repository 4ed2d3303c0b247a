"""The turns of a conversation keep their order, their pairs and their place."""

import pytest

from standby.core.dialects.openai_chat.losses import Losses
from standby.core.dialects.openai_chat.turns import Manner, translated
from tests.fakes.conversations import text

BLIND = Manner(sees=False, in_words=False)
SEES = Manner(sees=True, in_words=False)
PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}
URL = {"type": "image", "source": {"type": "url", "url": "http://10.0.0.1/secret.png"}}


def user(*content):
    return {"role": "user", "content": [text(c) if isinstance(c, str) else c for c in content]}


def assistant(*content):
    return {"role": "assistant", "content": [text(c) if isinstance(c, str) else c for c in content]}


def aside(content):
    return {"role": "system", "content": content}


def call(key, given=None, name="Read"):
    return {"type": "tool_use", "id": key, "name": name, "input": {} if given is None else given}


def result(key, content="done", **fields):
    return {"type": "tool_result", "tool_use_id": key, "content": content, **fields}


def told(*turns, manner=BLIND):
    """Each message as ``(role, content)``; calls and results with their ids."""
    out = []
    for message in translated([*turns], manner, Losses()):
        match message:
            case {"role": "tool", "tool_call_id": key, "content": content}:
                out.append((f"tool {key}", content))
            case {"role": role, "content": content, "tool_calls": calls}:
                out.append((f"{role} " + " ".join(c["id"] for c in calls), content))
            case {"role": role, "content": content}:
                out.append((role, content))
    return out


@pytest.mark.parametrize("content", ["Plan mode.", [text("Plan mode.")]])
def test_a_system_message_stays_where_it_was_said(content):
    assert [
        ("user", "Hi\n\n<system-message>\nPlan mode.\n</system-message>"),
        ("assistant", "Hello"),
        ("user", "Go"),
    ] == told(user("Hi"), aside(content), assistant("Hello"), user("Go"))


@pytest.mark.parametrize("content", ["", [], [text("")], None])
def test_an_empty_system_message_says_nothing(content):
    assert [("user", "Hi")] == told(user("Hi"), aside(content), {"role": "system"})


def test_a_system_message_never_comes_between_a_call_and_its_result():
    expected = [
        ("assistant a", ""),
        ("tool a", "done"),
        ("user", "<system-message>\nFile changed.\n</system-message>"),
    ]

    assert expected == told(assistant(call("a")), user(result("a")), aside("File changed."))
    assert expected == told(assistant(call("a")), aside("File changed."), user(result("a")))


def test_results_follow_their_calls_in_the_order_of_the_calls():
    assert [
        ("assistant a b", "Both."),
        ("tool a", "A"),
        ("tool b", "Error: B"),
        ("user", "Now?"),
    ] == told(
        assistant("Both.", call("a"), call("b")),
        user(result("b", "B", is_error=True), result("a", [text("A")]), "Now?"),
    )


def test_calls_without_results_and_results_without_calls_lose_nothing():
    assert [
        ("assistant a", ""),
        ("tool a", "[No result: the call was interrupted.]"),
        ("user", "Result of an earlier call:\nlost\n\nStop."),
    ] == told(assistant(call("a")), user(result("z", "lost"), "Stop."))


def test_a_call_that_is_still_open_is_left_open():
    assert [("user", "Hi"), ("assistant a", "")] == told(user("Hi"), assistant(call("a")))


def test_ids_that_are_missing_or_used_twice_still_pair():
    assert [
        ("assistant a a", ""),
        ("tool a", "1"),
        ("tool a", "2"),
    ] == told(assistant(call("a"), call("a")), user(result("a", "1"), result("a", "2")))
    assert [("assistant call_1", "")] == told(assistant({"type": "tool_use", "name": "Read"}))


def test_turns_in_a_row_are_one():
    assert [("user", "a\n\nb"), ("assistant", "c\n\nd"), ("user", "e")] == told(
        user("a"), user("b"), assistant("c"), assistant("d"), user("e")
    )


def test_thinking_is_not_sent_and_a_turn_of_thinking_alone_is_none():
    thought = {"type": "thinking", "thinking": "secret", "signature": "s"}
    sealed = {"type": "redacted_thinking", "data": "x"}

    assert [("user", "a\n\nb")] == told(user("a"), assistant(thought, sealed), user("b"))
    assert [("assistant", "Yes")] == told(assistant(thought, "Yes"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"path": "a"}, '{"path":"a"}'),
        ("a", '{"input":"a"}'),
        ([1], '{"input":[1]}'),
        (
            {"__unparsedToolInput": {"raw": "{", "len": 1}},
            '{"__unparsedToolInput":{"raw":"{","len":1}}',
        ),
    ],
)
def test_the_input_of_a_call_is_always_an_object(given, expected):
    made = translated([assistant(call("a", given))], BLIND, Losses())

    assert expected == made[0]["tool_calls"][0]["function"]["arguments"]


def test_images_are_shown_to_models_that_see():
    shown = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}

    assert [
        ("user", [{"type": "text", "text": "Look:"}, shown, {"type": "text", "text": "Well?"}])
    ] == told(user("Look:", PNG, "Well?"), manner=SEES)
    assert [
        ("assistant a", ""),
        ("tool a", "[An image: see the next message.]"),
        ("user", [{"type": "text", "text": "The image that Read gave:"}, shown]),
    ] == told(assistant(call("a")), user(result("a", [PNG])), manner=SEES)


def test_images_that_cannot_be_shown_are_named_and_no_url_gets_to_the_server():
    placeholder = "[An image was here; it cannot be shown to this model.]"

    assert [("user", placeholder)] == told(user(PNG))
    assert [("user", placeholder)] == told(user(URL), manner=SEES)
    assert [("assistant a", ""), ("tool a", placeholder)] == told(
        assistant(call("a")), user(result("a", [PNG]))
    )


def test_a_sentence_with_a_citation_in_it_stays_one():
    cited = {**text("the sky is blue"), "citations": [{"type": "char_location"}]}

    assert [("assistant", "As they say, the sky is blue.")] == told(
        assistant("As they say, ", cited, ".")
    )
    assert [("assistant", "One.\n\nTwo.")] == told(assistant("One.", "Two."))


def test_blocks_of_the_cloud_are_told_in_words():
    search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}}
    found = {
        "type": "web_search_tool_result",
        "tool_use_id": "s",
        "content": [
            {"type": "web_search_result", "title": "T", "url": "u", "encrypted_content": "e"}
        ],
    }
    ((_, said),) = told(assistant(search, found, "So."))

    assert '[Called web_search with {"query":"x"}]\n\n[web_search gave: T\nu]\n\nSo.' == said


def test_a_plain_document_is_read_and_another_is_named():
    plain = {"type": "document", "title": "A", "source": {"type": "text", "data": "body"}}
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf"}}
    losses = Losses()
    made = translated([user(plain, pdf)], BLIND, losses)

    first, second = made[0]["content"].split("\n\n")
    assert "[Document “A”]\nbody" == first
    assert "[A document without a title was here; it cannot be shown to this model.]" == second
    assert ("a document that is not plain text",) == losses.all()


def test_in_words_calls_and_results_are_plain_turns():
    assert [
        ("assistant", 'Both.\n\n{"tool": "Read", "arguments": {"p":1}}'),
        ("user", "Result of Read:\nA\n\nNow?"),
    ] == told(
        assistant("Both.", call("a", {"p": 1})),
        user(result("a", "A"), "Now?"),
        manner=Manner(sees=False, in_words=True),
    )
