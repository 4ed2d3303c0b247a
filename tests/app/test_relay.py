"""The loop against answerers that fail on cue."""

import asyncio

import pytest

from standby.adapters.codings import coder_for
from standby.app.relay import Relay
from standby.core.exchange import Exchange
from standby.core.request import Request
from standby.core.wire.errors import Refusal, message_of
from standby.core.wire.headers import Head
from standby.core.wire.messages import error
from tests.fakes.answerers import STREAM, Says, answer, begin, fails, opened, text

pytestmark = pytest.mark.anyio


class Tape:
    """A wire that remembers."""

    def __init__(self):
        self.log = []
        self.kept_alive = asyncio.Event()
        self.begun = False

    async def start(self, head):
        self.begun = True

    async def send(self, data):
        if self.log and isinstance(self.log[-1], bytes):
            data = self.log.pop() + data  # how the bytes were cut is nobody's business
        self.log.append(data)

    async def keep_alive(self):
        self.begun = True
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


async def relayed(who, tape=None, keep_alive_s=5.0):
    tape = tape or Tape()
    relay = Relay(Exchange(tuple(who), frozenset({"local"})), who, tape, coder_for, keep_alive_s)
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

    assert [error("no such").raw, "end"] == [entry for entry in log if entry != "ping"]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_a_coded_answer_comes_through_to_the_byte(coding):
    coder = coder_for(coding)
    pieces = [coder.append(frame.raw) for frame in answer("Hello ", "world")] + [coder.finish()]
    head = Head(200, (*STREAM.headers, ("Content-Encoding", coding)))

    assert [b"".join(pieces), "end"] == await relayed({"cloud": Says(head, *pieces)})


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
