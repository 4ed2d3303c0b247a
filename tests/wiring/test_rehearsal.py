import asyncio
import sys
from contextlib import AsyncExitStack

import pytest

from standby.adapters.host.paths import paths
from standby.adapters.net import http_client
from standby.app.drill.stage import Heard, StageError
from standby.core.handback import marks
from standby.core.wire.json import dumps
from standby.testing.cloud import FakeCloud
from standby.testing.log import Received
from standby.wiring.rehearsal import clients, folders, hearing, showing
from standby.wiring.rehearsal.stage import SetUp


@pytest.fixture
def homes(tmp_path):
    user = paths({"STANDBY_HOME": str(tmp_path / "user")})
    own = paths({"STANDBY_HOME": str(tmp_path / "own")})
    user.make()
    return own, user


def test_the_drill_shares_the_models_of_the_user_and_reads_the_settings(homes):
    own, user = homes
    user.config_file.write_text("[local]\nfetch = false\n")
    folders.furnish(own, user)
    (user.models / "small.gguf").write_bytes(b"GGUF")

    assert b"GGUF" == (own.models / "small.gguf").read_bytes()
    assert "[local]\nfetch = false\n" == own.config_file.read_text()


def test_where_links_to_folders_are_not_allowed_the_files_are_shared(homes, monkeypatch):
    own, user = homes
    user.models.mkdir()
    (user.models / "small.gguf").write_bytes(b"GGUF")

    def refuse(*_where, **_how):
        raise OSError("not allowed")

    monkeypatch.setattr(type(own.models), "symlink_to", refuse)
    folders.furnish(own, user)

    assert b"GGUF" == (own.models / "small.gguf").read_bytes()


@pytest.mark.anyio
async def test_folders_that_cannot_be_used_are_told_and_are_no_bug(homes, tmp_path):
    _own, user = homes
    user.data.rmdir()
    user.data.touch()
    async with FakeCloud() as cloud, http_client() as http, AsyncExitStack() as stack:
        stage = SetUp(tmp_path / "drill", user, cloud, http, clients.SDK, stack)
        with pytest.raises(StageError, match="your folders cannot be used") as told:
            await stage.open(lambda _who, _words: None)

    assert "STANDBY_HOME" in told.value.hint
    assert () == stage.log()  # no gateway has said anything


@pytest.mark.anyio
async def test_the_folder_goes_in_the_end_and_the_users_models_stay(homes):
    _own, user = homes
    async with folders.own_folder(keep=False) as folder:
        own = paths({"STANDBY_HOME": str(folder)})
        await asyncio.to_thread(folders.furnish, own, user)
        (user.models / "small.gguf").write_bytes(b"GGUF")

    assert not folder.exists()
    assert (user.models / "small.gguf").exists()


@pytest.fixture
def installed(monkeypatch):
    """Say what this machine has: the path of Claude Code, and whether there is an SDK."""

    def set_up(*, claude, sdk):
        monkeypatch.setattr(clients.shutil, "which", lambda _name: claude)
        found = object() if sdk else None
        monkeypatch.setattr(clients.importlib.util, "find_spec", lambda _name: found)

    return set_up


@pytest.mark.parametrize(
    ("wanted", "claude", "sdk", "script"),
    [
        ("auto", "/bin/claude", True, "sdk_client"),
        ("auto", "/bin/claude", False, "claude_client"),
        ("auto", None, False, "plain_client"),
        ("sdk", None, True, "sdk_client"),
        ("claude", "/bin/claude", True, "claude_client"),
    ],
)
def test_the_client_is_the_one_asked_for_or_the_best_there_is(
    installed, wanted, claude, sdk, script
):
    installed(claude=claude, sdk=sdk)

    assert script == clients.role(wanted).script


@pytest.mark.parametrize("wanted", ["sdk", "claude"])
def test_a_client_that_is_not_there_is_said_to_be_missing(installed, wanted):
    installed(claude=None, sdk=False)
    with pytest.raises(StageError, match="not installed"):
        clients.role(wanted)


def received(*blocks, **how):
    messages = [{"role": "assistant", "content": list(blocks)}]
    body = dumps({"model": "m", "messages": messages})
    return Received(1.0, "POST", "/v1/messages", (), body, **how)


def test_what_the_cloud_heard_is_looked_through_for_thoughts_and_marks():
    its_own = {"type": "thinking", "thinking": "", "signature": "abc"}
    ours = {"type": "thinking", "thinking": "", "signature": marks.NOTICE}
    heard = hearing.heard(received(its_own, ours, its_own, status=200))

    assert Heard(1.0, 200, refused=False, marked=True, thoughts=2) == heard
    assert not hearing.heard(received(its_own)).marked


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"messages": [1, {"role": "assistant"}]}'])
def test_a_body_that_is_no_request_holds_no_thoughts(body):
    assert 0 == hearing.thoughts(body)


@pytest.mark.parametrize("event", [{"event": "answer"}, None, 7, {"event": "dance"}])
def test_a_client_that_says_what_nobody_understands_ends_the_drill(event):
    with pytest.raises(StageError, match="nobody understands"):
        hearing.answer(event)


def test_names_of_models_cannot_move_the_cursor():
    assert "a\N{REPLACEMENT CHARACTER}[2Jb\n" == showing.printable("a\x1b[2Jb\n")


@pytest.mark.parametrize(
    ("encoding", "signs"),
    [("utf-8", ("✓", "✗")), ("cp1252", ("ok", "NO")), ("nonsense", ("ok", "NO"))],
)
def test_ticks_are_shown_where_they_can_be(monkeypatch, encoding, signs):
    class Out:
        pass

    Out.encoding = encoding
    monkeypatch.setattr(sys, "stdout", Out())
    found = showing.signs()
    monkeypatch.undo()
    assert signs == found
