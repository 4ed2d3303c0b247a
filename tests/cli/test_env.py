import os
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.cli.env import written
from standby.cli.terminal import Problem
from tests.fakes.gateway import running_gateway

values = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_reads_back_what_was_meant():
    awkward = 'it\'s "two"\nlines $HOME `id` \\ %PATH% é'
    said = written("bash", {"A": awkward, "B": "x"})

    done = subprocess.run(
        ["bash", "-c", 'eval "$1"; printf "%s" "$A"', "bash", said],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        check=True,
    )

    assert awkward == done.stdout.decode()


@given(values)
def test_powershell_gets_each_variable_in_one_line(value):
    said = written("powershell", {"A": value})
    body = said.removeprefix('$env:A = "').removesuffix('"')

    assert "\n" not in said
    plain = body.replace("``", "")
    assert all(plain[place - 1] == "`" for place, sign in enumerate(plain) if sign in '$"“”„')


@given(values)
def test_fish_gets_quotes_that_close(value):
    body = written("fish", {"A": value}).removeprefix("set -gx A '").removesuffix("'")

    assert body.replace("\\\\", "").replace("\\'", "").count("'") == 0


def test_cmd_gets_what_it_can_hold_and_nothing_else():
    assert 'set "A=x-standby-token: t"' == written("cmd", {"A": "x-standby-token: t"})
    with pytest.raises(Problem, match="cmd cannot hold the value of A"):
        written("cmd", {"A": "two\nlines"})


def test_only_exports_are_on_stdout(standby, where, monkeypatch):
    monkeypatch.setenv("API_TIMEOUT_MS", "5")
    with running_gateway(where) as fake:
        said = standby("env", "--shell", "zsh")

    assert (0, "") == (said.code, said.err)
    assert all(line.startswith("export ") for line in said.out.splitlines())
    assert f"export ANTHROPIC_BASE_URL='{fake.url}'\n" in said.out
    assert f"'x-standby-token: {fake.token.reveal()}'\n" in said.out
    assert "API_TIMEOUT_MS" not in said.out


def test_the_shell_is_the_users_own(standby, where, monkeypatch):
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    with running_gateway(where):
        said = standby("env")

    assert said.out.startswith("set -gx ")


def test_without_a_gateway_it_says_where_one_will_be(standby, monkeypatch):
    monkeypatch.setenv("STANDBY_GATEWAY_PORT", "8499")
    said = standby("env")

    assert "export ANTHROPIC_BASE_URL='http://127.0.0.1:8499'\n" in said.out
    assert "no gateway is running" in said.err


def test_without_a_gateway_and_a_fixed_port_nothing_can_be_said(standby):
    said = standby("env")

    assert (3, "") == (said.code, said.out)
