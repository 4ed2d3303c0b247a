"""The status line in the client's own settings."""

import json
import sys

import pytest

from standby.adapters.host import client_status_line
from standby.adapters.host.client_status_line import (
    StatusLineError,
    is_ours,
    own_settings,
    put,
    taken_out,
    value,
)

COMMAND = "standby statusline"
THEIRS = '{\n\t"theme": "dark",   "env": {"A": "\\u00e9"},\n\t"model": "opus" }\r\n'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "client" / "settings.json"


@pytest.fixture
def theirs(path):
    path.parent.mkdir()
    path.write_bytes(THEIRS.encode())
    return path


def test_it_is_put_there_and_taken_out_and_all_the_rest_stays_to_the_letter(theirs):
    theirs.chmod(0o640)

    assert "put" == put(theirs, COMMAND)
    assert {**json.loads(THEIRS), "statusLine": value(COMMAND)} == json.loads(theirs.read_bytes())
    assert 0o640 == theirs.stat().st_mode & 0o777 or sys.platform == "win32"

    assert taken_out(theirs)
    assert THEIRS.encode() == theirs.read_bytes()
    assert [theirs] == list(theirs.parent.iterdir())


def test_a_file_that_was_not_there_is_gone_again(path):
    put(path, COMMAND)
    assert {"statusLine": value(COMMAND)} == json.loads(path.read_text())

    assert taken_out(path)
    assert not path.exists() or {} == json.loads(path.read_text())


def test_twice_is_once(theirs):
    put(theirs, COMMAND)
    once = theirs.read_bytes()

    assert "there already" == put(theirs, COMMAND)
    assert once == theirs.read_bytes()


def test_another_command_of_ours_takes_the_place_of_the_old(theirs):
    put(theirs, f"/old/python -P -m {COMMAND}")
    put(theirs, COMMAND)

    assert COMMAND == json.loads(theirs.read_bytes())["statusLine"]["command"]


def test_a_line_of_the_users_own_is_neither_replaced_nor_taken_out(path):
    path.parent.mkdir()
    text = '{"statusLine": {"type": "command", "command": "~/mine.sh"}}'
    path.write_text(text)

    with pytest.raises(StatusLineError, match="of your own"):
        put(path, COMMAND)
    assert not taken_out(path)
    assert text == path.read_text()


@pytest.mark.parametrize("text", [b"{oops", b"[]", b"\xff", b"[" * 100_000])
def test_a_file_that_cannot_be_read_is_left_alone(path, text):
    path.parent.mkdir()
    path.write_bytes(text)

    with pytest.raises(StatusLineError, match="is not"):
        put(path, COMMAND)
    assert text == path.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="symlinks are for administrators there")
def test_a_symlink_stays_one(theirs, tmp_path):
    kept = tmp_path / "dotfiles.json"
    theirs.rename(kept)
    theirs.symlink_to(kept)

    put(theirs, COMMAND)
    assert theirs.is_symlink()
    assert taken_out(theirs)
    assert (True, THEIRS.encode()) == (theirs.is_symlink(), kept.read_bytes())


def test_what_somebody_else_wrote_meanwhile_is_not_lost(theirs, monkeypatch):
    def slowly(text, name, setting):
        theirs.write_text('{"new": 1}')
        return text

    monkeypatch.setattr(client_status_line, "with_member", slowly)
    with pytest.raises(StatusLineError, match="changed meanwhile"):
        put(theirs, COMMAND)

    assert '{"new": 1}' == theirs.read_text()
    assert [theirs] == list(theirs.parent.iterdir())


def test_the_users_own_file_is_where_the_client_looks(tmp_path):
    assert tmp_path / "settings.json" == own_settings({"CLAUDE_CONFIG_DIR": str(tmp_path)})
    assert "settings.json" == own_settings({}).name
    assert ".claude" == own_settings({}).parent.name


@pytest.mark.parametrize("other", [None, {}, {"command": 3}, {"command": "standby status"}])
def test_what_is_not_ours_is_not_taken_for_it(other):
    assert not is_ours(other)
