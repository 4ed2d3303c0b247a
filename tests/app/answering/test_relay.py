"""The loop against answerers that fail on cue."""

import asyncio
import gc
import weakref
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standby.adapters.codings import coder_for
from standby.app.answering.relay import Relay
from standby.core.exchange import Exchange, Sign
from standby.core.handback.notice import notice
from standby.core.request import Request
from standby.core.wire.errors import Refusal, message_of
from standby.core.wire.headers import Head
from standby.core.wire.json import loads
from standby.core.wire.messages import error, shifted
from standby.core.wire.sse import Decoder
from tests.fakes.answerers import (
    STREAM,
    Says,
    answer,
    arguments,
    begin,
    closed,
    fails,
    opened,
    settled,
    stop,
    text,
    thought,
)
from tests.fakes.virtual import VIRTUAL

pytestmark = pytest.mark.anyio


class Tape:
    """A wire that remembers."""

    def __init__(self):
        self.log = []
        self.kept_alive = asyncio.Event()
        self.begun = False
        self.slow = False
        self.now = []
        """What was sent without waiting."""

    @property
    def ready(self):
        return not self.slow and any(isinstance(entry, bytes) for entry in self.log)

    def send_now(self, data):
        assert self.ready
        self.now.append(data)
        self._add(data)

    async def start(self, head, first=b""):
        self.begun = True
        if first:
            await self.send(first)

    async def send(self, data):
        self._add(data)

    def _add(self, data):
        if self.log and isinstance(self.log[-1], bytes):
            data = self.log.pop() + data  # how the bytes were cut is nobody's business
        self.log.append(data)

    async def keep_alive(self, data=b""):
        self.begun = True
        if data:
            await self.send(data)
        else:
            self.log.append("ping")
        self.kept_alive.set()

    async def finish(self):
        self.log.append("end")

    async def deliver(self, head, body):
        self.log.append((head.status, body))

    async def abort(self):
        self.log.append("aborted")


def raw(frames):
    return b"".join(frame.raw for frame in frames)


async def relayed(who, tape=None, keep_alive_s=5.0, waiting=None):
    tape = tape or Tape()
    exchange = Exchange(tuple(who), frozenset({"local"}))
    relay = Relay(exchange, who, tape, coder_for, keep_alive_s, waiting)
    who["cloud" if "cloud" in who else "local"].at_once = relay.at_once
    async with asyncio.timeout(5):
        await relay.run(Request("POST", "/v1/messages", (), b"{}"))
    return tape.log


async def test_an_answer_comes_through():
    hello = answer("Hello")

    assert [raw(hello), "end"] == await relayed({"cloud": Says(*hello)})


async def test_a_refusal_goes_to_the_stand_in():
    hello = answer("Hello")
    who = {"cloud": Says(fails("429")), "local": Says(*hello)}

    assert [raw(hello), "end"] == await relayed(who)


async def test_the_stand_in_is_told_what_was_said():
    local = Says(*answer("world"))
    cloud = Says(begin(), opened(0, "text"), text(0, "Hello "), fails("reset"))

    log = await relayed({"cloud": cloud, "local": local})

    assert ["Hello "] == local.said
    assert [raw(answer("Hello ", "world")), "end"] == log


async def test_what_comes_after_an_error_is_not_passed_on():
    broken = [begin(), opened(0, "text"), text(0, "Hello "), error("overloaded"), text(0, "you")]
    local = Says(*answer("world"))

    log = await relayed({"cloud": Says(raw(broken)), "local": local})

    assert [raw(answer("Hello ", "world")), "end"] == log


async def test_a_silent_answer_is_kept_alive_and_can_still_be_replaced():
    tape, hello = Tape(), answer("Hello")
    cloud = Says(begin(), tape.kept_alive.wait, fails("529"))

    log = await relayed({"cloud": cloud, "local": Says(*hello)}, tape, keep_alive_s=0.01)

    assert "ping" == log[0]
    assert [raw(hello), "end"] == [entry for entry in log if entry != "ping"]


def rests(times=20):
    """A pause in which all that can be done is done."""

    async def rest():
        for _ in range(times):
            await asyncio.sleep(0)

    return rest


async def test_events_that_come_one_by_one_go_out_as_they_came():
    words = [text(0, word) for word in ("one ", "two ", "three")]
    paced = [step for word in words for step in (rests(), word)]
    frames = [begin(), opened(0, "text"), text(0, ""), *words, closed(0), settled(), stop()]
    cloud = Says(*frames[:3], *paced, *frames[6:])

    assert [raw(frames), "end"] == await relayed({"cloud": cloud})


async def test_an_event_that_comes_alone_goes_out_without_waking_anybody():
    tape, words = Tape(), [text(0, "one "), text(0, "two")]
    frames = [begin(), opened(0, "text"), text(0, ""), *words, closed(0), settled(), stop()]
    cloud = Says(*frames[:3], rests(), *words, rests(), *frames[5:])

    assert [raw(frames), "end"] == await relayed({"cloud": cloud}, tape)
    assert [word.raw for word in words] == tape.now


async def test_of_an_event_that_comes_in_two_the_whole_goes_out():
    tape, frames = Tape(), answer("", "one ", "two")
    half = len(frames[3].raw) // 2
    parts = [frames[3].raw[:half], frames[3].raw[half:] + frames[4].raw]
    cloud = Says(*frames[:3], rests(), *parts, rests(), *frames[5:])

    assert [raw(frames), "end"] == await relayed({"cloud": cloud}, tape)
    assert [raw(frames[3:5])] == tape.now


async def test_a_client_that_does_not_keep_up_is_waited_for():
    tape, frames = Tape(), answer("", "one ", "two")

    async def grows_slow():
        tape.slow = True

    cloud = Says(*frames[:3], rests(), grows_slow, *frames[3:])

    assert [raw(frames), "end"] == await relayed({"cloud": cloud}, tape)
    assert [] == tape.now


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_events_in_a_coding_go_out_at_once_to_the_byte_and_can_be_continued(coding):
    tape, coder = Tape(), coder_for(coding)
    shown = [begin(), opened(0, "text"), text(0, "Hel"), text(0, "lo")]
    pieces = [coder.append(frame.raw) for frame in shown]
    head = Head(200, (*STREAM.headers, ("Content-Encoding", coding)))
    cloud = Says(head, *pieces[:3], rests(), pieces[3], rests(), fails("reset"))

    [sent, end] = await relayed({"cloud": cloud, "local": Says(*answer(" world"))}, tape)

    assert pieces[3:] == tape.now
    assert raw(answer("Hel", "lo", " world")) == coder_for(coding).decode(sent)
    assert "end" == end


async def test_what_cannot_be_read_any_more_is_mended_wherever_it_came():
    coder = coder_for("gzip")
    pieces = [coder.append(frame.raw) for frame in answer("Hello ")[:3]]
    head = Head(200, (*STREAM.headers, ("Content-Encoding", "gzip")))
    cloud = Says(head, *pieces, rests(), b"no gzip at all", rests())

    [sent, end] = await relayed({"cloud": cloud, "local": Says(*answer("world"))})

    assert raw(answer("Hello ", "world")) == coder_for("gzip").decode(sent)
    assert "end" == end


async def test_what_went_out_one_by_one_can_be_continued_and_an_error_among_it_is_not_sent():
    broken = raw([text(0, "two "), error("overloaded"), text(0, "never")])
    cloud = Says(begin(), opened(0, "text"), text(0, ""), rests(), text(0, "one "), rests(), broken)
    local = Says(rests(), *answer("three"))

    log = await relayed({"cloud": cloud, "local": local})

    assert ["one two "] == local.said
    assert [raw(answer("", "one ", "two ", "three")), "end"] == log


@VIRTUAL
async def test_silence_is_counted_from_the_last_event():
    tape = Tape()
    paced = [step for _ in range(8) for step in (lambda: asyncio.sleep(0.02), text(0, "a"))]
    cloud = Says(begin(), opened(0, "text"), text(0, ""), *paced, tape.kept_alive.wait, closed(0),
                 settled(), stop())  # fmt: skip

    log = await relayed({"cloud": cloud}, tape, keep_alive_s=0.1)

    assert [raw(answer("", *"aaaaaaaa")[:-3]), "ping", raw(answer()[-3:]), "end"] == log


@VIRTUAL
async def test_a_client_that_is_slow_is_told_nothing_meanwhile():
    class Slow(Tape):
        async def send(self, data):
            await super().send(data)
            if b"slowly" in data:
                await asyncio.sleep(0.05)

    said = ["", "slowly", "!"]
    frames = answer(*said)
    cloud = Says(*frames[:3], rests(), frames[3], *frames[4:])

    assert [raw(frames), "end"] == await relayed({"cloud": cloud}, Slow(), keep_alive_s=0.01)


async def test_a_client_that_has_gone_ends_it_wherever_its_event_was():
    class Gone(Tape):
        ready = False

        async def send(self, data):
            if b"never" in data:
                raise ConnectionResetError
            await super().send(data)

    frames = answer("", "never")
    with pytest.raises(ExceptionGroup) as caught:
        await relayed({"cloud": Says(*frames[:3], rests(), *frames[3:])}, Gone())

    assert caught.group_contains(ConnectionResetError)


async def test_who_lingers_after_the_last_frame_is_left():
    hello = answer("Hello")
    for_ever = asyncio.Event().wait

    assert [raw(hello), "end"] == await relayed({"cloud": Says(*hello, for_ever)})


async def test_bytes_after_the_last_frame_are_the_peers_own_and_go_on():
    hello = raw(answer("Hello")) + b": bye\n\n\nhalf"

    assert [hello, "end"] == await relayed({"cloud": Says(hello)})


async def test_an_answer_that_is_not_streamed_goes_as_a_whole():
    head = Head(404, (("Content-Type", "application/json"),))

    assert [(404, b'{"a":1}')] == await relayed({"cloud": Says(head, b'{"a"', b":1}")})


@pytest.mark.parametrize("body", [b"", b'{"model": "m', b'{"model": "\xff"}', b"[]", b"<html>"])
async def test_a_whole_answer_that_cannot_be_read_is_left_to_the_stand_in(body):
    head = Head(200, (("Content-Type", "application/json"),))
    whole = Says(head, b'{"model":"m"}')

    assert [(200, b'{"model":"m"}')] == await relayed({"cloud": Says(head, body), "local": whole})


async def test_the_first_refusal_is_sent_to_the_byte_when_nobody_can():
    refusal = Refusal(Head(429, ()), b"no")
    who = {"cloud": Says(fails("429", refusal)), "local": Says(fails("no memory"))}

    assert [(429, b"no")] == await relayed(who)


async def test_when_a_keep_alive_is_out_a_refusal_becomes_an_error_event():
    tape = Tape()
    refused = Head(400, (("Content-Type", "application/json"),))
    body = b'{"type":"error","error":{"type":"invalid_request_error","message":"no such"}}'
    cloud = Says(refused, tape.kept_alive.wait, body)

    log = await relayed({"cloud": cloud}, tape, keep_alive_s=0.01)

    refused = error("no such", "invalid_request_error")
    assert [refused.raw, "end"] == [entry for entry in log if entry != "ping"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (
            b'{"type":"error","error":{"type":"rate_limit_error","message":"no"}}',
            "rate_limit_error",
        ),
        (b"no", "overloaded_error"),
    ],
)
async def test_when_a_keep_alive_is_out_and_nobody_could_the_event_is_of_the_refusals_type(
    body, kind
):
    tape = Tape()
    refusal = Refusal(Head(529, ()), body)
    cloud = Says(tape.kept_alive.wait, fails("the cloud said no", refusal))

    log = await relayed({"cloud": cloud}, tape, keep_alive_s=0.01)

    said = error("the cloud said no", kind)
    assert [said.raw, "end"] == [entry for entry in log if entry != "ping"]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_a_coded_answer_comes_through_to_the_byte(coding):
    coder = coder_for(coding)
    pieces = [coder.append(frame.raw) for frame in answer("Hello ", "world")] + [coder.finish()]
    head = Head(200, (*STREAM.headers, ("Content-Encoding", coding)))

    assert [b"".join(pieces), "end"] == await relayed({"cloud": Says(head, *pieces)})


@VIRTUAL
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_a_coded_answer_is_whole_for_its_client_when_the_end_of_the_coding_is_late(coding):
    coder = coder_for(coding)
    *pieces, end = [coder.append(frame.raw) for frame in answer("Hello")] + [coder.finish()]
    head = Head(200, (*STREAM.headers, ("Content-Encoding", coding)))
    cloud = Says(head, *pieces, lambda: asyncio.sleep(3.0), end)

    assert [b"".join(pieces) + end, "end"] == await relayed({"cloud": cloud})


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_a_coded_answer_that_is_cut_is_mended_in_its_coding(coding):
    coder = coder_for(coding)
    shown = [begin(), opened(0, "text"), text(0, "Hello ")]
    pieces = [coder.append(frame.raw) for frame in shown]
    head = Head(200, (*STREAM.headers, ("Content-Encoding", coding)))
    who = {"cloud": Says(head, *pieces, fails("reset")), "local": Says(*answer("world"))}

    [sent, end] = await relayed(who)

    assert raw(answer("Hello ", "world")) == coder_for(coding).decode(sent)
    assert "end" == end


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_a_coded_answer_that_is_cut_inside_an_event_breaks_the_connection(coding):
    coder = coder_for(coding)
    shown = raw([begin(), opened(0, "text"), text(0, "Hello ")])
    half = text(0, "world").raw[:-20]
    head = Head(200, (*STREAM.headers, ("Content-Encoding", coding)))
    cloud = Says(head, coder.append(shown + half), fails("reset"))

    [sent, end] = await relayed({"cloud": cloud, "local": Says(*answer("world"))})

    assert shown + half == coder_for(coding).decode(sent)
    assert "aborted" == end


@pytest.mark.parametrize("coding", ["gzip", "br"])
async def test_what_codes_nothing_is_sent_before_what_is_added(coding):
    coder = coder_for(coding)
    pieces = [coder.append(frame.raw) for frame in (begin(), opened(0, "text"), text(0, "Hello "))]
    head = Head(200, (*STREAM.headers, ("Content-Encoding", coding)))
    cloud = Says(head, b"".join(pieces), _flush(coding), fails("reset"))

    [sent, end] = await relayed({"cloud": cloud, "local": Says(*answer("world"))})

    assert raw(answer("Hello ", "world")) == coder_for(coding).decode(sent)
    assert "end" == end


def _flush(coding):
    """An empty block, as servers send it that flush twice."""
    return {"gzip": bytes.fromhex("000000ffff"), "br": b"\x06"}[coding]


async def test_nobody_could():
    [(status, body)] = await relayed({"cloud": Says(fails("429"))})

    assert (529, "429") == (status, message_of(body))


async def test_while_a_stand_in_is_silent_the_client_is_kept_alive_whoever_failed_before():
    tape, hello = Tape(), answer("Hello")
    head = Head(200, (*STREAM.headers, ("Content-Encoding", "gzip")))
    cloud = Says(head, coder_for("gzip").append(begin().raw), fails("reset"))

    log = await relayed({"cloud": cloud, "local": Says(tape.kept_alive.wait, *hello)}, tape, 0.01)

    assert "ping" == log[0]
    assert [raw(hello), "end"] == [entry for entry in log if entry != "ping"]


async def test_a_client_that_waits_for_a_whole_answer_hears_nothing_before_it():
    async def silent():
        await asyncio.sleep(0.05)

    head = Head(200, (("Content-Type", "application/json"),))

    assert [(200, b"{}")] == await relayed({"cloud": Says(head, silent, b"{}")}, None, None)


async def test_who_is_not_listened_to_any_more_is_closed():
    left = []

    class Leaves(Says):
        async def answer(self, request, said):
            try:
                async for item in super().answer(request, said):
                    yield item
            finally:
                left.append(self)

    cloud = Leaves(raw([begin(), error("overloaded")]), begin(), begin(), begin())
    await relayed({"cloud": cloud, "local": Says(*answer("Hello"))})

    assert [cloud] == left


@pytest.mark.parametrize(("status", "times"), [(200, 1), (404, 0)])
async def test_the_first_content_is_noted_once_and_an_error_is_none(status, times):
    shown = []
    head = Head(status, (("Content-Type", "application/json"),))
    relay = Relay(Exchange(("cloud",)), {"cloud": Says(head, b"{}")}, Tape(), coder_for)
    relay.out.on_shown = lambda: shown.append(1)
    await relay.run(Request("POST", "/v1/messages", (), b"{}"))

    assert [1] * times == shown


async def test_an_exchange_that_is_cancelled_leaves_nothing_to_the_collector():
    cloud = Says(*answer("Hello")[:3], asyncio.Event().wait)
    relay = Relay(Exchange(("cloud",)), {"cloud": cloud}, Tape(), coder_for)
    left = weakref.ref(relay)

    async def leaves(running):
        async with asyncio.TaskGroup() as group:
            task = group.create_task(running)
            await rests()()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    running = relay.run(Request("POST", "/v1/messages", (), b"{}"))
    del relay
    gc.disable()
    try:
        await leaves(running)
        del running
        await rests()()

        assert left() is None
    finally:
        gc.enable()


async def test_whoever_breaks_off_is_told_of_before_the_next_is_asked():
    order = []

    class Notes(Says):
        async def answer(self, request, said):
            order.append("asked")
            async for item in super().answer(request, said):
                yield item

    who = {"cloud": Says(begin()), "local": Notes(*answer("Hello"))}
    relay = Relay(Exchange(tuple(who)), who, Tape(), coder_for)
    relay.on_broken = lambda broken: order.append(broken.candidate)
    await relay.run(Request("POST", "/v1/messages", (), b"{}"))

    assert ["cloud", "asked"] == order


# Any script of two answerers.

DELTAS = {"text": text, "thinking": thought, "tool_use": arguments}


def frames_of(kinds):
    for index, kind in enumerate(kinds):
        yield opened(index, kind)
        yield DELTAS[kind](index, "word ")
        yield closed(index)


BLOCKS = st.lists(st.sampled_from(list(DELTAS)), min_size=1, max_size=3)
PING = b'event: ping\ndata: {"type":"ping"}\n\n'
ENDS = [
    (),
    (fails("reset"),),
    (fails("429", Refusal(Head(429, ()), b"no")),),
    (error("overloaded"),),
    (error("overloaded"), text(0, "never heard")),
    (b"event: half",),
    (b"data: {]\n\n", fails("garbage")),
]
CODINGS = ["", "gzip", "deflate", "br", "zstd", "no such coding"]
REFUSALS = [
    (fails("429"),),
    (Head(400, ()), b"mistake"),
    (Head(200, (("Content-Type", "application/json"),)), b'{"model":"m"}'),
]


@st.composite
def scripts(draw):
    if draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(REFUSALS))
    whole = [begin(), *frames_of(draw(BLOCKS)), settled(), stop()]
    cut = draw(st.integers(0, len(whole)) | st.just(len(whole)))
    steps = [frame.raw for frame in whole[:cut]]
    for at in draw(st.lists(st.integers(0, len(steps)), max_size=2)):
        steps.insert(at, PING)
    last = draw(st.sampled_from(ENDS))
    steps += [end.raw if hasattr(end, "raw") else end for end in last]
    if draw(st.booleans()):
        steps = list(_in_one_read(steps))
    coded = [*_coded(draw(st.sampled_from(CODINGS)), steps)]
    for at in draw(st.lists(st.integers(1, len(coded)), max_size=4)):
        coded.insert(at, rests())
    return tuple(coded)


def _in_one_read(steps):
    yield b"".join(step for step in steps if isinstance(step, bytes))
    yield from (step for step in steps if not isinstance(step, bytes))


def _coded(coding, steps):
    if not coding or coding not in {"gzip", "deflate", "br", "zstd"}:
        yield Head(200, (*STREAM.headers, *([("Content-Encoding", coding)] if coding else [])))
        yield from steps
        return
    coder = coder_for(coding)
    yield Head(200, (*STREAM.headers, ("Content-Encoding", coding)))
    for step in steps:
        yield coder.append(step) if isinstance(step, bytes) else step


class Remembers(Tape):
    """A tape that also knows in which coding the bytes are."""

    coding = ""

    async def start(self, head, first=b""):
        await super().start(head, first)
        self.coding = head.coding


def well_formed(frames):
    """A message, or its beginning and an error, of blocks that are one after the other."""
    count, is_open = 0, False
    for value in (loads(frame.data) for frame in frames if frame.name != "message"):
        match value["type"]:
            case "message_start":
                assert 0 == count
            case "content_block_start":
                assert (False, count) == (is_open, value["index"])
                count, is_open = count + 1, True
            case "content_block_delta":
                assert (True, count - 1) == (is_open, value["index"])
            case "content_block_stop":
                assert (True, count - 1) == (is_open, value["index"])
                is_open = False
            case "message_delta":
                assert not is_open
    return not is_open


@settings(max_examples=150)
@given(scripts(), scripts(), st.booleans(), st.booleans())
def test_whatever_two_answerers_do_the_client_gets_one_honest_end(cloud, local, stands_in, offers):
    tape = Remembers()
    who = {"cloud": Says(*cloud), "local": Says(*local)}
    relay = Relay(
        Exchange(tuple(who), frozenset({"local"} if stands_in else ())), who, tape, coder_for
    )
    if offers:
        who["cloud"].at_once = relay.at_once

    async def run():
        async with asyncio.timeout(5):
            await relay.run(Request("POST", "/v1/messages", (), b"{}"))

    asyncio.run(run())

    *before, last = tape.log
    assert len(before) <= 1, "bytes in a row, then one end"
    assert all(len(answerer.said) <= 1 for answerer in who.values()), "nobody is asked twice"
    if isinstance(last, tuple):
        assert [] == before
        assert last[0] in {200, 400, 429, 529}
    elif last == "end":
        plain = coder_for(tape.coding).decode(before[0]) if tape.coding else before[0]
        frames = [frame for frame in Decoder().receive_data(plain) if frame.data]
        names = [frame.name for frame in frames]
        last = next(at for at, name in enumerate(names) if name in {"message_stop", "error"})
        # What a peer says behind its own last frame is relayed, and is no part of the answer.
        assert well_formed(frames[: last + 1]) or "error" == names[last]
        assert (relay.out.gave_up is None) == ("message_stop" == names[last])
    else:
        assert "aborted" == last
        assert relay.out.gave_up is not None


class Board:
    """A wait with something to tell each time that somebody looks."""

    def __init__(self, *words, accepted=False):
        self.words = list(words)
        self.accepted = accepted
        self.active = True

    def sign(self):
        return Sign(self.words.pop(0), begin()) if self.words else None


async def test_a_client_is_told_what_it_waits_for_and_then_gets_the_answer_in_one_message():
    tape, hello = Tape(), answer("Hello")
    local = Says(tape.kept_alive.wait, *hello)

    log = await relayed({"local": local}, tape, 0.01, Board("It takes time.\n"))

    moved = [shifted(frame, 1) for frame in hello[1:]]
    assert [raw([begin(), *notice("It takes time.\n"), *moved]), "end"] == log


async def test_once_the_engine_has_taken_the_request_the_headers_go_out(monkeypatch):
    monkeypatch.setattr("standby.app.answering.relay.LOOK_S", 0.01)
    tape = Tape()
    local = Says(tape.kept_alive.wait, *answer("Hello"))

    log = await relayed({"local": local}, tape, 60.0, Board(accepted=True))

    assert ["ping"] == [entry for entry in log if entry == "ping"]


async def test_a_client_that_wants_a_whole_answer_is_told_nothing_of_the_wait():
    pause = asyncio.Event()
    head = Head(200, (("Content-Type", "application/json"),))

    async def wait():
        asyncio.get_running_loop().call_later(0.02, pause.set)
        await pause.wait()

    log = await relayed({"local": Says(head, wait, b"{}")}, None, None, Board("first\n"))

    assert [(200, b"{}")] == log
