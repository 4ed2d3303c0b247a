import sys

import pytest

from standby.adapters.host.client_settings import client_settings
from standby.cli.gateway import GatewayError, launch
from tests.fakes.gateway import FakeGateway, running_gateway

NOTHING = (sys.executable, "-c", "")


def test_one_that_runs_is_reused_and_there_is_nothing_to_say(where, environment):
    said = []
    code = "import os, sys; sys.exit(os.environ['ANTHROPIC_BASE_URL'] != sys.argv[1])"
    with running_gateway(where) as fake:
        command = (sys.executable, "-c", code, fake.url)

        assert launch(where, command, environment, say=said.append) == 0

    assert [] == said


def test_one_of_another_version_is_pointed_out(where, environment):
    said = []
    with FakeGateway(where) as fake:
        fake.announce(version="0.0.1")
        launch(where, NOTHING, environment, say=said.append)

    assert "the gateway that runs is version 0.0.1" in said[0]
    assert "`standby restart` brings it up to date" in said[0]


def test_another_provider_is_pointed_out(where, environment):
    said = []
    with running_gateway(where):
        launch(where, NOTHING, environment | {"CLAUDE_CODE_USE_VERTEX": "1"}, say=said.append)

    assert ["CLAUDE_CODE_USE_VERTEX is set: its requests go to another provider"] == said


def test_the_token_is_not_handed_to_a_client_of_an_impostor(where, environment):
    with (
        running_gateway(where, knows_token=False),
        pytest.raises(GatewayError, match="does not know the token"),
    ):
        launch(where, NOTHING, environment, say=print)


def test_the_users_own_settings_are_only_read(where, environment, tmp_path):
    file = tmp_path / "client" / "settings.json"
    file.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://x.example"}}')
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    said = []
    with running_gateway(where):
        launch(where, NOTHING, environment, say=said.append)

    assert client_settings(environment, None)[-1].path == file
    assert f"{file} sets ANTHROPIC_BASE_URL" in said[0]
    assert before == (file.read_bytes(), file.stat().st_mtime_ns)
