"""A server that fails is left alone for longer each time, and each failure has its lesson."""

import asyncio

import pytest

from standby.adapters.engines.launch import STARTED, Pause, environment, learn_nothing
from standby.adapters.net import http_client
from standby.core.models.facts import LocalModel
from standby.ports import EngineError

pytestmark = pytest.mark.anyio


def test_its_threads_wait_asleep_unless_somebody_says_otherwise():
    assert {"PATH": "/bin", "KEY": "1", "OMP_WAIT_POLICY": "passive"} == environment(
        {"PATH": "/bin", "ANTHROPIC_API_KEY": "x"}, KEY="1"
    )
    assert {"OMP_WAIT_POLICY": "active"} == environment({"OMP_WAIT_POLICY": "active"})


async def test_after_the_first_failure_it_is_started_at_once_and_then_after_ever_longer(
    monkeypatch,
):
    loop, pause, waits = asyncio.get_running_loop(), Pause(), []
    at = loop.time()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: _Clock(at))
    pause.check("it")
    for _ in range(9):
        pause.failed("it broke")
        waits.append(round(pause._until - at))

    assert [0, 2, 4, 8, 16, 32, 60, 60, 60] == waits
    with pytest.raises(
        EngineError, match=r"it failed 9 times in a row; next try in 60 s: it broke"
    ):
        pause.check("it")


async def test_one_that_has_run_for_long_begins_anew():
    pause = Pause()
    for _ in range(3):
        pause.failed("it broke")
    pause.failed("it broke", ran_s=61.0)

    pause.check("it")


class _Clock:
    def __init__(self, at):
        self.at = at

    def time(self):
        return self.at


async def test_what_we_start_is_not_looked_for_and_teaches_nothing_by_itself():
    async with http_client() as client:
        assert await STARTED.probe(client, "http://127.0.0.1:1", None) is None

    lesson = await learn_nothing(LocalModel("e", "m", ""), None)
    assert ("", "") == (lesson.otherwise, lesson.words)
