"""What a person asks of the engines, and what standby does by itself before an answer."""

import anyio
import pytest

from standby.app.local.engines import Engines, Preference
from standby.app.local.lifecycle import Lifecycle
from standby.core.models.facts import LocalModel
from standby.ports import EngineError

pytestmark = pytest.mark.anyio


class Ticks:
    def now(self):
        return 0.0

    def ticks(self):
        return 0.0


class Server:
    """A server of somebody else, which holds what it is told to."""

    name = "studio"

    def __init__(self, *models, loads_small=True, error=None):
        self.held = dict.fromkeys(models)
        self.loads_small = loads_small
        self.error = error
        self.told = []
        self.free = anyio.Event()
        self.free.set()

    async def models(self):
        return tuple(
            LocalModel(self.name, name, "http://127.0.0.1:1234", window, loaded=window is not None)
            for name, window in self.held.items()
        )

    def chat(self, model, body):
        raise NotImplementedError

    async def count(self, _model, _body):
        return None

    async def load(self, model, context_tokens):
        await self.free.wait()
        self.told.append(("load", model.id, context_tokens))
        if self.error is not None:
            raise self.error
        self.held[model.id] = context_tokens
        return next(one for one in await self.models() if one.id == model.id)

    async def unload(self, model):
        self.told.append(("unload", model.id))
        self.held[model.id] = None


class Plain:
    """An engine that can be told nothing."""

    name = "plain"

    async def models(self):
        return (LocalModel(self.name, "x", "http://127.0.0.1:1"),)

    def chat(self, model, body):
        raise NotImplementedError

    async def count(self, _model, _body):
        return None


async def ready(server, name, **preference):
    engines = Engines([server], Preference(**preference), Ticks())
    await engines.refresh()
    return await engines.ready(engines.named(name)), engines


async def test_a_model_that_its_server_would_load_too_small_is_loaded_with_a_window_for_work():
    server = Server("coder")
    served, engines = await ready(server, "coder")

    assert [("load", "coder", 65_536)] == server.told
    assert (65_536, True) == (served.context_tokens, served.loaded)
    assert [65_536] == [model.context_tokens for model in engines.known()]


async def test_the_window_of_the_settings_goes_before_that():
    server = Server("coder")
    await ready(server, "coder", context=32_768)

    assert [("load", "coder", 32_768)] == server.told


async def test_what_is_loaded_stays_as_the_user_loaded_it():
    server = Server("coder")
    server.held["coder"] = 4096
    served, _ = await ready(server, "coder")

    assert [] == server.told
    assert 4096 == served.context_tokens


async def test_beside_another_model_nothing_is_loaded_unless_standby_may_manage_the_server():
    server = Server("coder", "other")
    server.held["other"] = 4096

    served, _ = await ready(server, "coder")
    assert ([], False) == (server.told, served.loaded)

    served, _ = await ready(server, "coder", manage=True)
    assert ([("load", "coder", 65_536)], True) == (server.told, served.loaded)
    assert 4096 == server.held["other"]


async def test_a_server_that_loads_as_one_would_is_left_to_it():
    server = Server("coder", loads_small=False)
    await ready(server, "coder")

    assert [] == server.told


@pytest.mark.parametrize("status", [404, 501])
async def test_a_server_that_cannot_be_told_loads_as_it_does(status):
    server = Server("coder", error=EngineError("no such thing", status))
    served, _ = await ready(server, "coder")

    assert not served.loaded


async def test_a_load_that_fails_is_a_failure_of_the_answer():
    server = Server("coder", error=EngineError("out of memory", 500))
    with pytest.raises(EngineError, match="out of memory"):
        await ready(server, "coder")


async def test_all_who_need_it_wait_for_the_one_load():
    server = Server("coder")
    server.free = anyio.Event()
    engines = Engines([server], Preference(), Ticks())
    await engines.refresh()
    model = engines.named("coder")
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(engines.ready, model)
        await anyio.wait_all_tasks_blocked()
        server.free.set()

    assert [("load", "coder", 65_536)] == server.told


async def test_a_person_may_have_it_loaded_again_with_another_window():
    server = Server("maker/coder")
    lifecycle = Lifecycle(Engines([server], Preference(), Ticks()))

    assert 65_536 == (await lifecycle.load("coder")).context_tokens
    assert 65_536 == (await lifecycle.load("studio/maker/coder")).context_tokens
    assert 131_072 == (await lifecycle.load("coder", 131_072)).context_tokens
    assert [65_536, 131_072] == [window for _, _, window in server.told]


async def test_a_person_may_have_it_unloaded_and_it_is_known_at_once():
    server = Server("coder")
    engines = Engines([server], Preference(), Ticks())
    lifecycle = Lifecycle(engines)
    await lifecycle.load("coder")
    assert "studio/coder" == (await lifecycle.unload("coder")).key

    assert [False] == [model.loaded for model in await engines.candidates()]
    assert ("unload", "coder") == server.told[-1]


async def test_a_name_that_no_engine_has_is_told_with_those_there_are():
    lifecycle = Lifecycle(Engines([Server("coder")], Preference(), Ticks()))
    with pytest.raises(EngineError, match="no model 'nothing' on this machine; there is: studio/c"):
        await lifecycle.load("nothing")


async def test_an_engine_that_can_be_told_nothing_says_so():
    lifecycle = Lifecycle(Engines([Plain()], Preference(), Ticks()))
    with pytest.raises(EngineError, match="plain cannot be told to unload"):
        await lifecycle.unload("x")
    with pytest.raises(EngineError, match="plain cannot be told to load"):
        await lifecycle.load("x", 8192)
