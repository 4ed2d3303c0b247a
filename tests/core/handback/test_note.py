"""The line on which answers are not the cloud's own: where it stands, and that it stays."""

import json

from hypothesis import given
from hypothesis import strategies as st

from standby.core.handback.clean import clean
from standby.core.handback.marks import NOTICE, REASONING, TOOL
from standby.core.handback.note import notes
from standby.core.wire.json import loads

MINE = {"type": "thinking", "thinking": "", "signature": NOTICE}
MINE_TOO = {"type": "thinking", "thinking": "hm", "signature": REASONING}
THEIRS = {"type": "thinking", "thinking": "", "signature": "EqQBCgIYAhIM"}
HIDDEN = {"type": "redacted_thinking", "data": "x"}
SAID = {"type": "text", "text": "done"}
CALL = {"type": "tool_use", "id": f"{TOOL}1", "name": "Write", "input": {}}
THEIR_CALL = {**CALL, "id": "toolu_011"}
RESULT = {"type": "tool_result", "tool_use_id": f"{TOOL}1", "content": "ok"}
SYSTEM = {"role": "system", "content": "be brief"}
ONE = (
    "<system-reminder>\nstandby: the last answer above is by a local model that stood in for you."
    " Check what it did before you build on it.\n</system-reminder>"
)
TWO = ONE.replace("the last answer above is", "the last 2 answers above are")


def user(*content):
    return {"role": "user", "content": list(content) or "go on"}


def assistant(*content):
    return {"role": "assistant", "content": list(content) or "well"}


def body(*messages, **fields):
    return json.dumps({"model": "m", "messages": list(messages), "stream": True, **fields}).encode()


def noted(text):
    return clean(text, noting=True).body


def test_it_stands_behind_what_is_said_when_the_conversation_comes_back():
    messages = [user(SAID), assistant(MINE, SAID), user(SAID)]

    assert {2: ONE} == notes(messages)
    *_, last = loads(noted(body(*messages)))["messages"]
    assert [SAID, {"type": "text", "text": ONE}] == last["content"]


def test_it_stays_there_when_the_cloud_has_answered_and_comes_no_second_time():
    messages = [user(SAID), assistant(MINE_TOO, SAID), user(SAID), assistant(THEIRS, SAID), user()]

    assert {2: ONE} == notes(messages)
    assert {2: ONE} == notes([*messages[:3], assistant(SAID), user(SAID)])


def test_while_local_models_go_on_there_is_one_line_for_all_they_said():
    messages = [user(SAID), assistant(MINE, CALL), user(RESULT), assistant(MINE, SAID), user(SAID)]

    assert {4: TWO} == notes(messages)


def test_a_turn_that_is_left_in_the_middle_has_it_behind_the_results():
    messages = [user(SAID), assistant(CALL), user(RESULT)]

    assert {2: ONE} == notes(messages)
    assert {2: ONE} == notes([*messages, assistant(THEIR_CALL), user(RESULT)])


def test_an_answer_that_the_cloud_began_is_the_clouds_when_it_was_asked_and_ours_afterwards():
    mixed = assistant(THEIRS, SAID, CALL)

    assert {2: ONE, 4: TWO} == notes([user(), assistant(MINE, SAID), user(), mixed, user(RESULT)])
    assert {2: ONE} == notes([user(), mixed, user(RESULT), assistant(HIDDEN, SAID)])


def test_of_several_messages_the_last_one_gets_it():
    messages = [user(), assistant(CALL), user(RESULT), user(SAID), SYSTEM]

    assert {3: ONE} == notes(messages)


def test_a_string_becomes_the_text_that_it_is():
    text = body(user(), assistant(MINE, SAID), user())

    assert noted(text).count(b"go on") == text.count(b"go on")
    *_, last = loads(noted(text))["messages"]
    assert [{"type": "text", "text": "go on"}, {"type": "text", "text": ONE}] == last["content"]


def test_what_cannot_hold_a_line_gets_none():
    for empty in ({"role": "user", "content": []}, {"role": "user", "content": " "}, "x", {}):
        assert {} == notes([user(), assistant(CALL), empty])


ANSWERS = st.sampled_from([(MINE, SAID), (MINE_TOO, CALL), (CALL,), (THEIRS, SAID), (SAID,)])
STRETCHES = st.sampled_from(
    [(user(SAID),), (user(),), (user(RESULT), SYSTEM), (user(), user(SAID))]
)
HISTORIES = st.lists(st.tuples(STRETCHES, ANSWERS), max_size=8)


def told(history):
    return [one for said, answer in history for one in (*said, assistant(*answer))]


@given(HISTORIES, STRETCHES)
def test_all_but_the_lines_stays_to_the_byte(history, said):
    text = body(*told(history), *said)
    plain, full = clean(text).body, noted(text)

    for words in notes([*told(history), *said]).values():
        note = json.dumps({"type": "text", "text": words}, separators=(",", ":")).encode()
        assert note in full
        full = full.replace(b"," + note, b"", 1)
    assert plain == full.replace(b'[{"type":"text","text":"go on"}]', b'"go on"')


@given(HISTORIES, STRETCHES, st.data())
def test_what_the_cloud_has_seen_it_sees_again(history, said, data):
    """Whatever comes later: each request that the cloud answered is the beginning of the next."""
    at = data.draw(st.integers(0, len(history)))
    later = [*told(history), *said]
    first = [*told(history[:at]), *(history[at][0] if at < len(history) else said)]
    answered_there = at == len(history) or history[at][1] in [(THEIRS, SAID), (SAID,)]

    before, after = (loads(noted(body(*each)))["messages"] for each in (first, later))

    if answered_there:
        assert before == after[: len(before)]


@given(st.lists(st.tuples(STRETCHES, st.just((THEIRS, SAID))), max_size=5))
def test_a_conversation_without_local_answers_is_the_very_same_object(history):
    text = body(*told(history), user(SAID))

    assert noted(text) is text
