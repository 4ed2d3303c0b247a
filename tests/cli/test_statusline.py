import io
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.fakes.gateway import running_gateway


@pytest.fixture
def settings(environment):
    return Path(environment["CLAUDE_CONFIG_DIR"]) / "settings.json"


class Input(io.TextIOWrapper):
    def __init__(self, said):
        super().__init__(io.BytesIO(said))


def test_it_prints_the_line_also_when_it_is_called_the_slow_way(standby, where, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stdin", Input(b'{"model": {"display_name": "Opus 5.5"}}'))
    with running_gateway(where, glance={"answering": "cloud"}):
        said = standby("statusline")

    assert (0, "") == (said.code, said.err)
    assert "● cloud · Opus 5.5 · no local model\n" == said.out


def test_install_shows_what_it_would_write_and_writes_nothing(standby, settings):
    said = standby("statusline", "--install")

    assert "statusline" in json.loads(said.out)["statusLine"]["command"]
    assert str(settings) in said.err
    assert not settings.exists()


def test_it_writes_when_it_is_asked_to_and_can_undo_it(standby, settings):
    settings.write_text('{"theme": "dark"}')

    assert standby("statusline", "--install", "--write").err.startswith("standby: put")
    assert {"theme", "statusLine"} == set(json.loads(settings.read_text()))
    assert standby("statusline", "--install", "--write").err.startswith("standby: there already")
    assert standby("statusline", "--uninstall").err.startswith("standby: taken out of")
    assert '{"theme": "dark"}' == settings.read_text()
    assert standby("statusline", "--uninstall").err.startswith(
        "standby: there was no status line of ours"
    )


def test_a_line_of_the_users_own_stays_and_it_says_what_to_do(standby, settings):
    settings.write_text('{"statusLine": {"type": "command", "command": "mine"}}')
    said = standby("statusline", "--install", "--write")

    assert (1, "") == (said.code, said.out)
    assert "of your own" in said.err
    assert "Call `standby statusline` in your own command" in said.err


@pytest.mark.parametrize("words", [("--write",), ("--install", "--uninstall")])
def test_what_makes_no_sense_together_is_not_understood(standby, words):
    assert 2 == standby("statusline", *words).code


def test_without_the_program_on_the_path_the_interpreter_is_named(standby, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    command = json.loads(standby("statusline", "--install").out)["statusLine"]["command"]

    assert command.endswith(" -P -m standby statusline")
    assert shutil.which(command.partition(" ")[0].strip("'")) or os.name == "nt"
