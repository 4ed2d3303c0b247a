"""How long an engine may take is what the settings say, for every kind of engine."""

from dataclasses import replace

import pytest

from standby.adapters.engines.chat import Patience
from standby.adapters.host.paths import paths
from standby.adapters.net import http_client
from standby.core.settings import Local, Server, Settings
from standby.wiring.engines import engines_of

pytestmark = pytest.mark.anyio


async def test_every_engine_is_waited_for_as_long_as_the_settings_say(tmp_path):
    named = Server(name="box", kind="vllm", url="http://127.0.0.1:9")
    local = replace(Local(), first_byte_s=7.0, idle_s=3.0, servers=(named,))
    where = paths({"STANDBY_HOME": str(tmp_path)})

    async with http_client() as client:
        engines = engines_of(replace(Settings(), local=local), where, client)

    assert {"box", "ollama", "lmstudio", "on_path", "embedded"} <= {one.name for one in engines}
    assert {Patience(7.0, 3.0)} == {one._patience for one in engines}
