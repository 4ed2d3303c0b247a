"""The books say who answered, how it ended and why."""

import asyncio

import pytest

from standby.adapters.codings import coder_for
from standby.app.answering.outcome import book
from standby.app.answering.relay import Relay
from standby.core.exchange import Exchange, Stage
from standby.core.wire.errors import answer as refusal
from standby.core.wire.headers import Head
from standby.core.wire.json import dumps
from tests.app.answering.test_relay import Tape, rests
from tests.app.answering.test_turn import turn
from tests.fakes.answerers import Says, answer, begin, fails, opened, text

pytestmark = pytest.mark.anyio

SERVES = "the cloud serves"


async def booked(who, *, limited=False, model="m", stand_ins=frozenset()):
    one = turn(model=model)
    one.booking.why = "it had to"
    exchange = Exchange(tuple(who), stand_ins)
    relay = Relay(exchange, who, Tape(), coder_for, 5.0)
    async with asyncio.timeout(5):
        await relay.run(one.request)
    book(one, exchange, relay, SERVES, limited=limited)
    return one.booking


async def test_what_the_cloud_answered_has_its_reason_and_saved_nothing():
    one = await booked({"cloud": Says(*answer("Hi"))}, limited=True)

    assert ("cloud", "ok", SERVES, 200) == (one.by, one.outcome, one.why, one.status)
    assert one.done
    assert not one.saved


@pytest.mark.parametrize(
    ("who", "limited", "saved"),
    [
        ({"desk/coder": Says(*answer("Hi"))}, True, True),
        ({"cloud": Says(fails("it broke")), "desk/coder": Says(*answer("Hi"))}, False, True),
        ({"desk/coder": Says(*answer("Hi"))}, False, False),
    ],
    ids=["the account is held back", "the cloud failed", "it went here first"],
)
async def test_an_answer_of_ours_saved_the_turn_where_the_cloud_would_not_have(who, limited, saved):
    one = await booked(who, limited=limited)

    assert ("local", "ok", "it had to", saved) == (one.by, one.outcome, one.why, one.saved)


async def test_what_a_person_chose_by_name_saved_nothing():
    one = await booked({"desk/coder": Says(*answer("Hi"))}, limited=True, model="local")

    assert not one.saved


async def test_an_answer_of_two_is_one_of_both_and_says_why():
    cut = Says(begin(), opened(0, "text"), text(0, "Hel"), fails("it broke"))
    rest = Says(*answer("lo"))

    one = await booked({"cloud": cut, "desk/coder": rest}, stand_ins=frozenset({"desk/coder"}))

    assert ("both", "ok", True) == (one.by, one.outcome, one.saved)
    assert one.why.startswith("begun, and gone on with by another")


async def test_an_answer_that_broke_off_is_broken_and_one_that_never_began_is_refused():
    broken = await booked(
        {"cloud": Says(begin(), opened(0, "text"), text(0, "Hel"), fails("it broke"))}
    )
    refused = await booked({"cloud": Says(fails("it broke"))})

    assert ("cloud", "broken") == (broken.by, broken.outcome)
    assert ("nobody", "refused") == (refused.by, refused.outcome)


async def test_a_whole_answer_is_read_for_its_model_and_its_tokens():
    said = dumps({"model": "claude-x", "usage": {"input_tokens": 3, "output_tokens": 4}})

    one = await booked({"cloud": Says(Head(200, (("Content-Type", "application/json"),)), said)})

    assert "claude-x" == one.answered
    assert (3, 4) == (one.tokens.input, one.tokens.output)


async def test_what_the_client_did_wrong_is_booked_as_its_own():
    head, body = refusal(400, "no such field")

    one = await booked({"cloud": Says(head, body)})

    assert ("client_error", 400) == (one.outcome, one.status)


async def test_who_leaves_behind_the_last_frame_has_missed_nothing():
    one, said = turn(model="m"), asyncio.Event()

    async def lingers():
        await rests()()
        said.set()
        await asyncio.Event().wait()

    exchange = Exchange(("cloud",))
    relay = Relay(exchange, {"cloud": Says(*answer("Hi"), lingers)}, Tape(), coder_for, 5.0)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        task = group.create_task(relay.run(one.request))
        await said.wait()
        assert exchange.stage is Stage.LAST
        task.cancel()
    book(one, exchange, relay, SERVES, limited=False)

    assert (True, "ok", "cloud") == (one.booking.done, one.booking.outcome, one.booking.by)
