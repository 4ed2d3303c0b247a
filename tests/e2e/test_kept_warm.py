"""What the real engine has read outlives a restart, where that is wanted; else nothing is kept."""

import os
import stat

import pytest

from standby.testing.accounts import API_KEY as ME
from tests.e2e.asking import HELLO, Client
from tests.e2e.gateway import Gateway, model
from tests.e2e.test_warm import WARM, warm

pytestmark = [pytest.mark.anyio, pytest.mark.alone]

LONG = {**HELLO, "system": " ".join(f"word {n}" for n in range(800)), "stream": True}
SESSION = {"x-claude-code-session-id": "s-1"}


def kept(folder):
    return [path for path in folder.rglob("*") if path.parent.name == "slots"]


async def test_after_a_restart_an_answer_comes_out_of_what_was_read_before_it(tmp_path, cloud):
    settings = {**WARM, "LOCAL_KEEP_WARM": "true"}
    async with Gateway(tmp_path, cloud.url, await model(), settings) as gateway:
        await Client(gateway, ME)("POST", "/v1/messages", LONG, **SESSION)
        await warm(gateway)
        took_s = await gateway.stop()
    assert took_s < 8
    (file,) = kept(tmp_path)
    if os.name != "nt":
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (file.parent, file)]
        assert [0o700, 0o600] == modes

    cloud.exhaust(ME)
    async with Gateway(tmp_path, cloud.url, await model(), settings) as gateway:
        answer = await Client(gateway, ME)("POST", "/v1/messages", LONG, **SESSION)
        row, *_ = await gateway.recent()
        log = gateway.log

    assert answer.by.startswith("local")
    assert 1 == row["input_tokens"]
    assert row["cache_read_tokens"] > 2_000
    assert "begins cold" not in log
    assert "not kept" not in log
    assert [file.name[:64]] == [path.name[:64] for path in kept(tmp_path)], "his, written anew"

    async with Gateway(tmp_path, cloud.url, await model(), {"LOCAL_WARM": "off"}) as gateway:
        await Client(gateway, ME)("POST", "/v1/messages", LONG, **SESSION)
    assert [] == kept(tmp_path)
