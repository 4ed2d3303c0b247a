import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from standby.cli import main

COMMANDS = main.names()
HEAVY = {"aiohttp", "rich", "uvloop", "asyncio", "standby.wiring", "standby.server"}


def leaves(command, path=()):
    yield path, command
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from leaves(one, (*path, name))


ALL = dict(leaves(main.group(COMMANDS)))
GROUPS = {path for path, command in ALL.items() if isinstance(command, click.Group)}


def test_the_commands_are_those_of_the_plan():
    plan = (
        "bench claude completion config dashboard data doctor down drill env explain faults"
        " hook log mcp models prices restart review run serve simulate status statusline token up"
        " usage use warm"
    )

    assert plan.split() == list(COMMANDS)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_says_what_it_does_and_shows_examples(standby, path):
    said = standby(*path, "--help")

    assert (0, "") == (said.code, said.err)
    assert "Examples:" in said.out
    assert f"standby {' '.join(path)}".strip() in said.out


@pytest.mark.parametrize("path", sorted(GROUPS), ids=" ".join)
def test_what_a_command_does_is_not_cut_off_in_the_list(standby, path):
    _usage, *lines = standby(*path, "--help").out.splitlines()

    assert [] == [line for line in lines if line.endswith("...")]


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_is_explained(path):
    context = click.Context(ALL[path])
    unexplained = [
        one.name
        for one in ALL[path].get_params(context)
        if isinstance(one, click.Option) and not one.help
    ]

    assert [] == unexplained


def test_called_without_anything_it_shows_what_there_is(standby):
    said = standby()

    assert said.code == 0
    assert all(name in said.out for name in COMMANDS)
    assert "Exit codes:" in said.out


@pytest.mark.parametrize("name", ["config", "faults"])
def test_a_group_called_without_a_command_shows_what_there_is(standby, name):
    assert standby(name, "--help") == standby(name)


@pytest.mark.parametrize(
    "words",
    [
        ("up",),
        ("env",),
        ("token",),
    ],
)
def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(
    standby, monkeypatch, tmp_path, words
):
    (tmp_path / "taken").touch()
    monkeypatch.setenv("STANDBY_HOME", str(tmp_path / "taken" / "home"))
    said = standby(*words)

    assert (1, "") == (said.code, said.out)
    assert str(tmp_path / "taken") in said.err
    assert "STANDBY_HOME" in said.err


def test_choices_are_told_without_signs_that_cannot_be_printed(standby):
    said = standby("completion")

    assert 2 == said.code
    assert "bash" in said.err
    assert "\N{REPLACEMENT CHARACTER}" not in said.err


def test_the_version_is_that_of_the_project(standby):
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())

    assert f"standby {project['project']['version']}\n" == standby("--version").out


def test_a_mistyped_command_is_told_what_was_probably_meant(standby):
    said = standby("statsu")

    assert (2, "") == (said.code, said.out)
    assert "there is no command 'statsu'\n\nDid you mean `standby status`?" in said.err


@pytest.mark.parametrize(
    "words", [("status", "--jsno"), ("--nope",), ("config", "shwo"), ("env", "x")]
)
def test_what_is_not_understood_is_two_and_says_where_help_is(standby, words):
    said = standby(*words)

    assert (2, "") == (said.code, said.out)
    assert "--help` shows how it is used" in said.err


def test_an_option_without_its_value_is_told_where_its_own_help_is(standby):
    assert "`standby use --help` shows how it is used." in standby("use", "--for").err


def test_faulty_settings_are_a_sentence_and_not_a_trace(standby, where):
    where.config.mkdir(parents=True)
    where.config_file.write_text('[cloud]\noverage = "usee"\n')

    said = standby("config", "show")

    assert (1, "") == (said.code, said.out)
    assert "config.toml:2: cloud.overage" in said.err
    assert "did you mean 'use'?" in said.err
    assert "Traceback" not in said.err


def test_a_home_that_cannot_be_is_a_sentence(standby, monkeypatch):
    monkeypatch.setenv("STANDBY_HOME", "not/absolute")

    said = standby("status")

    assert (1, "") == (said.code, said.out)
    assert "STANDBY_HOME must be an absolute path" in said.err


@pytest.mark.parametrize("error", [KeyboardInterrupt, EOFError])
def test_ctrl_c_ends_with_130(standby, monkeypatch, error):
    def interrupted():
        raise error

    monkeypatch.setattr("standby.cli.gateway.at_home", interrupted)

    assert standby("status").code == 130


def test_a_bug_is_not_hidden(standby, monkeypatch):
    def broken():
        raise ZeroDivisionError

    monkeypatch.setattr("standby.cli.gateway.at_home", broken)

    with pytest.raises(ZeroDivisionError):
        standby("status")


@pytest.mark.parametrize(
    "words", ["status", "env", "config path", "--version", "log", "token show"]
)
def test_a_cheap_command_imports_nothing_heavy(environment, words):
    code = (
        "import sys; from standby.cli.main import run; run(sys.argv[1:]);"
        " print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words.split()],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(done.stderr.split())

    assert "standby.cli.main" in imported
    assert set() == HEAVY & imported


def test_one_command_does_not_import_another(environment):
    code = "import sys; from standby.cli.main import run; run(['--version']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert {f"standby.cli.{name}" for name in COMMANDS}.isdisjoint(done.stdout.split())


@pytest.mark.skipif(sys.platform == "win32", reason="streams are closed as a POSIX shell does")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    "words", ["prices", "usage", "models", "data delete --all", "statusline", "--bogus"]
)
def test_who_closes_a_stream_gets_no_trace(environment, words, closed):
    def called(streams):
        line = f'exec "$0" -m standby {words} {streams}'
        return subprocess.run(
            ["/bin/sh", "-c", line, sys.executable],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    said = called(closed)

    assert called("").returncode == said.returncode
    assert "Traceback" not in said.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is full")
@pytest.mark.parametrize("words", ["prices", "usage", "--help"])
def test_what_cannot_be_printed_is_said_once(environment, words):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "standby", *words.split()],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    said = [line for line in done.stderr.splitlines() if "this is what it left" not in line]
    assert (1, ["standby: No space left on device"]) == (done.returncode, said)


def test_a_shell_is_told_the_commands_and_their_options(environment):
    def completed(*words):
        done = subprocess.run(
            [sys.executable, "-m", "standby"],
            env=environment
            | {
                "_STANDBY_COMPLETE": "bash_complete",
                "COMP_WORDS": " ".join(("standby", *words)),
                "COMP_CWORD": str(len(words)),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.split()

    assert ["plain,status", "plain,statusline"] == completed("sta")
    assert "plain,--shell" in completed("env", "--s")
