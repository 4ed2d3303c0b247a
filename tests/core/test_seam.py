"""One message of two answers: whatever they are made of, wherever the first was cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.seam import Seam, Shown
from standby.core.wire import messages
from standby.core.wire.json import loads
from tests.fakes.answerers import (
    arguments,
    begin,
    closed,
    frame,
    opened,
    settled,
    stop,
    text,
    thought,
)

DELTAS = {"text": text, "thinking": thought, "tool_use": arguments}


def frames_of(kinds):
    """A whole answer with these blocks."""
    yield begin()
    for index, kind in enumerate(kinds):
        yield opened(index, kind)
        yield DELTAS[kind](index, f"{kind}{index}")
        yield closed(index)
    yield settled()
    yield stop()


def shown_of(frames):
    shown = Shown()
    for each in frames:
        shown.note(messages.read(each))
    return shown


def blocks_of(frames):
    """The blocks of one message, each as its kind and what it says."""
    blocks, is_open = [], False
    for value in (loads(each.data) for each in frames):
        match value["type"]:
            case "content_block_start":
                assert not is_open
                assert len(blocks) == value["index"], "numbered without a gap"
                blocks.append((value["content_block"]["type"], []))
                is_open = True
            case "content_block_delta":
                assert is_open
                assert len(blocks) - 1 == value["index"]
                [said] = [v for name, v in value["delta"].items() if name != "type"]
                blocks[-1][1].append(said)
            case "content_block_stop":
                assert is_open
                assert len(blocks) - 1 == value["index"]
                is_open = False
            case "message_start":
                assert not blocks
            case "message_delta" | "message_stop":
                assert not is_open
    return [(kind, "".join(said)) for kind, said in blocks]


FIRST = st.lists(st.sampled_from(["text", "thinking"]), min_size=1, max_size=4)
SECOND = st.lists(st.sampled_from(["text", "thinking", "tool_use"]), min_size=1, max_size=4)


@given(FIRST, SECOND, st.data())
def test_wherever_the_first_was_cut_in_plain_text_one_message_comes_of_both(first, second, data):
    whole = list(frames_of(first))
    cut = whole[: data.draw(st.integers(1, len(whole) - 2))]
    shown = shown_of(cut)
    if not shown.continuable:
        assert "thinking" == first[shown.blocks - 1], "only half a thought is not gone on with"
        return

    seam = Seam.after(shown)
    joined = [*cut, *(fitted for each in frames_of(second) for fitted in seam.fit(each))]

    blocks = blocks_of(joined)
    assert "".join(said for _, said in blocks) == "".join(
        said for part in (cut, frames_of(second)) for _, said in _pieces(part)
    )
    assert sum("message_start" == each.name for each in joined) == 1
    assert "message_stop" == joined[-1].name


def _pieces(frames):
    for value in (loads(each.data) for each in frames):
        if value["type"] == "content_block_delta":
            [said] = [v for name, v in value["delta"].items() if name != "type"]
            yield value["index"], said


def test_an_open_text_goes_on_as_one_block():
    cut = [begin(), opened(0, "text"), text(0, "Hello ")]
    seam = Seam.after(shown_of(cut))

    joined = [*cut, *(f for each in frames_of(["text"]) for f in seam.fit(each))]

    assert [("text", "Hello text0")] == blocks_of(joined)


@pytest.mark.parametrize("kind", ["thinking", "tool_use"])
def test_an_open_text_is_closed_for_a_block_of_another_kind(kind):
    cut = [begin(), opened(0, "text"), text(0, "Hello ")]
    seam = Seam.after(shown_of(cut))

    joined = [*cut, *(f for each in frames_of([kind, "text"]) for f in seam.fit(each))]

    assert [("text", "Hello "), (kind, f"{kind}0"), ("text", "text1")] == blocks_of(joined)


def test_what_is_not_ours_to_know_goes_through():
    odd = frame("brand_new", index=0)

    assert [odd] == list(Seam.after(Shown()).fit(odd))


@pytest.mark.parametrize(
    ("frames", "goes_on", "closes"),
    [
        ([begin()], True, False),
        ([begin(), opened(0, "text")], True, True),
        ([begin(), opened(0, "text"), text(0, "a"), closed(0)], True, False),
        ([begin(), opened(0, "thinking"), thought(0, "a")], False, True),
        ([begin(), opened(0, "thinking"), thought(0, "a"), closed(0)], True, False),
        ([begin(), opened(0, "tool_use"), arguments(0, "{")], False, False),
        ([begin(), opened(0, "tool_use"), arguments(0, "{}"), closed(0)], False, False),
        ([begin(), opened(0, "brand_new")], False, False),
        ([begin(), opened(0, "text"), text(0, "a"), closed(0), settled()], False, False),
    ],
    ids=range(9),
)
def test_what_may_be_gone_on_with_and_what_may_be_closed(frames, goes_on, closes):
    shown = shown_of(frames)

    assert goes_on == shown.continuable
    assert [closed(0)] * closes == list(shown.closing())


def test_counts_are_cumulative_and_the_newest_of_each_is_kept():
    start = frame("message_start", message={"model": "m", "usage": {"a": 1, "b": 1}})
    shown = shown_of([start, frame("message_delta", usage={"b": 5})])

    assert ("m", {"a": 1, "b": 5}, True) == (shown.model, shown.usage, shown.settled)


def test_the_text_is_what_was_said_and_no_thought():
    frames = [begin(), opened(0, "thinking"), thought(0, "hm"), closed(0)]

    assert "ab" == shown_of([*frames, opened(1, "text"), text(1, "a"), text(1, "b")]).text
