from dataclasses import replace

import anyio
import pytest

from standby.app.local.engines import Engines, Preference, Startable
from standby.core.models.facts import LocalModel
from standby.ports import EngineError
from tests.fakes.engines import FakeEngine, FakeStartable

pytestmark = pytest.mark.anyio


class Ticks:
    def __init__(self):
        self.time = 0.0

    def now(self):
        return self.time

    def ticks(self):
        return self.time


def model(engine, name="m", **more):
    more.setdefault("base_url", f"http://127.0.0.1/{engine}")
    return LocalModel(engine, name, **more)


def engines(*found, preference=None, clock=None):
    return Engines(found, preference or Preference(), clock or Ticks())


RUNNING = FakeEngine("lmstudio", model("lmstudio"))
ON_PATH = FakeStartable("on_path", model("on_path", base_url="", loaded=False))
EMBEDDED = FakeStartable("embedded", model("embedded", base_url="", loaded=False))


def keys(models):
    return [each.key for each in models]


async def test_a_running_server_goes_before_those_we_start_and_the_embedded_one_is_last():
    found = engines(RUNNING, ON_PATH, EMBEDDED)

    assert ["lmstudio/m", "on_path/m", "embedded/m"] == keys(await found.candidates())


async def test_one_of_ours_that_runs_is_no_better_than_one_that_can_run():
    busy = FakeStartable("embedded", model("embedded", loaded=True))

    assert ["on_path/m", "embedded/m"] == keys(await engines(ON_PATH, busy).candidates())


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"loaded": True}, {"loaded": False}),
        ({"tools": True}, {"tools": None}),
        ({"tools": None}, {"tools": False}),
        ({"context_tokens": 65536}, {"context_tokens": 8192}),
        ({"context_tokens": 8192}, {"context_tokens": None}),
        ({"loaded": True, "tools": False}, {"loaded": False, "context_tokens": 10**6}),
        ({"tools": True, "context_tokens": 4096}, {"tools": False, "context_tokens": 10**6}),
    ],
)
async def test_of_running_servers_the_abler_model_goes_first(better, worse):
    first = FakeEngine("ollama", model("ollama", "worse", **worse))
    second = FakeEngine("vllm", model("vllm", "better", **better))

    assert ["vllm/better", "ollama/worse"] == keys(await engines(first, second).candidates())


@pytest.mark.parametrize("name", ["B", "org/b", "embedded/org/b", "EMBEDDED/org/B"])
async def test_the_model_that_was_named_goes_before_everything(name):
    own = FakeStartable("embedded", model("embedded", "org/b", base_url="", loaded=False))
    found = engines(RUNNING, own, preference=Preference(model=name))

    assert "embedded/org/b" == keys(await found.candidates())[0]


async def test_the_engine_that_was_named_goes_first_and_others_stay_behind_it():
    found = engines(RUNNING, EMBEDDED, preference=Preference(engine="embedded"))

    assert ["embedded/m", "lmstudio/m"] == keys(await found.candidates())


async def test_an_engine_that_was_named_and_is_not_there_leaves_the_others():
    found = engines(RUNNING, FakeEngine("ollama"), preference=Preference(engine="ollama"))

    assert ["lmstudio/m"] == keys(await found.candidates())


async def test_a_configured_server_goes_before_one_that_was_found():
    desk = FakeEngine("desk", model("desk", tools=False))
    found = engines(RUNNING, desk, preference=Preference(servers=frozenset({"desk"})))

    assert ["desk/m", "lmstudio/m"] == keys(await found.candidates())


async def test_a_server_that_two_recognise_belongs_to_the_first():
    other = FakeEngine("openai_compatible", replace(RUNNING.offers[0], engine="openai_compatible"))

    assert ["lmstudio/m"] == keys(await engines(RUNNING, other).candidates())


async def test_a_server_is_the_same_by_either_name_of_this_machine():
    named = FakeEngine("desk", model("desk", base_url="http://localhost:1234"))
    found = FakeEngine("lmstudio", model("lmstudio", base_url="http://127.0.0.1:1234"))

    assert ["desk/m"] == keys(await engines(named, found).candidates())


async def test_what_is_known_can_be_had_without_waiting():
    engine, clock = FakeEngine("vllm", model("vllm")), Ticks()
    found = engines(engine, clock=clock)

    assert () == found.known()
    await found.refresh()
    assert ["vllm/m"] == keys(found.known())


async def test_what_is_known_is_not_asked_again_while_it_is_fresh():
    engine, clock = FakeEngine("vllm", model("vllm")), Ticks()
    found = engines(engine, clock=clock)
    await found.candidates()
    clock.time = 9.0
    await found.candidates()

    assert 1 == engine.asked


async def test_stale_knowledge_is_given_at_once_and_renewed_behind():
    engine, clock = FakeEngine("vllm", model("vllm")), Ticks()
    found = engines(engine, clock=clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(found.keep_fresh)
        await found.candidates()
        engine.offers = ()
        clock.time = 11.0

        assert ["vllm/m"] == keys(await found.candidates())
        with anyio.fail_after(20):
            while await found.candidates():
                await anyio.lowlevel.checkpoint()
        assert 2 == engine.asked
        tasks.cancel_scope.cancel()


async def test_old_knowledge_is_renewed_before_it_is_given():
    engine, clock = FakeEngine("vllm", model("vllm")), Ticks()
    found = engines(engine, clock=clock)
    await found.candidates()
    engine.offers = ()
    clock.time = 61.0

    assert () == await found.candidates()


async def test_an_engine_that_failed_is_asked_again_before_anybody_gets_it():
    engine = FakeEngine("vllm", model("vllm"))
    found = engines(engine)
    (chosen,) = await found.candidates()
    engine.offers = ()
    found.failed(chosen)

    assert () == await found.candidates()
    assert 2 == engine.asked


async def test_all_who_ask_at_once_share_one_answer():
    gate = anyio.Event()

    class Slow(FakeEngine):
        async def models(self):
            self.asked += 1
            await gate.wait()
            return self.offers

    engine, clock = Slow("vllm", model("vllm")), Ticks()
    found = engines(engine, clock=clock)
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(found.candidates)
        with anyio.fail_after(20):
            while not engine.asked:
                await anyio.lowlevel.checkpoint()
        clock.time = 0.5
        gate.set()

    assert 1 == engine.asked


async def test_one_engine_that_hangs_does_not_hide_the_others(monkeypatch):
    class Hanging(FakeEngine):
        async def models(self):
            await anyio.sleep(60)
            return self.offers

    monkeypatch.setattr("standby.app.local.engines._ASK_S", 0.2)
    with anyio.fail_after(20):
        found = await engines(Hanging("ollama", model("ollama")), RUNNING).candidates()

    assert ["lmstudio/m"] == keys(found)


async def test_an_engine_that_is_too_busy_to_answer_is_there_all_the_same(monkeypatch):
    class Busy(FakeEngine):
        asked = 0

        async def models(self):
            self.asked += 1
            if self.asked > 1:
                await anyio.sleep(60)
            return self.offers

    monkeypatch.setattr("standby.app.local.engines._ASK_S", 0.2)
    known = engines(Busy("ollama", model("ollama")), FakeEngine("lmstudio"))
    await known.refresh()
    with anyio.fail_after(20):
        await known.refresh()

    assert ["ollama/m"] == keys(known.known())


async def test_who_would_take_over_is_known_before_it_is_needed():
    assert RUNNING.offers[0] == await engines(RUNNING, EMBEDDED).would_take_over()
    assert await engines(FakeEngine("vllm")).would_take_over() is None


async def test_a_running_server_is_ready_and_one_of_ours_is_started():
    own = FakeStartable("embedded", model("embedded", base_url="", loaded=False))
    found = engines(RUNNING, own)
    running, offered = await found.candidates()

    assert running == await found.ready(running)
    served = await found.ready(offered)
    assert served.loaded
    assert 4096 == served.context_tokens
    assert [running, served] == list(await found.candidates())


async def test_a_start_that_takes_too_long_is_the_engines_failure(monkeypatch):
    class Slow(FakeStartable):
        async def start(self, model):
            await anyio.sleep(60)
            return model

    monkeypatch.setattr("standby.app.local.engines._READY_S", 0.05)
    own = Slow("embedded", model("embedded"))
    with anyio.fail_after(20), pytest.raises(EngineError, match="embedded/m was not ready"):
        await engines(own).ready(own.offers[0])


async def test_an_engine_is_found_by_its_model_and_an_unknown_one_is_an_error():
    found = engines(RUNNING)

    assert RUNNING is found.engine_of(RUNNING.offers[0])
    with pytest.raises(EngineError, match="no engine 'vllm'"):
        found.engine_of(model("vllm"))


async def test_only_what_is_ours_is_stopped():
    own = FakeStartable("embedded", model("embedded"))
    await engines(RUNNING, own).stop()

    assert 1 == own.stops
    assert isinstance(own, Startable)
    assert not isinstance(RUNNING, Startable)


async def test_an_engine_that_fails_again_and_again_comes_last_until_one_tried_it():
    first = FakeEngine("lmstudio", model("lmstudio"))
    clock = Ticks()
    found = engines(first, FakeEngine("vllm", model("vllm")), clock=clock)
    [best, _] = await found.candidates()
    for _ in range(3):
        found.failed(best)

    assert ["vllm/m", "lmstudio/m"] == keys(await found.candidates())
    clock.time = 5.0
    assert ["lmstudio/m", "vllm/m"] == keys(found.known())
    await found.ready(best)
    assert ["vllm/m", "lmstudio/m"] == keys(found.known()), "another one tries it"
    found.served(best)
    assert ["lmstudio/m", "vllm/m"] == keys(found.known())


async def test_a_request_that_an_engine_refuses_says_nothing_of_its_health():
    first = FakeEngine("lmstudio", model("lmstudio"))
    found = engines(first, FakeEngine("vllm", model("vllm")))
    [best, _] = await found.candidates()
    for _ in range(9):
        found.failed(best, refused=True)

    assert ["lmstudio/m", "vllm/m"] == keys(await found.candidates())


async def test_where_nobody_was_there_who_asks_looks_again():
    away, clock = FakeEngine("lmstudio"), Ticks()
    found = engines(away, clock=clock)
    assert () == await found.candidates()
    away.offers = (model("lmstudio"),)
    clock.time += 0.01

    assert ["lmstudio/m"] == keys(await found.candidates())


async def test_after_a_sleep_of_the_machine_all_are_asked_anew_and_nobody_is_left_alone():
    engine = FakeEngine("vllm", model("vllm"))
    found = engines(engine)
    (chosen,) = await found.candidates()
    for _ in range(4):
        found.failed(chosen)
    await found.candidates()
    before, rested = engine.asked, found.rests(chosen)
    found.woke()
    await found.candidates()

    assert rested
    assert not found.rests(chosen)
    assert before + 1 == engine.asked


async def test_a_server_that_was_started_with_a_smaller_model_meanwhile_is_asked_what_it_has():
    large = model("llamacpp", "large", context_tokens=65_536)
    small = replace(large, id="small", context_tokens=8192)
    engine = FakeEngine("llamacpp", large)
    found = engines(engine)
    (chosen,) = await found.candidates()
    engine.offers = (small,)  # at the same address; its server answers whatever it is asked for
    found.refused_by(chosen, 8192)

    assert (small,) == await found.candidates()


async def test_a_server_that_lies_is_known_by_what_it_refused_also_when_it_says_the_same_again():
    engine = FakeEngine("llamacpp", model("llamacpp", context_tokens=65_536))
    found = engines(engine)
    (chosen,) = await found.candidates()
    found.refused_by(chosen, 8192)
    (now,) = await found.candidates()

    assert (2, 8192) == (engine.asked, now.context_tokens)
    assert "says 65,536 tokens, and refuses what is longer than 8,192" in now.remark
