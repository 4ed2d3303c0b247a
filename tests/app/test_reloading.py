"""The settings are read again when their file has changed, and a broken file changes nothing."""

import logging

import pytest

from standby.app.reloading import Reloading
from standby.core.settings import Settings, parse

pytestmark = pytest.mark.anyio

SPARE = parse({"policy": {"mode": "spare"}})
PORT = parse({"gateway": {"port": 1}, "policy": {"mode": "local"}})


class File:
    """A settings file that a test changes."""

    def __init__(self):
        self.version, self.holds, self.reads, self.taken = 1, Settings(), 0, []
        self.reloading = Reloading(lambda: self.version, self._read, Settings(), self._take)

    async def _take(self, settings):
        self.taken.append(settings)

    def _read(self):
        self.reads += 1
        return self.holds

    async def becomes(self, holds):
        self.version += 1
        self.holds = holds
        await self.reloading.look()


async def test_an_unchanged_file_is_not_read_again():
    file = File()

    await file.reloading.look()

    assert (0, []) == (file.reads, file.taken)


async def test_changed_settings_count_at_once(caplog):
    caplog.set_level(logging.INFO)
    file = File()

    await file.becomes(SPARE)
    await file.reloading.look()

    assert [SPARE] == file.taken
    assert "the settings were read again" in caplog.text
    assert "restart" not in caplog.text


async def test_what_waits_for_a_restart_is_named(caplog):
    await File().becomes(PORT)

    assert "restart to apply: gateway.port" in caplog.text


async def test_what_waits_is_known_until_it_is_as_it_was():
    file = File()

    await file.becomes(PORT)
    waiting = file.reloading.waiting
    await file.becomes(SPARE)

    assert (("gateway.port",), ()) == (waiting, file.reloading.waiting)
    assert 2 == len(file.taken), "the rest counts at once"


async def test_a_broken_file_leaves_all_as_it_was_and_says_so_until_it_is_mended(caplog):
    file = File()

    await file.becomes("config.toml:3: policy.mode: 'fast' is not allowed here")
    fault = file.reloading.fault
    await file.becomes(SPARE)

    assert "config.toml:3" in fault
    assert "the old ones stay" in caplog.text
    assert ("", [SPARE]) == (file.reloading.fault, file.taken)
