"""A prompt in one piece: one token is asked for, and the engine left for whoever comes."""

import asyncio

import pytest

from standby.app.local.admission import Slot
from standby.app.warming.in_one_piece import one_token
from standby.ports import EngineError
from tests.fakes.talker import MODEL, Talker, says

pytestmark = pytest.mark.anyio


def slot():
    return Slot(None, lambda: None, lambda _: None, knows=False)


async def test_one_token_is_asked_for_and_the_prompt_is_read():
    talker = Talker(*says("Hello"))

    assert await one_token(talker, MODEL, {"messages": [], "max_tokens": 500}, slot())
    assert [1] == [body["max_tokens"] for _, body in talker.heard]


async def test_when_somebody_wants_the_slot_it_is_left_at_once():
    held, never = slot(), asyncio.Event()

    async def reads():
        held.want()
        await never.wait()

    talker = Talker(reads)
    async with asyncio.timeout(5):
        assert not await one_token(talker, MODEL, {"messages": []}, held)
    assert 1 == talker.left


async def test_an_engine_that_fails_says_so():
    with pytest.raises(EngineError, match="no memory"):
        await one_token(Talker(EngineError("no memory")), MODEL, {"messages": []}, slot())
