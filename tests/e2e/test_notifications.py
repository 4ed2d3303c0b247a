"""A person who looks elsewhere is told, by the program of their desktop."""

import json
import os
import sys
from dataclasses import dataclass

import pytest

from standby.testing import accounts
from standby.testing.standing import Limit
from tests.e2e.asking import Client
from tests.e2e.gateway import Gateway, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="the fake is that of a Linux desktop"),
]

FAKE = """#!{python}
import json, os, sys
with open({file!r}, "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
"""


@dataclass
class OnADesktop(Gateway):
    """A gateway that finds `notify-send`."""

    @property
    def environment(self):
        path = os.pathsep.join([str(self.folder / "bin"), os.defpath])
        return {**super().environment, "PATH": path}


async def test_a_limit_and_its_end_are_told_once_each_in_words_of_ours(tmp_path, cloud):
    said = tmp_path / "said"
    (tmp_path / "gateway" / "bin").mkdir(parents=True, mode=0o700)
    program = tmp_path / "gateway" / "bin" / "notify-send"
    program.write_text(FAKE.format(python=sys.executable, file=str(said)))
    program.chmod(0o700)

    def told():
        lines = said.read_text().splitlines() if said.exists() else []
        return [json.loads(line)[-2:] for line in lines]

    async with OnADesktop(
        tmp_path / "gateway", cloud.url, settings={"GATEWAY_NOTIFY": "desktop"}
    ) as gateway:
        client = Client(gateway, accounts.SUBSCRIPTION)
        await client.say("canary of a prompt")
        cloud.limit(accounts.SUBSCRIPTION, Limit(after=0, seconds=8))
        await client.say("canary of a prompt")
        await until(lambda: any("Nobody can answer" in title for title, _ in told()), 40)
        await until(lambda: any("The cloud answers again" in title for title, _ in told()), 40)
        titles = [title for title, _ in told()]

    assert sorted(set(titles)) == sorted(titles)
    assert any("5h window is used" in title for title in titles)
    assert any("5-hour limit" in words for _, words in told())
    assert "open -> exhausted: the 5-hour limit is reached" in gateway.log
    assert "canary" not in said.read_text() + gateway.log
