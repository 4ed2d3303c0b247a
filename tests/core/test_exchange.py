"""Playbooks: an event on the left, what must come out on the right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.exchange import (
    MAX_HELD_BYTES,
    Answered,
    Ask,
    Broken,
    Came,
    Deliver,
    Ended,
    Exchange,
    Failed,
    Finish,
    GiveUp,
    KeepAlive,
    ProtocolMisuseError,
    Quiet,
    Send,
    Sign,
    Stage,
    Start,
    Tell,
)
from standby.core.handback import notice
from standby.core.wire.errors import Refusal
from standby.core.wire.headers import Head
from standby.core.wire.messages import PING, error
from standby.core.wire.sse import Frame
from tests.fakes.answerers import (
    answer,
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

LOCAL = frozenset({"local"})
BEGIN = begin()
TEXT, TOOL, THINKING = (opened(0, kind) for kind in ("text", "tool_use", "thinking"))


def play(*steps, order=("cloud", "local"), stand_ins=LOCAL):
    exchange = Exchange(order, stand_ins)
    for event, expected in steps:
        assert list(exchange.handle(event)) == expected, event
    return exchange


def ours(frame):
    return Send(frame.raw, ours=True)


def shown(*frames):
    """The steps by which the cloud has shown these frames."""
    *held, first = frames
    return [
        (Start(), [Ask("cloud")]),
        *((Came(f), []) for f in held),
        (Came(first), [Send(f.raw) for f in frames]),
    ]


def test_the_cloud_answers_to_the_byte():
    frames = answer("Hel", "lo")
    exchange = Exchange(("cloud", "local"), LOCAL)
    commands = list(exchange.handle(Start()))
    for came in frames:
        commands += exchange.handle(Came(came))

    commands += exchange.handle(Ended(b"\n"))

    assert [Ask("cloud"), *(Send(f.raw) for f in frames), Send(b"\n"), Finish()] == commands
    assert Stage.DONE is exchange.stage


def test_while_held_a_failure_is_replaced_without_a_trace():
    play(
        (Start(), [Ask("cloud")]),
        (Came(BEGIN), []),
        (Came(TEXT), []),
        (Failed("reset"), [Ask("local")]),
        (Came(BEGIN), []),
        (Came(TEXT), []),
        (Came(text(0, "hi")), [Send(BEGIN.raw), Send(TEXT.raw), Send(text(0, "hi").raw)]),
    )


def test_a_tool_call_that_was_only_opened_shows_nothing_yet():
    play((Start(), [Ask("cloud")]), (Came(BEGIN), []), (Came(TOOL), []), (Ended(), [Ask("local")]))


def test_keep_alives_leave_us_free_to_switch():
    play(
        (Start(), [Ask("cloud")]),
        (Quiet(), [KeepAlive()]),
        (Failed("529"), [Ask("local")]),
        (Quiet(), [KeepAlive()]),
        (Failed("no memory"), [GiveUp("529; then no memory")]),
    )


def test_an_error_event_before_any_content_is_replaced_too():
    play(
        (Start(), [Ask("cloud")]),
        (Came(BEGIN), []),
        (Came(error("overloaded")), [Ask("local")]),
    )


def test_plain_text_is_continued_as_one_message():
    play(
        *shown(BEGIN, TEXT, text(0, "Hello ")),
        (Failed("reset"), [Ask("local", "Hello ")]),
        (Came(BEGIN), []),
        (Came(TEXT), []),
        (Came(text(0, "world")), [ours(text(0, "world"))]),
        (Came(closed(0)), [ours(closed(0))]),
        (Came(settled()), [ours(settled())]),
        (Came(stop()), [ours(stop())]),
        (Ended(b"\n"), [Finish()]),
    )


def test_a_stand_in_that_thinks_first_gets_a_block_of_its_own():
    play(
        *shown(BEGIN, TEXT, text(0, "Hello ")),
        (Failed("reset"), [Ask("local", "Hello ")]),
        (Came(BEGIN), []),
        (Came(THINKING), [ours(closed(0)), ours(opened(1, "thinking"))]),
        (Came(closed(0)), [ours(closed(1))]),
        (Came(opened(1, "text")), []),
        (Came(text(1, "world")), [ours(opened(2, "text")), ours(text(2, "world"))]),
    )


def test_what_the_stand_in_repeats_is_not_shown_twice():
    said = "The quick brown fox jumps over the lazy dog and "
    play(
        *shown(BEGIN, TEXT, text(0, said)),
        (Failed("reset"), [Ask("local", said)]),
        (Came(BEGIN), []),
        (Came(TEXT), []),
        (Came(text(0, said[4:20])), []),
        (Came(text(0, said[20:])), []),
        (Came(text(0, "sleeps")), [ours(text(0, "sleeps"))]),
        (Came(closed(0)), [ours(closed(0))]),
    )


def test_an_open_text_is_ended_when_there_is_nothing_to_add():
    play(
        *shown(BEGIN, TEXT, text(0, "Done.")),
        (Failed("reset"), [Ask("local", "Done.")]),
        (Came(BEGIN), []),
        (Came(settled()), [ours(closed(0)), ours(settled())]),
        (Came(stop()), [ours(stop())]),
        (Ended(), [Finish()]),
    )


def test_who_goes_on_may_be_found_out_when_it_is_needed():
    asked = []

    class Found:
        def __contains__(self, name):
            asked.append(name)
            return name == "local"

    exchange = play(*shown(BEGIN, TEXT, text(0, "Hello ")), stand_ins=Found())

    assert [] == asked
    assert [Ask("local", "Hello ")] == list(exchange.handle(Failed("reset")))
    assert "reset" == exchange.cut


def test_between_blocks_the_stand_in_opens_the_next_one():
    play(
        *shown(BEGIN, THINKING, thought(0, "so")),
        (Came(closed(0)), [Send(closed(0).raw)]),
        (Failed("reset"), [Ask("local", "")]),
        (Came(BEGIN), []),
        (Came(TEXT), [ours(opened(1, "text"))]),
    )


def test_only_who_can_continue_is_asked_to():
    play(
        *shown(BEGIN, TEXT, text(0, "Hello ")),
        (Failed("reset"), [Ask("local", "Hello ")]),
        order=("cloud", "another cloud", "local"),
    )


@pytest.mark.parametrize(
    ("content", "closing"),
    [
        pytest.param([TOOL, arguments(0, '{"path": "/srv", "dry_run": tr')], [], id="a tool call"),
        pytest.param([THINKING, thought(0, "so")], [closed(0)], id="unsigned thinking"),
        pytest.param([TOOL, arguments(0, "{}"), closed(0)], [], id="after a finished tool call"),
    ],
)
def test_what_cannot_be_continued_is_closed_as_it_is(content, closing):
    exchange = Exchange(("cloud", "local"), LOCAL)
    list(exchange.handle(Start()))
    for came in (BEGIN, *content):
        list(exchange.handle(Came(came)))

    expected = [*(ours(f) for f in closing), GiveUp("reset")]
    assert expected == list(exchange.handle(Failed("reset")))


def test_with_nobody_left_the_text_is_closed_so_that_a_client_can_keep_it():
    play(
        *shown(BEGIN, TEXT, text(0, "Hello ")),
        (Failed("reset"), [ours(closed(0)), GiveUp("reset")]),
        order=("cloud",),
    )


def test_only_the_last_frame_was_missing():
    play(
        *shown(BEGIN, TEXT, text(0, "Hello")),
        (Came(closed(0)), [Send(closed(0).raw)]),
        (Came(settled()), [Send(settled().raw)]),
        (Ended(), [ours(stop()), Finish()]),
        (Failed("reset"), []),
    )


def test_a_peer_that_lingers_after_the_last_frame_is_not_waited_for():
    play(
        *shown(BEGIN, TEXT, text(0, "Hello")),
        (Came(closed(0)), [Send(closed(0).raw)]),
        (Came(settled()), [Send(settled().raw)]),
        (Came(stop()), [Send(stop().raw)]),
        (Came(frame("ping")), [Send(frame("ping").raw)]),
        (Quiet(), [Finish()]),
        (Came(frame("ping")), []),
    )


def test_nobody_to_ask():
    play((Start(), [GiveUp("nobody to ask")]), order=())


def test_that_a_person_keeps_it_from_others_is_told_with_the_end():
    exchange = Exchange(("local",), kept=True)
    [*exchange.handle(Start())]

    assert [GiveUp("no memory", lasting=True)] == [*exchange.handle(Failed("no memory"))]


@pytest.mark.parametrize(
    ("failures", "refusal", "in_vain"),
    [
        ([Failed("400", lasting=True)], None, True),
        ([Failed("400", lasting=True), Failed("422", lasting=True)], None, True),
        ([Failed("no memory"), Failed("400", lasting=True)], None, False),
        ([Failed("400", lasting=True), Failed("no memory")], None, False),
        ([Failed("no memory")], None, False),
        ([Failed("400", lasting=True)], Refusal(Head(429, ()), b""), True),
    ],
    ids=range(6),
)
def test_asking_again_is_in_vain_where_all_who_were_asked_find_the_request_wrong(
    failures, refusal, in_vain
):
    exchange = Exchange([f"local/{n}" for n in range(len(failures))], refusal=refusal)
    commands = [*exchange.handle(Start())]
    for failure in failures:
        commands += exchange.handle(failure)

    assert GiveUp("; then ".join(each.why for each in failures), refusal, in_vain) == commands[-1]


def test_the_first_refusal_is_what_the_client_gets():
    first, second = (Refusal(Head(status, ()), b"") for status in (429, 503))
    play(
        (Start(), [Ask("cloud")]),
        (Failed("429", first), [Ask("local")]),
        (Failed("503", second), [GiveUp("429; then 503", first)]),
    )


def test_an_answer_that_is_not_streamed_is_delivered_whole():
    head = Head(400, ())
    play((Start(), [Ask("cloud")]), (Answered(head, b"{}"), [Deliver(head, b"{}")]), (Ended(), []))


@pytest.mark.parametrize(
    ("event", "complaint"), [(Ended(), None), (Came(error("overloaded")), error("overloaded").data)]
)
def test_who_broke_off_is_named(event, complaint):
    exchange = play((Start(), [Ask("cloud")]), (Came(BEGIN), []), (event, [Ask("local")]))

    assert Broken("cloud", complaint) == exchange.broken


def test_misuse_is_a_bug_of_ours():
    with pytest.raises(ProtocolMisuseError):
        list(Exchange(()).handle(Ended()))


FRAMES = st.sampled_from(
    [
        BEGIN,
        *(opened(i, k) for i in (0, 1) for k in ("text", "thinking", "tool_use", "web_search")),
        text(0, "hi"),
        arguments(0, "{"),
        closed(0),
        settled(),
        stop(),
        error("overloaded"),
        frame("ping"),
        frame("brand_new"),
    ]
)
EVENTS = st.builds(Came, FRAMES) | st.sampled_from(
    [
        Quiet(),
        Quiet(Sign("It takes time.\n", BEGIN)),
        Ended(),
        Ended(b"\n"),
        Failed("reset"),
        Answered(Head(200, ()), b"{}"),
    ]
)


@given(st.lists(EVENTS))
def test_every_exchange_ends_once_and_says_how(events):
    exchange = Exchange(("cloud", "local", "spare"), frozenset({"local", "spare"}))
    commands = list(exchange.handle(Start()))
    for event in [*events, *(Failed("the end") for _ in exchange.order)]:
        commands += exchange.handle(event)

    assert Stage.DONE is exchange.stage
    *before, last = [c for c in commands if not isinstance(c, Ask | KeepAlive | Tell)]
    match last:
        case Finish():
            assert stop().raw in [c.data for c in before]
        case GiveUp():
            assert stop().raw not in [c.data for c in before]
        case Deliver():
            assert not before
        case other:
            pytest.fail(f"ended with {other}")
    assert not any(isinstance(c, Finish | GiveUp | Deliver) for c in before)
    assert len([c for c in commands if isinstance(c, Ask)]) <= len(exchange.order)


# -- a long wait, told of in a block of ours ----------------------------------------------------

SIGN = Sign("It takes time.\n", begin())
WAITS = Tell(SIGN.begin.raw + notice.opening().raw + notice.saying(SIGN.words).raw)
WAITED = b"".join(frame.raw for frame in notice.closing())


def test_a_wait_is_told_of_in_a_block_and_the_answer_follows_behind_it():
    play(
        (Start(), [Ask("cloud")]),
        (Failed("429"), [Ask("local")]),
        (Quiet(SIGN), [WAITS]),
        (Quiet(), [Tell(notice.saying("").raw)]),
        (Quiet(SIGN), [Tell(notice.saying(SIGN.words).raw)]),
        (Came(BEGIN), []),
        (Came(TEXT), []),
        (
            Came(text(0, "hi")),
            [Send(WAITED, ours=True), ours(opened(1, "text")), ours(text(1, "hi"))],
        ),
        (Quiet(SIGN), [KeepAlive()]),
        (Came(closed(0)), [ours(closed(1))]),
        (Came(settled()), [ours(settled())]),
        (Came(stop()), [ours(stop())]),
        (Ended(b": bye\n\n"), [Finish()]),
    )


def test_who_fails_after_a_wait_that_was_told_of_is_replaced_all_the_same():
    exchange = play(
        (Start(), [Ask("cloud")]),
        (Failed("429"), [Ask("local")]),
        (Quiet(SIGN), [WAITS]),
        (Failed("no memory"), [Ask("spare")]),
        (Quiet(), [Tell(notice.saying("").raw)]),
        (Came(BEGIN), []),
        (
            Came(opened(0, "tool_use")),
            [],
        ),
        (
            Came(arguments(0, "{")),
            [
                Send(WAITED, ours=True),
                ours(opened(1, "tool_use")),
                ours(arguments(1, "{")),
            ],
        ),
        order=("cloud", "local", "spare"),
    )

    assert "spare" == exchange.speaker


def test_whoever_answered_after_a_wait_is_known_by_its_own_beginning():
    theirs = frame(
        "message_start", message={"model": "claude", "usage": {"input_tokens": 7}, "content": []}
    )
    exchange = play(
        (Start(), [Ask("cloud")]),
        (Quiet(SIGN), [WAITS]),
        (Came(theirs), []),
        (Came(TEXT), []),
    )
    list(exchange.handle(Came(text(0, "hi"))))

    assert "claude" == exchange.shown.model
    assert {"input_tokens": 7} == exchange.shown.usage
    assert 1 == exchange.shown.blocks, "the block of ours is none of the answer"


def test_an_answer_behind_a_wait_is_gone_on_with_like_any_other():
    play(
        (Start(), [Ask("cloud")]),
        (Quiet(SIGN), [WAITS]),
        (Came(BEGIN), []),
        (Came(TEXT), []),
        (
            Came(text(0, "Hello ")),
            [Send(WAITED, ours=True), ours(opened(1, "text")), ours(text(1, "Hello "))],
        ),
        (Failed("reset"), [Ask("local", "Hello ")]),
        (Came(BEGIN), []),
        (Came(TEXT), []),
        (Came(text(0, "world")), [ours(text(1, "world"))]),
        (Came(closed(0)), [ours(closed(1))]),
    )


def test_where_nobody_answers_after_a_wait_its_block_is_ended_unsigned():
    play(
        (Start(), [Ask("cloud")]),
        (Quiet(SIGN), [WAITS]),
        (Failed("429"), [Ask("local")]),
        (Failed("no memory"), [Tell(closed(0).raw), GiveUp("429; then no memory")]),
    )


def test_what_is_no_stream_ends_the_wait_too():
    refusal = Answered(Head(400, ()), b"{}")

    play(
        (Start(), [Ask("cloud")]),
        (Quiet(SIGN), [WAITS]),
        (refusal, [Tell(closed(0).raw), Deliver(refusal.head, refusal.body)]),
    )


def test_an_open_block_behind_a_wait_is_closed_by_its_moved_number():
    play(
        (Start(), [Ask("cloud")]),
        (Quiet(SIGN), [WAITS]),
        (Came(BEGIN), []),
        (Came(TEXT), []),
        (
            Came(text(0, "Hello ")),
            [Send(WAITED, ours=True), ours(opened(1, "text")), ours(text(1, "Hello "))],
        ),
        (Failed("reset"), [ours(closed(1)), GiveUp("reset")]),
        order=("cloud",),
        stand_ins=frozenset(),
    )


@given(st.lists(EVENTS))
def test_what_a_client_gets_is_a_message_however_long_it_waited(events):
    exchange = Exchange(("cloud", "local", "spare"), frozenset({"local", "spare"}))
    commands = list(exchange.handle(Start()))
    for event in [*events, *(Failed("the end") for _ in exchange.order)]:
        commands += exchange.handle(event)

    told = b"".join(c.data for c in commands if isinstance(c, Tell))
    sent = b"".join(c.data for c in commands if isinstance(c, Send | Tell))
    begun = sent.count(b"event: message_start")
    if told:
        assert sent.startswith(SIGN.begin.raw)
        assert 1 == begun
        assert 1 == sent.count(notice.opening().raw)
        block = sent.split(notice.opening().raw)[1]
        assert notice.saying(SIGN.words).raw == block[: len(notice.saying(SIGN.words).raw)]
        assert closed(0).raw in block


def unreadable():
    """An event that an answer cannot do without, cut in its JSON."""
    data = '{"type":"content_blo'
    return Frame(
        "content_block_delta", data, f"event: content_block_delta\ndata: {data}\n\n".encode()
    )


def test_an_answer_that_cannot_be_read_is_replaced_while_nothing_is_shown():
    play((Start(), [Ask("cloud")]), (Came(BEGIN), []), (Came(unreadable()), [Ask("local")]))


def test_an_answer_that_cannot_be_read_is_not_passed_on():
    _, (_, commands) = play_and_last(*shown(BEGIN, TEXT, text(0, "Hello ")), Came(unreadable()))

    assert [Ask("local", "Hello ")] == commands


def play_and_last(*steps):
    *steps, event = steps
    exchange = play(*steps)
    return exchange, (event, list(exchange.handle(event)))


def test_an_answer_that_begins_twice_is_replaced_while_nothing_is_shown():
    play((Start(), [Ask("cloud")]), (Came(BEGIN), []), (Came(BEGIN), [Ask("local")]))


def test_an_answer_that_begins_twice_is_broken():
    _, (_, commands) = play_and_last(*shown(BEGIN, TEXT, text(0, "Hello ")), Came(BEGIN))

    assert [Ask("local", "Hello ")] == commands


def test_an_opening_without_end_is_given_up_before_it_fills_memory():
    exchange = play((Start(), [Ask("cloud")]), (Came(BEGIN), []))
    pings = MAX_HELD_BYTES // len(PING.raw) + 1
    commands = [command for _ in range(pings) for command in exchange.handle(Came(PING))]

    assert [Ask("local")] == commands[:1]


def saying_hello():
    exchange = Exchange(("cloud", "local"), LOCAL)
    for event in (Start(), *map(Came, (BEGIN, TEXT, text(0, "Hello")))):
        list(exchange.handle(event))
    return exchange


def test_deltas_of_an_answer_that_is_shown_are_passed_and_noted():
    exchange = saying_hello()

    assert exchange.passed([text(0, ", "), text(0, "world")])
    assert "Hello, world" == exchange.shown.text


@pytest.mark.parametrize(
    "other",
    [closed(0), settled(), stop(), error("overloaded"), BEGIN, PING, frame("odd"),
     Frame("content_block_delta", "{", b"event: content_block_delta\ndata: {\n\n")],
    ids=range(8),
)  # fmt: skip
def test_where_there_is_another_frame_nothing_is_passed_nor_noted(other):
    exchange = saying_hello()

    assert not exchange.passed([text(0, ", "), other])
    assert "Hello" == exchange.shown.text
    assert Stage.SHOWN is exchange.stage


def test_nothing_is_passed_before_the_answer_is_shown_nor_where_another_goes_on():
    exchange = Exchange(("cloud", "local"), LOCAL)
    list(exchange.handle(Start()))
    assert not exchange.passed([text(0, "Hello")])

    exchange = saying_hello()
    list(exchange.handle(Failed("reset")))
    assert not exchange.passed([text(0, "world")])
