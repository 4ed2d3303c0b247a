"""Only what is ours goes, and everything else stays to the byte."""

import json
from time import thread_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from standby.core.handback.clean import PLACEHOLDER, clean
from standby.core.handback.marks import NOTICE, REASONING, SIGNATURE
from standby.core.wire.json import NotJSONError, loads
from tests.fakes.json_text import VALUES, WORDS, texts

MINE = {"type": "thinking", "thinking": "hm", "signature": NOTICE}
MINE_TOO = {"signature": REASONING, "type": "thinking", "thinking": "\n"}
THEIRS = {"type": "thinking", "thinking": "", "signature": "EqQBCgIYAhIM"}
HALF = {"type": "thinking", "thinking": "I was abou", "signature": ""}
BARE = {"type": "thinking", "thinking": "I was abou"}
NULL = {"type": "thinking", "thinking": "I was abou", "signature": None}
EMPTY = {"type": "text", "text": ""}
BLANK = {"type": "text", "text": " \n\t", "cache_control": {"type": "ephemeral"}}
SAID = {"type": "text", "text": "done"}
QUOTED = {"type": "text", "text": f'{{"type":"thinking","signature":"{NOTICE}"}}'}
CALL = {"type": "tool_use", "id": "toolu_sb1", "name": "Write", "input": {"signature": NOTICE}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_sb1", "content": [MINE, EMPTY, QUOTED]}
FILLED = {"type": "text", "text": PLACEHOLDER}

GOES = (MINE, MINE_TOO, HALF, BARE, NULL, EMPTY, BLANK)
BLOCKS = st.sampled_from([*GOES, THEIRS, SAID, QUOTED, CALL]) | VALUES
TURNS = st.sampled_from(["assistant", "assistant", "user", "system"])
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": TURNS, "content": st.lists(BLOCKS, max_size=5) | WORDS | VALUES},
        optional={"output_config": VALUES},
    )
    | VALUES,
    max_size=6,
)


def body(*messages, **fields):
    return json.dumps({"model": "m", "messages": list(messages), **fields}).encode()


def user(*content):
    return {"role": "user", "content": list(content)}


def assistant(*content):
    return {"role": "assistant", "content": list(content)}


def is_mine(block):
    match block:
        case {"type": "thinking", "signature": str(signature)}:
            return signature.startswith(SIGNATURE)
    return False


def expected(messages):
    """Say in plain words what must become of a conversation."""
    marked, cleaned = False, []
    for message in messages:
        match message:
            case {"role": "assistant", "content": [*blocks]}:
                marked = marked or any(map(is_mine, blocks))
                kept = [b for b in blocks if b not in GOES and not is_mine(b)]
                lost = marked and len(kept) < len(blocks)
                cleaned.append({**message, "content": kept or [FILLED]} if lost else message)
            case _:
                cleaned.append(message)
    return cleaned


@given(st.data(), MESSAGES, VALUES)
def test_what_is_ours_goes_and_nothing_else_changes(data, messages, other):
    text = data.draw(texts({"system": other, "messages": messages, "stream": True}))

    cleaned = clean(text)

    assert {"system": other, "messages": expected(messages), "stream": True} == loads(cleaned.body)
    assert (text is cleaned.body) == (cleaned.removed == 0)


@given(st.data(), MESSAGES)
def test_cleaning_twice_is_cleaning_once(data, messages):
    once = clean(data.draw(texts({"messages": messages}))).body

    assert once is clean(once).body


@given(st.data(), MESSAGES)
@example(None, [assistant(EMPTY, SAID), user(SAID), assistant(MINE, SAID)])
def test_the_beginning_of_a_conversation_cleans_to_the_beginning(data, messages):
    text = json.dumps({"messages": messages}).encode()
    whole = loads(clean(text).body)["messages"]

    for count in range(len(messages) + 1):
        part = clean(json.dumps({"messages": messages[:count]}).encode()).body
        assert whole[:count] == loads(part)["messages"]


@given(st.data(), MESSAGES)
def test_every_byte_that_stays_stays_in_its_place(data, messages):
    text = data.draw(texts({"messages": messages}))

    kept = clean(text).body.replace(b'{"type":"text","text":"%b"}' % PLACEHOLDER.encode(), b"")
    rest = iter(text)
    assert all(byte in rest for byte in kept)


@given(st.binary(max_size=80))
@example(
    b'{"messages":[{"role":"assistant","content":[{"type":"thinking","signature":"~standby.1.x"}'
)
@example(body(assistant(MINE, SAID)) + b"}")
@example(body(assistant(MINE, SAID)).replace(b": ", b":: ", 1))
@example(b'[{"signature":"~standby.1."}]')
def test_what_is_not_json_comes_back_as_it_was(text):
    try:
        loads(text)
    except NotJSONError:
        assert text is clean(text).body


@pytest.mark.parametrize("tildes", [0, 1, 999, 1000, 1001, 3000])
def test_a_mark_is_found_behind_any_number_of_tildes(tildes):
    told = {"type": "text", "text": "ok" + "~" * tildes}
    before, after = body(assistant(told, MINE, SAID)), body(assistant(told, SAID))

    assert (after, 1) == (clean(before).body, clean(before).removed)
    assert after is clean(after).body


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"[ @, $ ]", b"[ $ ]"),
        (b"[$ , @ ]", b"[$ ]"),
        (b"[ $ , @ , $]", b"[ $ , $]"),
        (b"[@,@,$,@,@]", b"[$]"),
        (b"[ @ , @ ]", b'[ {"type":"text","text":"(no visible answer)"} ]'),
    ],
)
def test_the_commas_stay_right(before, after):
    def conversation(content):
        content = content.replace(b"@", b'{ "signature":"~standby.1.x" ,"type":"thinking"}')
        return b'{"messages":[{"content":%b, "role":"assistant"}] }' % content.replace(
            b"$", b'{"type":"text","text":"ok"}'
        )

    assert conversation(after) == clean(conversation(before)).body


@pytest.mark.parametrize(
    "message",
    [
        user(MINE, EMPTY, RESULT),
        user(QUOTED),
        assistant(QUOTED, CALL, EMPTY, HALF),
        {"role": "assistant", "content": NOTICE},
        assistant({"type": "redacted_thinking", "data": NOTICE}),
        assistant({"type": "thinking", "thinking": NOTICE, "signature": "x" + NOTICE}),
    ],
)
def test_the_mark_anywhere_else_changes_nothing(message):
    text = body(message, system=NOTICE)

    cleaned = clean(text)

    assert text is cleaned.body
    assert 0 == cleaned.removed


def test_half_an_emoji_somewhere_does_not_keep_our_marks_in():
    text = body(user({"type": "text", "text": "cut \ud83d"}), assistant(MINE, SAID))

    assert body(user({"type": "text", "text": "cut \ud83d"}), assistant(SAID)) == clean(text).body


def test_a_name_with_half_an_emoji_is_stepped_over():
    text = body(assistant(MINE, SAID), **{"\ud83d": 1})

    assert body(assistant(SAID), **{"\ud83d": 1}) == clean(text).body


def test_what_came_before_the_first_mark_is_left_to_its_client():
    early = assistant(EMPTY, HALF, SAID)

    cleaned = clean(body(early, user(SAID), assistant(MINE, SAID), user(SAID), early))

    after = body(early, user(SAID), assistant(SAID), user(SAID), assistant(SAID))
    assert after == cleaned.body
    assert 3 == cleaned.removed


def test_a_megabyte_with_fifty_marks_is_cleaned_quickly():
    result = {**RESULT, "content": 'a "quoted" line\n\\ of {output} ' * 600}
    turns = [turn for _ in range(50) for turn in (assistant(MINE, SAID, CALL), user(result))]
    text = body(user(SAID), *turns)
    assert len(text) > 1_000_000

    assert 50 == clean(text).removed
    assert work_of(clean, text) < 20 * work_of(json.loads, text)


def work_of(call, text):
    """Return the seconds of work in a call: those in which others have the machine do not count."""
    took = []
    for _ in range(5):
        began = thread_time()
        call(text)
        took.append(thread_time() - began)
    return min(took)
