"""A bench over engines that are no servers: what it asks, what it keeps, what goes wrong."""

import json

import pytest

from standby.app.bench import Bench, Records
from standby.app.local.engines import Engines, Preference
from standby.app.local.speeds import Speeds
from standby.core.models.facts import LocalModel
from standby.ports import EngineError
from tests.fakes.clock import LoadedDice

pytestmark = pytest.mark.anyio

MODEL = LocalModel("box", "coder", "http://127.0.0.1:1", 8192, settings="2 threads")
ABOUT = ("engine 1", "a desk")


class Steps:
    """A clock that goes on by a second whenever it is looked at."""

    def __init__(self):
        self.at = 0.0

    def now(self):
        return 1_000.0

    def ticks(self):
        self.at += 1.0
        return self.at


class Server:
    """Answers each chat with the chunks that it was given."""

    name = "box"

    def __init__(self, *chunks, model=MODEL, each=3):
        self.chunks = chunks
        self.model = model
        self.each = each
        self.asked = []

    async def models(self):
        return (self.model,)

    async def count(self, _model, body):
        words = len(body["messages"][0]["content"].split())
        return words * self.each if self.each else None

    async def chat(self, _model, body):
        self.asked.append(body)
        for chunk in self.chunks:
            yield b"data: " + json.dumps(chunk).encode() + b"\n\n"
        yield b"data: [DONE]\n\n"


class Store:
    def __init__(self):
        self.state = {}

    async def load(self):
        return self.state

    async def save(self, state):
        self.state = dict(state)


WORD = {"choices": [{"delta": {"content": "Yes"}}]}
TIMED = {
    "choices": [],
    "timings": {
        "cache_n": 5,
        "prompt_n": 900,
        "prompt_ms": 4500.0,
        "predicted_n": 64,
        "predicted_ms": 3200.0,
    },
}
PROGRESS = {"choices": [], "prompt_progress": {"total": 900, "processed": 450, "time_ms": 9}}


async def measured(server, tokens=900, told=lambda *_: None, dice=None):
    engines = Engines([server], Preference(), Steps())
    await engines.refresh()
    bench = Bench(engines, Steps(), dice or LoadedDice(), told)
    return await bench.run(MODEL, tokens, ABOUT, lambda: 123)


async def test_a_prompt_is_read_cold_and_then_with_another_question():
    server = Server(PROGRESS, WORD, TIMED)
    one = await measured(server)
    cold, warm = (body["messages"] for body in server.asked)

    assert cold[0] == warm[0]
    assert cold[1] != warm[1]
    assert 290 < len(cold[0]["content"].split()) <= 301  # three tokens a word
    assert (900, 4.5, 64) == (one.cold.read, one.cold.read_s, one.cold.written)
    assert (200.0, 20.0) == (one.figures.read_rate, one.figures.write_rate)
    assert ("box/coder", *ABOUT, "2 threads", 1_000.0, 123) == (
        *(one.model, one.engine_version, one.machine, one.settings, one.at, one.memory_bytes),
    )


async def test_no_two_benches_use_a_prompt_that_the_server_knows():
    server, dice = Server(WORD, TIMED), LoadedDice()
    await measured(server, dice=dice)
    await measured(server, dice=dice)
    first, _, second, _ = (body["messages"][0]["content"] for body in server.asked)

    assert first.split()[0] != second.split()[0]
    assert first.split()[1:] == second.split()[1:]


async def test_it_is_told_how_far_it_is_and_how_long_it_will_take():
    told = []
    await measured(Server(PROGRESS, WORD, TIMED), 4_000, lambda *step: told.append(step))

    assert ("cold prompt", 0.5) in told
    assert ("about 20 s for 4,000 tokens", 0.0) in told
    assert told.index(("first look", 0.0)) < told.index(("cold prompt", 0.0))


async def test_the_prompt_leaves_room_in_the_window():
    server = Server(WORD, TIMED, each=1)
    await measured(server, 100_000)

    assert 7_800 < len(server.asked[-1]["messages"][0]["content"].split()) <= 8192 - 64 - 256


async def test_a_server_that_neither_counts_nor_times_itself_is_timed_from_here():
    usage = {"choices": [], "usage": {"prompt_tokens": 880, "completion_tokens": 60}}
    one = await measured(Server(WORD, usage, each=0))

    assert (880, 60) == (one.cold.read, one.cold.written)
    assert one.cold.read_s == one.first_token_s > 0
    assert one.cold.written_s > 0


@pytest.mark.parametrize(
    ("chunks", "why"),
    [
        ((), "box/coder says nothing"),
        (({"error": {"message": "out of memory"}},), "gave up: out of memory"),
    ],
)
async def test_a_server_that_gives_no_answer_is_told(chunks, why):
    with pytest.raises(EngineError, match=why):
        await measured(Server(*chunks))


async def test_the_newest_figures_of_each_model_and_machine_are_kept_and_expected_again():
    records = Records(Store())
    server = Server(WORD, TIMED)
    for _ in range(3):
        await records.keep(await measured(server))
    await records.keep(await measured(Server(WORD, TIMED, model=MODEL)))
    (one,) = await records.all()

    speeds = Speeds()
    await records.teach(speeds, "another machine")
    assert speeds.expected(MODEL, 900) is None
    await records.teach(speeds, "a desk")
    assert pytest.approx(4.5, rel=0.1) == speeds.expected(MODEL, 900)
    assert "box/coder" == one.model


async def test_records_that_cannot_be_understood_are_left_out():
    store = Store()
    store.state = {"measured": [None, {"model": 7}, "x"], "other": 1}
    records = Records(store)
    assert () == await records.all()
    await records.keep(await measured(Server(WORD, TIMED)))

    assert 1 == len(store.state["measured"])
    assert 1 == store.state["other"]
