"""A home of its own for each test, and the commands as a person calls them."""

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from standby.adapters.host import processes
from standby.adapters.host.paths import paths
from standby.cli.main import run

CLIENTS = ("ANTHROPIC", "CLAUDE", "API_", "STANDBY", "HTTP", "http", "NO_COLOR", "_STANDBY")


@pytest.fixture
def environment(tmp_path):
    """What a process gets: nothing of the person who runs the tests."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(CLIENTS)}
    (tmp_path / "client").mkdir()
    return kept | {
        "STANDBY_HOME": str(tmp_path / "home"),
        "CLAUDE_CONFIG_DIR": str(tmp_path / "client"),
        "STANDBY_GATEWAY_PORT": "0",
        "STANDBY_CLOUD_URL": "http://127.0.0.1:9",
        "STANDBY_LOCAL_DISCOVER": "false",
        "STANDBY_LOCAL_EMBEDDED": "false",
        "STANDBY_LOCAL_FETCH": "false",
    }


@pytest.fixture
def where(environment, monkeypatch):
    """Where things lie, for commands that are called in this process."""
    for name in set(os.environ) - set(environment):
        monkeypatch.delenv(name)
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    return paths(environment)


@dataclass
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def standby(where, capsys):
    """Call a command in this process."""

    def call(*arguments):
        capsys.readouterr()
        code = run(arguments)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def process(environment, tmp_path):
    """Call a command as a process; a gateway that it left is stopped in the end."""

    def call(*arguments, first=None, **changes):
        done = subprocess.run(
            [sys.executable, "-m", "standby", *arguments],
            env=environment | changes,
            cwd=tmp_path,
            preexec_fn=first,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    yield call
    if found := processes.running(paths(environment).state):
        processes.stop(found, grace_s=30)
