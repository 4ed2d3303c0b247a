"""An engine that hangs in an answer: it fails in words, and only one of ours is ended for it."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from standby.app.local.admission import Admission
from standby.app.local.candidate import Local, LocalDeadlines
from standby.app.local.engines import Engines, Preference
from standby.app.local.speeds import Speeds
from standby.app.local.watch import EVERY_S
from standby.core.models.speed import Timings
from standby.core.models.stalls import PATIENCE_S, patience_s
from standby.core.models.tuning import BATCH
from standby.core.wire import asked
from standby.core.wire.json import dumps
from standby.ports import AnswererError, EngineError
from tests.fakes.clock import LoadedDice, SetClock
from tests.fakes.engines import FakeStartable
from tests.fakes.line import for_ever, messages_request
from tests.fakes.talker import MODEL, Talker, chunk, says
from tests.fakes.virtual import VIRTUAL

pytestmark = [pytest.mark.anyio, VIRTUAL]

PING_S = 10.0
DEADLINES = LocalDeadlines()
MEASURED = Timings(0, 4000, 8.0)
"""A machine that reads a batch in seconds."""


def progress(read, total=4000):
    told = {"total": total, "cache": 0, "processed": read, "time_ms": read}
    choice = {"index": 0, "delta": {"role": "assistant", "content": None}}
    return b"data: %b\n\n" % dumps({"choices": [choice], "prompt_progress": told})


async def pings():
    """Nothing but the comment that llama.cpp sends while anybody waits."""
    while True:
        await asyncio.sleep(PING_S)
        yield b":\n\n"


class Hanging(Talker):
    """Plays its steps, and then sends comments alone until it is ended."""

    then = staticmethod(pings)
    ended = ""

    async def chat(self, model, body):
        async for data in super().chat(model, body):
            yield data
        async for data in self.then():
            if self.ended:
                raise EngineError(self.ended)
            yield data


class Ours(Hanging, FakeStartable):
    """One that we start."""

    def __init__(self, *steps, **facts):
        super().__init__(*steps, **facts)
        self.starts = self.stops = 0
        self.deaf, self.computes, self.given_up = False, False, []

    async def start(self, model):
        return model

    async def give_up(self, why):
        self.given_up.append(why)
        self.ended = why


@asynccontextmanager
async def house(engine):
    """The engines with their watch, in time that takes none."""
    engines = Engines([engine], Preference(), SetClock())
    await engines.refresh()
    async with asyncio.TaskGroup() as group:
        run = group.create_task(engines.watch.run())
        yield engines
        run.cancel()


async def answered(engines, speeds=None):
    """What comes of an answer."""
    body = asked.read(messages_request(stream=True).body)
    admission = Admission(SetClock())
    more = {} if speeds is None else {"speeds": speeds}
    local = Local(engines, admission, MODEL, body, LoadedDice(), DEADLINES, **more)
    return [item async for item in local.answer(messages_request(), "")]


async def failed(engines, speeds=None):
    """Why an answer failed, and after how long."""
    began = asyncio.get_running_loop().time()
    with pytest.raises(AnswererError) as failure:
        await answered(engines, speeds)
    return str(failure.value), asyncio.get_running_loop().time() - began


def measured():
    speeds = Speeds()
    speeds.learn(MODEL, MEASURED)
    return speeds


@pytest.mark.parametrize(
    "steps",
    [[progress(0)], [progress(0), progress(2048)], [progress(4000), chunk({"content": "Hel"})]],
    ids=["before its prompt", "in its prompt", "in its answer"],
)
async def test_one_of_ours_that_sends_comments_alone_is_ended_wherever_it_hangs(steps):
    engine = Ours(*steps)
    async with house(engine) as engines:
        why, took_s = await failed(engines, measured())

    assert ["it hangs: nothing came of its work for 4 min"] == engine.given_up
    assert f"desk: {engine.given_up[0]}" == why
    assert PATIENCE_S <= took_s <= PATIENCE_S + 2 * EVERY_S + PING_S


async def test_a_machine_that_nobody_has_measured_has_longer():
    engine = Ours(progress(0))
    async with house(engine) as engines:
        _, took_s = await failed(engines)

    assert took_s >= patience_s(BATCH, None) > 2 * PATIENCE_S


async def test_one_that_is_slow_is_not_ended_while_it_gets_on():
    async def crawls():
        for read in range(0, 4000, 100):
            for _ in range(20):
                await asyncio.sleep(PING_S)
                yield b":\n\n"
            yield progress(read)
        for data in says("done"):
            yield data

    engine = Ours()
    engine.then = crawls
    async with house(engine) as engines:
        said = await answered(engines, measured())

    assert b"message_stop" in said[-1]
    assert [] == engine.given_up


async def test_one_that_tells_in_comments_how_far_it_is_gets_on_by_them():
    async def tells():
        for read in range(100):
            await asyncio.sleep(60)
            yield b": keepalive %d/100\n\n" % read
        for data in says("done"):
            yield data

    engine = Hanging()
    engine.then = tells
    async with house(engine) as engines:
        said = await answered(engines)

    assert b"message_stop" in said[-1]


async def test_that_of_somebody_else_is_a_failed_answer_only_and_has_the_time_for_a_first_byte():
    engine = Hanging(progress(0))
    async with house(engine) as engines:
        why, took_s = await failed(engines, measured())

    assert "desk: it hangs: nothing came of its work for 30 min" == why
    assert DEADLINES.first_byte_s <= took_s <= DEADLINES.first_byte_s + 3 * EVERY_S


@pytest.mark.parametrize("deaf", [True, False])
async def test_one_of_ours_that_falls_silent_is_ended_if_it_does_not_even_say_that_it_runs(deaf):
    engine = Ours(chunk({"content": "Hel"}), for_ever)
    engine.deaf = deaf
    async with house(engine) as engines:
        why, took_s = await failed(engines, measured())

    assert "desk: nothing came for 120 s" == why
    assert DEADLINES.idle_s == took_s
    assert deaf * ["it hangs: it does not answer at all any more"] == engine.given_up


@pytest.mark.parametrize(
    ("error", "times"),
    [(EngineError("it broke off its answer"), 1), (EngineError("the schema is wrong", 400), 0)],
    ids=["broke off", "refused"],
)
async def test_one_that_broke_off_is_asked_whether_it_runs_and_one_that_refused_is_not(
    error, times
):
    engine = Ours(error)
    engine.deaf = True
    async with house(engine) as engines:
        await failed(engines)

    assert times == len(engine.given_up)
