"""One message of two answers: whatever they are made of, wherever the first was cut."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.seam import WINDOW, Seam, Shown, may_repeat, overlap
from standby.core.wire import messages
from standby.core.wire.json import loads
from standby.core.wire.messages import Said
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


LETTERS = st.text(st.sampled_from("ab \n"), max_size=12)
PASSAGE = "It was the best of times, it was the worst of times, it was the age of wisdom"


def continued(said, pieces, *, is_open=True):
    """What a client sees of a text, and of an answer in these pieces that goes on with it."""
    end = [] if is_open else [closed(0)]
    cut = [begin(), opened(0, "text"), text(0, said), *end]
    second = [begin(), opened(0, "text"), *(text(0, p) for p in pieces), closed(0), settled()]
    seam = Seam.after(shown_of(cut))
    return blocks_of([*cut, *(f for each in second for f in seam.fit(each))])


@given(st.integers(1, len(PASSAGE)), st.data())
def test_a_repetition_is_cut_wherever_it_begins_and_however_it_is_split(end, data):
    said = PASSAGE[:end]
    begins = data.draw(st.integers(0, end))
    more = PASSAGE[begins:]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(more)), max_size=6)))
    pieces = [more[a:b] for a, b in zip([0, *cuts], [*cuts, len(more)], strict=True)]

    [(_, seen)] = continued(said, [p for p in pieces if p])

    expected = said + more[overlap(said, more) :]
    assert expected == seen
    if end - begins >= 24:
        assert PASSAGE == seen


@given(LETTERS, LETTERS, st.data())
def test_what_is_held_back_does_not_hang_on_how_it_comes(said, more, data):
    at = data.draw(st.integers(0, len(more)))

    whole = continued(said + "x", [more] if more else [])
    split = continued(said + "x", [p for p in (more[:at], more[at:]) if p])

    assert whole == split


@given(st.text(min_size=1, max_size=50), st.text(max_size=50))
def test_only_a_repetition_is_cut(said, more):
    length = overlap(said, more)

    assert said.endswith(more[:length])
    assert 0 == length or more[:length].isspace() or length >= 24


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_once_it_is_known_more_text_does_not_change_it(said, more, rest):
    if not may_repeat(said, more):
        assert overlap(said, more) == overlap(said, more + rest)


@pytest.mark.parametrize(
    ("said", "more", "seen"),
    [
        ("Hel", "lo", "Hello"),
        ("ha ha ", "ha ha", "ha ha ha ha"),
        ("Hello ", " world", "Hello world"),
        ("One.\n\n", "\n\nTwo.", "One.\n\nTwo."),
        ("-" * 40, "-" * 40, "-" * 80),
        ("The end of it all, and the beginning", "The end of it all, and the beginning", None),
    ],
)
def test_what_is_a_repetition(said, more, seen):
    assert [("text", seen or said)] == continued(said, [more])


def test_more_than_the_window_is_never_held_back():
    assert not may_repeat("a" * 2 * WINDOW, "a" * WINDOW)


def test_a_block_that_only_repeats_does_not_come_to_be():
    assert [("text", PASSAGE)] == continued(PASSAGE, [PASSAGE], is_open=False)
    assert [("text", "A. "), ("text", "B")] == continued("A. ", [" ", "B"], is_open=False)


def test_the_counts_of_both_are_added_and_the_prompt_is_the_first_ones():
    start = frame(
        "message_start",
        message={"model": "m", "usage": {"input_tokens": 9, "cache_read_input_tokens": 50}},
    )
    seam = Seam.after(shown_of([start, opened(0, "text"), text(0, "x" * 41)]))
    theirs = {"input_tokens": 70, "output_tokens": 5, "cache_read_input_tokens": 0}

    *_, last = seam.fit(frame("message_delta", delta={"stop_reason": "end_turn"}, usage=theirs))

    counted = {"input_tokens": 9, "output_tokens": 16, "cache_read_input_tokens": 50}
    assert counted == loads(last.data)["usage"]
    assert {"stop_reason": "end_turn"} == loads(last.data)["delta"]


def test_a_long_text_takes_little_more_memory_than_its_letters():
    shown = Shown()
    tracemalloc.start()
    try:
        for number in range(20_000):
            shown.note(Said(f" word-{number:08}"))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert "".join(f" word-{number:08}" for number in range(20_000)) == shown.text
    assert taken < 2 * len(shown.text)
