"""The calls in an answer are found in its frames as they are in the whole."""

from hypothesis import given
from hypothesis import strategies as st

from standby.core.wire.assemble import assemble
from standby.core.wire.calls import Calls, calls_of
from standby.core.wire.json import dumps
from tests.fakes.answerers import arguments, begin, closed, frame, opened, settled, stop, text


def call(index, name, *parts):
    block = {"type": "tool_use", "id": "toolu_sb1", "name": name, "input": {}}
    begun = frame("content_block_start", index=index, content_block=block)
    return [begun, *(arguments(index, part) for part in parts), closed(index)]


def made(*frames):
    calls = Calls()
    for one in frames:
        calls.take(one)
    return [*calls.made()]


ANSWER = [
    *(begin(), opened(0, "text"), text(0, "tool_use, input_json_delta"), closed(0)),
    *call(1, "Write", '{"file_', 'path": "a"}'),
    *call(2, "Bash"),
    *(settled("tool_use"), stop()),
]


def test_each_call_is_found_with_its_input():
    assert [("Write", {"file_path": "a"}), ("Bash", {})] == made(*ANSWER)


def test_the_whole_says_the_same():
    whole = assemble([frame("message_start", message={"type": "message"}), *ANSWER[1:]])

    assert made(*ANSWER) == [*calls_of(whole)]


def test_what_cannot_be_read_is_nothing():
    assert [("Write", None)] == made(begin(), *call(0, "Write", "{"))
    assert [] == made(frame("content_block_start", index="tool_use"))
    broken = frame("content_block_delta", index=None, delta={"type": "input_json_delta"})
    assert [("Write", {})] == made(*call(0, "Write"), broken)
    for body in (b"", b"[]", b'{"type":"error"}', dumps({"type": "message", "content": [1]})):
        assert [] == [*calls_of(body)]


@given(st.text(max_size=30))
def test_an_input_in_any_parts_is_the_same(words):
    given_ = dumps({"command": words}).decode()
    parts = [given_[at : at + 3] for at in range(0, len(given_), 3)]

    assert [("Bash", {"command": words})] == made(*call(0, "Bash", *parts))
