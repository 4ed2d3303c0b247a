"""A fault sends the beginning of an answer, and breaks where its name says."""

import pytest

from standby.core.usage import Tokens
from standby.testing.answers import Answer, frames
from standby.testing.faults import FAULTS, PLACES, Ending

THINKING = {"type": "thinking", "thinking": "let me think about it a little", "signature": "s"}
TEXT = {"type": "text", "text": "here is what I am going to tell you"}
CALL = {"type": "tool_use", "id": "t", "name": "Write", "input": {"file_path": "a", "content": "b"}}


def told(*blocks):
    return frames(Answer("msg_1", "m", blocks, "end_turn", Tokens(1, 1)))


WHOLE = told(THINKING, TEXT, CALL)


def broken(fault, whole=WHOLE):
    found = FAULTS[fault](whole)
    return b"".join(found.data), found.ending


GO_ON = {"unreadable_event", "unknown_event", "comments", "twice_begun", "crlf"}


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - GO_ON))
def test_what_goes_out_is_the_beginning_of_the_answer(fault):
    data, _ = broken(fault)
    whole = b"".join(frame.raw for frame in WHOLE)
    before, error, _ = data.partition(b"event: error")

    assert whole.startswith(before)
    assert bool(error) is fault.startswith("error")
    assert b"message_stop" not in data
    assert bool(before) is not fault.endswith("after_headers")


@pytest.mark.parametrize("fault", sorted(GO_ON))
def test_what_only_spoils_an_answer_lets_it_go_on_to_its_end(fault):
    data, ending = broken(fault)

    assert b"message_stop" in data
    assert Ending.WHOLE is ending
    assert b"".join(frame.raw for frame in WHOLE) != data


@pytest.mark.parametrize("how", ["cut", "reset", "silent", "truncated", "error"])
def test_an_answer_can_break_at_every_place_later_and_later(how):
    sizes = [len(broken(f"{how}_{place}")[0].partition(b"event: error")[0]) for place in PLACES]

    assert sorted(sizes) == sizes
    assert len(sizes) - 1 == len(set(sizes)), "the call is the last block"


@pytest.mark.parametrize(
    ("fault", "last", "ending"),
    [
        ("cut_after_start", b'"type":"message_start"', Ending.CUT),
        ("cut_after_text", b"text_delta", Ending.CUT),
        ("reset_after_text", b"text_delta", Ending.RESET),
        ("silent_after_text", b"text_delta", Ending.SILENT),
        ("cut_in_thinking", b"thinking_delta", Ending.CUT),
        ("cut_in_tool", b"input_json_delta", Ending.CUT),
        ("truncated_after_text", b"text_delta", Ending.WHOLE),
        ("truncated_in_tool", b"input_json_delta", Ending.WHOLE),
        ("reset_after_tool", b"content_block_stop", Ending.RESET),
        ("truncated", b"content_block_stop", Ending.WHOLE),
        ("no_message_stop", b"message_delta", Ending.WHOLE),
        ("error_after_start", b"Overloaded", Ending.WHOLE),
        ("error_after_text", b"Overloaded", Ending.WHOLE),
        ("error_in_thinking", b"Overloaded", Ending.WHOLE),
        ("error_in_tool", b"Overloaded", Ending.WHOLE),
        ("error_after_content", b"Internal server error", Ending.WHOLE),
    ],
)
def test_it_breaks_where_its_name_says(fault, last, ending):
    data, found = broken(fault)

    assert ending is found
    assert last in data.rstrip(b"\n").split(b"\n\n")[-1]
    assert data.endswith(b"\n\n")


def test_a_frame_may_be_cut_in_the_middle():
    data, ending = broken("cut_in_frame")

    assert ending is Ending.CUT
    assert not data.endswith(b"\n\n")
    assert data.rpartition(b"\n\n")[2].startswith(b"event: content_block_delta")


def test_a_call_is_cut_after_a_part_of_its_input():
    data, _ = broken("cut_in_tool")

    assert 3 == data.count(b"input_json_delta")
    assert b'{\\"file_pa' in data


@pytest.mark.parametrize("fault", ["cut_in_tool", "error_in_thinking", "cut_in_frame"])
def test_an_answer_without_such_a_block_breaks_behind_its_first_event(fault):
    whole = told()
    data, _ = broken(fault, whole)

    assert whole[0].raw.startswith(data.partition(b"event: error")[0])
