"""The commands that have a server load and unload, with a gateway and without one."""

import json

import pytest
from anyio.from_thread import start_blocking_portal

from tests.fakes import gateway as fake_gateway
from tests.fakes.engines import serve
from tests.fakes.managed import LmStudio

pytestmark = pytest.mark.timeout(60)

KEY = fake_gateway.MODEL["key"]


@pytest.fixture
def studio(where, monkeypatch):
    """An LM Studio that the settings name."""
    held = LmStudio({"qwen/coder": 262_144})
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(held.answers)) as server,
    ):
        where.make()
        where.config_file.parent.mkdir(parents=True, exist_ok=True)
        where.config_file.write_text(
            f'[[local.servers]]\nname = "desk"\nkind = "lmstudio"\nurl = "{server.url}"\n'
        )
        yield held


def test_without_a_gateway_the_server_itself_is_told(standby, studio):
    said = standby("models", "load", "desk/qwen/coder", "--context", "32768")

    assert (0, "") == (said.code, said.out)
    assert "desk/qwen/coder is loaded, with a window of 32,768 tokens" in said.err
    assert {"qwen/coder": ("qwen/coder", 32_768)} == studio.instances

    assert "desk/qwen/coder is no longer in memory" in standby("models", "unload", "coder").err
    assert {} == studio.instances


def test_a_window_that_was_not_given_is_told(standby, studio):
    studio.small = True
    said = standby("models", "load", "coder", "--context", "65536").err

    assert "with a window of 4,096 tokens" in said
    assert "note: 65,536 tokens were asked for" in said


def test_the_same_as_json(standby, studio):
    assert {"key": "desk/qwen/coder", "context_tokens": 65_536} == json.loads(
        standby("models", "load", "coder", "--json").out
    )
    assert (
        "desk/qwen/coder" == json.loads(standby("models", "unload", "coder", "--json").out)["key"]
    )


def test_what_is_not_there_is_told_with_what_there_is(standby, studio):
    said = standby("models", "load", "nothing")

    assert 1 == said.code
    assert "there is no model 'nothing' on this machine; there is: desk/qwen/coder" in said.err
    assert "`standby models` lists what the engines have" in said.err


def test_what_the_server_refuses_is_told_in_its_words(standby, studio):
    studio.full = True
    said = standby("models", "load", "coder")

    assert 1 == said.code
    assert "LM Studio said 500: insufficient system resources" in said.err


def test_the_running_gateway_is_told_where_there_is_one(standby, where):
    with fake_gateway.running_gateway(where) as gateway:
        said = standby("models", "load", KEY)
        refused = standby("models", "unload", "nothing")

    assert f"{KEY} is loaded, with a window of 4,096 tokens" in said.err
    asked = [path for path, _ in gateway.requests if "/models/" in path]
    assert "/standby/models/load?model=ollama%2Fqwen3-coder%3A30b&context=0" == asked[0]
    assert 1 == refused.code
    assert "there is no model 'nothing'" in refused.err
