from standby.testing.claude_client import Listener

MESSAGE = {"id": "msg_1", "model": "claude-sonnet-5-5", "role": "assistant", "content": []}
TEXT = (
    {"type": "message_start", "message": MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
    {"type": "message_stop"},
)
WELL = {"type": "result", "subtype": "success", "is_error": False, "result": "Hi"}


def heard(*events):
    """Return what is told of events that come one a second, and the listener."""
    listener = Listener(asked_at=0.0)
    told = [
        one for at, event in enumerate(events, start=1) for one in listener.hear(event, float(at))
    ]
    return told, listener


def streamed(*events, parent=None):
    return [{"type": "stream_event", "event": one, "parent_tool_use_id": parent} for one in events]


def test_a_message_is_told_when_it_is_whole_with_the_time_of_its_first_content():
    (answer,), listener = heard(*streamed(*TEXT))

    assert ("Hi", "claude-sonnet-5-5") == (answer["text"], answer["model"])
    assert (0.0, 3.0) == (answer["asked_at"], answer["first_at"])
    assert not listener.over


def test_the_next_message_was_asked_for_when_the_last_ended():
    told, _ = heard(*streamed(*TEXT, *TEXT))

    assert [0.0, 6.0] == [answer["asked_at"] for answer in told]
    assert [3.0, 9.0] == [answer["first_at"] for answer in told]


def test_what_a_subagent_says_is_not_told():
    assert [] == heard(*streamed(*TEXT, parent="toolu_1"))[0]


def test_the_result_ends_the_line():
    told, listener = heard(*streamed(*TEXT), WELL)

    assert ({"event": "done"}, True) == (told[-1], listener.over)


def test_a_retry_that_the_user_does_not_see_is_an_error_all_the_same():
    retry = {"type": "system", "subtype": "api_retry", "attempt": 1}
    told, _ = heard(retry, WELL)

    assert [{"event": "trouble", "words": "Claude Code repeated a request 1 times"}] == told


def test_an_error_is_told_in_the_words_that_the_user_sees():
    failed = {**WELL, "is_error": True, "result": "You've hit your limit"}

    assert [{"event": "trouble", "words": "You've hit your limit"}] == heard(failed)[0]
    assert (
        "trouble" == heard({"type": "result", "subtype": "error_during_execution"})[0][0]["event"]
    )


def test_what_is_not_known_is_passed_over():
    assert [] == heard(None, 1, {"type": "system", "subtype": "init"}, {"type": "new"})[0]
