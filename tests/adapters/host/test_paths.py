"""Where things lie is decided by the user and the system, never by the folder we are in."""

import os
import stat
import sys
from pathlib import Path

import pytest

from standby.adapters.host.paths import Paths, PathsError, paths
from standby.adapters.host.private import UnsafeFileError


def test_one_variable_puts_everything_into_one_folder(tmp_path):
    found = paths({"STANDBY_HOME": str(tmp_path)})

    assert (
        Paths(*(tmp_path / name for name in ("config", "state", "data", "cache", "log"))) == found
    )
    assert tmp_path / "config" / "config.toml" == found.config_file


@pytest.mark.parametrize("home", [".", "here", "../there"])
def test_a_home_that_depends_on_where_we_are_is_refused(home):
    with pytest.raises(PathsError, match="STANDBY_HOME must be an absolute path"):
        paths({"STANDBY_HOME": home})


@pytest.mark.skipif(sys.platform != "linux", reason="XDG is of Linux")
def test_linux_keeps_to_xdg(tmp_path, monkeypatch):
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))

    found = paths({})

    assert [tmp_path / name / "standby" for name in ("CONFIG", "STATE", "DATA", "CACHE")] == [
        found.config,
        found.state,
        found.data,
        found.cache,
    ]
    assert found.log.is_relative_to(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_folders_are_made_for_us_alone(tmp_path):
    before = os.umask(0o022)
    found = paths({"STANDBY_HOME": str(tmp_path)})

    found.make()
    found.make()
    os.umask(before)

    for folder in (found.config, found.state, found.data, found.cache, found.log):
        assert 0o700 == stat.S_IMODE(folder.stat().st_mode)


def test_a_state_folder_that_leads_elsewhere_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UnsafeFileError, match="no symlink"):
        paths({"STANDBY_HOME": str(tmp_path)}).make()


def test_no_file_lies_in_the_folder_we_are_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = paths({})

    for path in (found.config_file, found.token_file, found.ledger_file, found.log_file):
        assert path.is_absolute()
        assert not path.is_relative_to(Path.cwd())
