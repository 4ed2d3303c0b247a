"""One question, and to nobody who does not know the token."""

import os
import stat
import sys
import time

import pytest

from standby.adapters.host.paths import paths
from standby.cli.lean.asking import UnknownError, glance, state_folder
from tests.fakes.gateway import running_gateway

GLANCE = {"answering": "cloud", "windows": []}
SOON_S = 20.0


def asked(environment, within_s=SOON_S):
    return glance(environment, within_s)


def test_it_says_what_the_gateway_says(environment, where):
    with running_gateway(where, glance=GLANCE):
        assert GLANCE == asked(environment)


def test_the_token_goes_only_to_one_that_has_proved_to_know_it(environment, where):
    with (
        running_gateway(where, glance=GLANCE, knows_token=False) as other,
        pytest.raises(UnknownError, match="another program"),
    ):
        asked(environment)

    assert ["/standby/health"] == [path.partition("?")[0] for path, _ in other.requests]
    assert other.token.reveal() not in str(other.requests)


def test_no_redirect_is_followed(environment, where):
    with (
        running_gateway(where, glance=GLANCE) as target,
        running_gateway(where, redirects_to=target.url),
        pytest.raises(UnknownError, match="does not answer"),
    ):
        asked(environment)

    assert [] == target.requests


def test_one_that_is_silent_is_not_waited_for(environment, where):
    began = time.monotonic()
    with running_gateway(where, silent=True), pytest.raises(UnknownError, match="does not answer"):
        asked(environment, 0.1)

    assert time.monotonic() - began < 15


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b'{"port": "1", "url": 2}'])
def test_without_a_gateway_that_is_written_down_none_runs(environment, where, said):
    where.make()
    (where.state / "run.json").write_bytes(said)
    (where.state / "run.json").chmod(0o600)

    with pytest.raises(UnknownError, match="is not running"):
        asked(environment)


def test_one_that_was_killed_is_not_running(environment, where):
    with running_gateway(where, glance=GLANCE):
        record = (where.state / "run.json").read_bytes()
    (where.state / "run.json").write_bytes(record)
    (where.state / "run.json").chmod(0o600)

    with pytest.raises(UnknownError, match="is not running"):
        asked(environment)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no modes to check")
@pytest.mark.parametrize("name", ["run.json", "token"])
def test_a_file_that_others_could_have_written_is_not_believed(environment, where, name):
    with running_gateway(where, glance=GLANCE) as fake:
        (where.state / name).chmod(0o644)
        with pytest.raises(UnknownError):
            asked(environment)

    assert [] == fake.requests


def test_what_is_too_long_is_not_read_to_its_end(environment, where):
    long = {"answering": "x" * 1_000_000}
    with running_gateway(where, glance=long), pytest.raises(UnknownError, match="does not answer"):
        asked(environment)


@pytest.mark.parametrize(
    "changes",
    [
        {"STANDBY_HOME": os.path.join(os.sep, "srv", "standby")},
        {"STANDBY_HOME": ""},
        {"STANDBY_HOME": "", "XDG_STATE_HOME": os.path.join(os.sep, "srv", "state")},
        {"STANDBY_HOME": "", "XDG_STATE_HOME": ""},
        {"STANDBY_HOME": "", "XDG_STATE_HOME": "state"},
        {"STANDBY_HOME": "", "XDG_STATE_HOME": "", "HOME": ""},
        {"STANDBY_HOME": "", "XDG_STATE_HOME": "", "HOME": "me"},
    ],
)
def test_the_folder_is_the_one_of_all_other_commands(monkeypatch, changes):
    for name, text in changes.items():
        monkeypatch.setenv(name, text)

    assert str(paths(os.environ).state) == state_folder(os.environ)


def test_the_fake_keeps_its_files_private(where):
    with running_gateway(where):
        mode = stat.S_IMODE((where.state / "run.json").stat().st_mode)

    assert mode & 0o077 == 0 or sys.platform == "win32"
