"""An answer goes by as it is; what its calls would change is told when it is whole."""

import asyncio

import pytest

from standby.adapters.codings import coder_for
from standby.app.answering.relay import Relay
from standby.app.answering.witness import Witness
from standby.core.exchange import Exchange
from standby.core.usage.deeds import MOST, Deed
from standby.core.wire.json import dumps
from tests.core.wire.test_calls import ANSWER, call
from tests.fakes.answerers import Says, begin, fails, settled, stop
from tests.fakes.line import JSON_HEAD, Tape, messages_request

pytestmark = pytest.mark.anyio


async def heard(*steps):
    """Have an answer relayed to its end; return what was told of it, and what the client got."""
    told, tape = [], Tape()
    relay = Relay(Exchange(("local",)), {"local": Says(*steps)}, tape, coder_for)
    relay.watched = lambda _: Witness(told.append)
    async with asyncio.timeout(5):
        await relay.run(messages_request())
    return told, tape.sent


async def test_a_stream_goes_by_as_it_is_and_its_calls_are_told_once():
    told, sent = await heard(*ANSWER)

    assert [(Deed("Write", "a"), Deed("Bash"))] == told
    assert b"".join(one.raw for one in ANSWER) == sent


async def test_it_is_told_before_the_end_of_the_answer_goes_out():
    told, tape = [], Tape()
    relay = Relay(Exchange(("local",)), {"local": Says(*ANSWER)}, tape, coder_for)
    relay.watched = lambda _: Witness(lambda _: told.append(ANSWER[-1].raw in tape.sent))
    async with asyncio.timeout(5):
        await relay.run(messages_request())

    assert [False] == told


async def test_of_two_answers_only_those_that_are_watched_are_told_of():
    told = []
    who = {"cloud": Says(begin(), fails("reset")), "local": Says(*ANSWER)}
    for watched in who:
        relay = Relay(Exchange(tuple(who)), who, Tape(), coder_for)
        relay.watched = lambda name, watched=watched: (
            Witness(told.append) if name == watched else None
        )
        async with asyncio.timeout(5):
            await relay.run(messages_request())

    assert [(Deed("Write", "a"), Deed("Bash"))] == told


async def test_so_it_is_however_the_bytes_are_cut():
    raw = b"".join(one.raw for one in ANSWER)

    told, _ = await heard(*(raw[at : at + 7] for at in range(0, len(raw), 7)))

    assert [(Deed("Write", "a"), Deed("Bash"))] == told


async def test_a_whole_answer_is_read_too():
    blocks = [{"type": "tool_use", "id": "x", "name": "Write", "input": {"file_path": "a"}}]

    told, _ = await heard(JSON_HEAD, dumps({"type": "message", "content": blocks}))

    assert [(Deed("Write", "a"),)] == told


async def test_of_an_answer_that_breaks_off_nothing_is_told():
    told, _ = await heard(*ANSWER[:-2], fails("broke"))

    assert [] == told


async def test_one_answer_changes_so_much_and_no_more():
    many = [
        one for n in range(2 * MOST) for one in call(n, "Bash", dumps({"command": "x"}).decode())
    ]

    told, _ = await heard(begin(), *many, settled("tool_use"), stop())

    assert MOST == len(told[0])
