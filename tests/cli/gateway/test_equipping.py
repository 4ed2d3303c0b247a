"""What Claude Code gets of ours."""

import json
import os
import re
import stat
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from standby.adapters.host import client_status_line
from standby.cli import main
from standby.cli.gateway.equipping import PLUGIN, STATUS_LINE, equipped, with_us_on_path
from standby.core.settings import Client, Settings

NEITHER = replace(Settings(), client=Client(plugin=False, status_line=False))


@pytest.fixture
def given_to(environment, tmp_path):
    def give(*arguments, settings=None):
        return equipped(arguments, environment, tmp_path, settings or Settings())

    return give


def test_its_own_arguments_come_last(given_to):
    ours = ("--plugin-dir", str(PLUGIN), "--settings", str(STATUS_LINE))

    assert (*ours, "--continue") == given_to("--continue")


def test_the_settings_turn_both_off(given_to):
    assert ("--continue",) == given_to("--continue", settings=NEITHER)


@pytest.mark.parametrize("text", ['{"statusLine": {"command": "mine"}}', "{oops"])
def test_a_line_that_is_there_or_may_be_is_not_outweighed(given_to, environment, text):
    (Path(environment["CLAUDE_CONFIG_DIR"]) / "settings.json").write_text(text)

    assert "--settings" not in given_to()
    assert "--plugin-dir" in given_to()


def test_the_plugin_speaks_of_this_version_and_calls_commands_that_there_are():
    manifest = json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_text())
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    texts = "".join(file.read_text() for file in PLUGIN.rglob("*") if file.is_file())
    called = set(re.findall(r"`standby ([a-z]+)|\"standby ([a-z]+)\"", texts))

    assert project["version"] == manifest["version"]
    assert ["mcp"] == manifest["mcpServers"]["standby"]["args"]
    assert {"hook", "status", "statusline"} == {a or b for a, b in called} <= set(main.names())


def test_the_line_of_one_run_is_that_of_every_run():
    shipped = json.loads(STATUS_LINE.read_text())

    assert {client_status_line.NAME: client_status_line.value("standby statusline")} == shipped


@pytest.mark.skipif(sys.platform == "win32", reason="programs have a suffix there")
@pytest.mark.parametrize("known", [True, False])
def test_our_program_is_found_and_hides_nothing(tmp_path, monkeypatch, known):
    (tmp_path / "bin").mkdir()
    (tmp_path / "ours").mkdir()
    for folder in ("bin", "ours") if known else ("ours",):
        program = tmp_path / folder / "standby"
        program.touch()
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "ours" / "python"))
    before = str(tmp_path / "bin")
    after = with_us_on_path({"PATH": before})["PATH"]

    assert ([before] if known else [before, str(tmp_path / "ours")]) == after.split(os.pathsep)


def test_without_a_program_of_ours_the_path_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    assert {"PATH": "x"} == with_us_on_path({"PATH": "x"})
