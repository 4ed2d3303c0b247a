"""Transcripts by hand, right and wrong, and what the judge makes of them."""

import pytest

from standby.core.wire.json import dumps
from standby.testing.judge import (
    CLOUD_SAYS,
    ENGINE_SAYS,
    End,
    Expected,
    Saw,
    Transcript,
    judge,
)

STREAM = (("Content-Type", "text/event-stream; charset=utf-8"),)
JSON = (("Content-Type", "application/json"),)
WRITE = Expected(frozenset({"Write"}))


def event(name, **fields):
    return b"event: %b\ndata: %b\n\n" % (name.encode(), dumps({"type": name, **fields}))


def start():
    message = {"id": "msg_1", "role": "assistant", "model": "m", "content": []}
    return event("message_start", message={**message, "stop_reason": None, "usage": {}})


def opened(index, kind="text", **fields):
    return event("content_block_start", index=index, content_block={"type": kind, **fields})


def text(index, said):
    return event("content_block_delta", index=index, delta={"type": "text_delta", "text": said})


def part(index, said):
    delta = {"type": "input_json_delta", "partial_json": said}
    return event("content_block_delta", index=index, delta=delta)


def closed(index):
    return event("content_block_stop", index=index)


def settled(reason="end_turn"):
    return event("message_delta", delta={"stop_reason": reason}, usage={"output_tokens": 1})


STOP = event("message_stop")
ERROR = event("error", error={"type": "api_error", "message": "it broke"})
PING = event("ping")
SAID = (start(), opened(0), text(0, CLOUD_SAYS))
CALL = (opened(1, "tool_use", id="t", name="Write", input={}), part(1, '{"path": "a'))
THOUGHT = opened(0, "thinking", thinking="", signature="")


def words(said):
    return start(), opened(0), text(0, said), closed(0), settled(), STOP


def streamed(*frames, end=End.WHOLE, expected=WRITE):
    return judge(Transcript(True, end, 200, STREAM, b"".join(frames)), expected).saw


def whole(value, headers=JSON, status=200, end=End.WHOLE, expected=WRITE):
    body = value if isinstance(value, bytes) else dumps(value)
    return judge(Transcript(False, end, status, headers, body), expected).saw


def message(*content, reason="end_turn"):
    said = {"type": "message", "role": "assistant", "id": "msg_1", "model": "m", "usage": {}}
    return {**said, "content": list(content), "stop_reason": reason}


@pytest.mark.parametrize(
    ("frames", "saw"),
    [
        (words(CLOUD_SAYS), Saw.CLOUD),
        ((PING, *words(CLOUD_SAYS), PING), Saw.CLOUD),
        (words(ENGINE_SAYS), Saw.STAND_IN),
        (words(CLOUD_SAYS[:20] + ENGINE_SAYS), Saw.JOINED),
        (words(f"{CLOUD_SAYS[:20]} {ENGINE_SAYS}"), Saw.JOINED),
        ((*SAID, closed(0), ERROR), Saw.CLOSED),
        ((*SAID, ERROR), Saw.CLOSED),
        ((*SAID, closed(0), *CALL, ERROR), Saw.CLOSED),
        ((start(), THOUGHT, closed(0), ERROR), Saw.CLOSED),
        ((ERROR,), Saw.CLOSED),
        ((*SAID, closed(0), *CALL, part(1, '"}'), closed(1), settled("tool_use"), STOP), Saw.CLOUD),
    ],
)
def test_a_right_stream_is_named(frames, saw):
    assert saw is streamed(*frames)


@pytest.mark.parametrize(
    "frames",
    [
        SAID,
        (*SAID, closed(0)),
        (*SAID, closed(0), settled()),
        (),
    ],
)
def test_a_stream_that_just_ends_is_a_silent_end_unless_the_connection_broke(frames):
    assert Saw.SILENT is streamed(*frames)
    assert Saw.BROKEN is streamed(*frames, end=End.BROKEN)


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param((*SAID, closed(0), STOP), id="no reason to stop"),
        pytest.param((*SAID, settled(), STOP), id="a block is open"),
        pytest.param((*words(CLOUD_SAYS), *words(ENGINE_SAYS)), id="two answers"),
        pytest.param((*words(CLOUD_SAYS), ERROR), id="an error after the end"),
        pytest.param((start(), *words(CLOUD_SAYS)), id="two beginnings"),
        pytest.param((opened(0), text(0, CLOUD_SAYS)), id="no beginning"),
        pytest.param((start(), opened(1), text(1, "a"), closed(1), settled(), STOP), id="a gap"),
        pytest.param((*SAID, opened(1), ERROR), id="a block in a block"),
        pytest.param((*SAID, closed(0), *CALL, closed(1), ERROR), id="half a call, closed"),
        pytest.param(
            (*SAID, closed(0), *CALL, closed(1), settled("tool_use"), STOP), id="half a call, whole"
        ),
        pytest.param((start(), THOUGHT, closed(0), settled(), STOP), id="no signature"),
        pytest.param((*SAID, closed(0), settled("tool_use"), STOP), id="no call"),
        pytest.param((*SAID, b"event: ping\ndata: {\n\n", ERROR), id="no JSON"),
        pytest.param((*words(CLOUD_SAYS), b"event: half"), id="half an event"),
        pytest.param(words(CLOUD_SAYS + "and then some"), id="other words"),
        pytest.param(words(ENGINE_SAYS[:9]), id="half of the stand-in's words"),
        pytest.param(words("The dog says: " + ENGINE_SAYS[9:]), id="nobody's words"),
    ],
)
def test_a_wrong_stream_is_damaged(frames):
    assert Saw.DAMAGED is streamed(*frames)


def test_a_call_that_was_not_offered_is_damage():
    frames = (*SAID, closed(0), *CALL, part(1, '"}'), closed(1), settled("tool_use"), STOP)

    assert Saw.DAMAGED is streamed(*frames, expected=Expected())


@pytest.mark.parametrize(
    ("value", "saw"),
    [
        (message({"type": "text", "text": CLOUD_SAYS}), Saw.CLOUD),
        (message({"type": "text", "text": ENGINE_SAYS}), Saw.STAND_IN),
        (message({"type": "text", "text": "hm"}), Saw.DAMAGED),
        (message({"type": "tool_use", "name": "Write", "input": {}}), Saw.STAND_IN),
        (message({"type": "tool_use", "name": "Write", "input": [1]}), Saw.DAMAGED),
        (message({"type": "tool_use", "name": "Other", "input": {}}), Saw.DAMAGED),
        (b'{"type": "message"', Saw.DAMAGED),
        (b"", Saw.DAMAGED),
    ],
)
def test_a_whole_answer_is_named(value, saw):
    assert saw is whole(value)


ERROR_BODY = dumps({"type": "error", "error": {"type": "rate_limit_error", "message": "no"}})


@pytest.mark.parametrize(
    ("body", "headers", "status", "saw"),
    [
        (ERROR_BODY, JSON, 429, Saw.VERBATIM),
        (ERROR_BODY, JSON, 529, Saw.REFUSED),
        (ERROR_BODY + b" ", JSON, 429, Saw.REFUSED),
        (b'{"error": "no"}', JSON, 502, Saw.FOREIGN),
        (b"<html>", (("Content-Type", "text/html"),), 502, Saw.FOREIGN),
        (b"<html>", (("Content-Type", "text/html"),), 200, Saw.FOREIGN),
        (b"", (("Location", "http://elsewhere.example/"),), 307, Saw.FOREIGN),
        (b"", (), 999, Saw.FOREIGN),
        (b"\x1f\x8b", (*JSON, ("content-encoding", "gzip")), 200, Saw.FOREIGN),
    ],
)
def test_what_is_no_answer_is_told_apart(body, headers, status, saw):
    assert saw is whole(body, headers, status, expected=Expected(refusal=(429, ERROR_BODY)))


@pytest.mark.parametrize(
    ("end", "saw"),
    [(End.HUNG, Saw.HUNG), (End.FLOODED, Saw.DAMAGED), (End.NOTHING, Saw.UNMADE)],
)
def test_an_answer_that_never_came_to_an_end_is_judged_by_that(end, saw):
    assert saw is streamed(*words(CLOUD_SAYS), end=end)


def test_a_connection_that_breaks_inside_a_whole_answer_is_seen():
    good = message({"type": "text", "text": CLOUD_SAYS})

    assert Saw.BROKEN is whole(good, end=End.BROKEN)
    assert Saw.BROKEN is whole(ERROR_BODY, status=429, end=End.BROKEN)


def test_the_kind_of_answer_must_be_the_one_that_was_asked_for():
    good = dumps(message({"type": "text", "text": CLOUD_SAYS}))

    assert Saw.FOREIGN is judge(Transcript(True, End.WHOLE, 200, JSON, good), WRITE).saw
    frames = b"".join(words(CLOUD_SAYS))
    assert Saw.FOREIGN is judge(Transcript(False, End.WHOLE, 200, STREAM, frames), WRITE).saw
