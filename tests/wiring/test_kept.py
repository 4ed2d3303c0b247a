"""What local models have read is kept where the settings say so, and only there."""

from dataclasses import replace

import pytest

from standby.adapters.host.clock import SystemClock
from standby.adapters.host.paths import paths
from standby.adapters.net import http_client
from standby.app.local.engines import Engines, Preference
from standby.core.settings import Settings
from standby.wiring.engines import engines_of, kept_of, slots_of

pytestmark = pytest.mark.anyio

OFF = Settings()
ON = replace(OFF, local=replace(OFF.local, keep_warm=True, sleep_after_s=100))


@pytest.fixture
def where(tmp_path):
    return paths({"STANDBY_HOME": str(tmp_path)})


@pytest.fixture
def nothing_blocks():
    """The test itself looks into a folder."""


def test_nothing_is_kept_unless_it_is_wished(where):
    where.slots.mkdir(parents=True)
    (where.slots / "0f.slot").write_bytes(b"what was said")

    assert slots_of(OFF, where, b"key") is None
    assert [] == list(where.slots.iterdir())


def test_where_it_cannot_be_kept_the_log_says_so(where, caplog):
    where.state.mkdir(parents=True)
    where.slots.write_text("no folder")

    assert slots_of(ON, where, b"key") is None
    assert "not kept" in caplog.text


async def test_those_that_we_start_are_told_where_and_nobody_else(where, nothing_blocks):
    slots = slots_of(ON, where, b"key")
    async with http_client() as client:
        engines = engines_of(ON, where, client, kept=slots)

    assert {"embedded", "on_path"} == {
        one.name for one in engines if getattr(one, "_kept", None) is not None
    }


def test_who_saves_it_knows_when_an_engine_sleeps(where):
    engines = Engines([], Preference(), SystemClock())

    assert kept_of(None, ON, engines, SystemClock()) is None
    assert kept_of(slots_of(ON, where, b"key"), ON, engines, SystemClock())._awake_s == 100.0
