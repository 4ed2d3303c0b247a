"""One gateway for each folder, found when it runs and not when it is gone."""

import os
import signal
import subprocess
import sys
import textwrap

import psutil
import pytest

from standby.adapters.host.private import write_private
from standby.adapters.host.processes import (
    AlreadyRunningError,
    ProcessError,
    Running,
    claim,
    running,
    spawn,
    stop,
)
from standby.core.wire.json import dumps

SERVES = """
import signal, sys
from pathlib import Path
from standby.adapters.host.processes import claim
{before}
with claim(Path(sys.argv[1])) as mine:
    mine.announce(port=1, version="1.0", url="http://127.0.0.1:1")
    print("serving", flush=True)
    sys.stdin.read()
"""


class Child:
    """A gateway of sorts in a process of its own."""

    def __init__(self, folder, before="signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))"):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVES.format(before=textwrap.dedent(before)), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout.readline().strip() == b"serving"


@pytest.fixture
def child(tmp_path):
    children = []

    def make(**words):
        children.append(Child(tmp_path, **words))
        return children[-1].process

    yield make
    for one in children:
        one.process.kill()
        one.process.communicate(timeout=30)


def test_a_gateway_is_found_while_it_runs(tmp_path):
    assert running(tmp_path) is None

    with claim(tmp_path) as mine:
        assert running(tmp_path) is None
        announced = mine.announce(port=8484, version="1.0", url="http://127.0.0.1:8484")
        assert announced == running(tmp_path)
        assert os.getpid() == announced.pid

    assert running(tmp_path) is None


def test_a_folder_has_one_gateway(tmp_path, child):
    process = child()

    with (
        pytest.raises(AlreadyRunningError, match=f"pid {process.pid}") as caught,
        claim(tmp_path),
    ):
        pytest.fail("two have claimed it")

    assert caught.value.running == running(tmp_path)
    assert process.pid == running(tmp_path).pid


def test_who_was_killed_is_gone_and_leaves_the_folder_free(tmp_path, child):
    process = child()
    process.kill()
    process.wait(30)

    assert (tmp_path / "run.json").exists()
    assert running(tmp_path) is None
    with claim(tmp_path):
        assert not (tmp_path / "run.json").exists()


def test_a_corpse_does_not_run(tmp_path, child):
    process = child()
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert running(tmp_path) is None


def test_another_process_with_the_same_number_is_not_the_gateway(tmp_path):
    with claim(tmp_path) as mine:
        me = mine.announce(port=1, version="1", url="http://127.0.0.1:1")
        for born_s, found in ((me.born_s + 60, None), (me.born_s + 0.1, me.pid)):
            record = {"pid": me.pid, "born_s": born_s, "port": 1, "version": "1", "url": me.url}
            write_private(tmp_path / "run.json", dumps(record))
            assert found == getattr(running(tmp_path), "pid", None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"pid": "1"}',
        '{"pid": -1, "born_s": 0, "port": 1, "version": "", "url": ""}',
        '{"pid": 99999999999, "born_s": 0, "port": 1, "version": "", "url": ""}',
    ],
)
def test_a_record_that_cannot_be_read_is_none(tmp_path, text):
    write_private(tmp_path / "run.json", text.encode())

    assert running(tmp_path) is None


def test_a_gateway_ends_when_asked(tmp_path, child):
    child()
    found = running(tmp_path)

    assert "ended" == stop(found, grace_s=30)
    assert "gone" == stop(found)


def test_a_gateway_that_does_not_end_is_ended(tmp_path, child):
    child(before="signal.signal(signal.SIGTERM, signal.SIG_IGN)")

    assert "killed" == stop(running(tmp_path), grace_s=0.2)


def test_nobody_else_is_stopped(tmp_path):
    me = psutil.Process()

    assert "gone" == stop(Running(me.pid, 12.0, 1, "1", ""))


def test_a_process_in_the_background_has_its_own_session_log_and_folder(tmp_path):
    code = "import os; print(os.getsid(0) == os.getpid(), os.getcwd(), os.environ['A'])"
    log = tmp_path / "gateway.log"

    started = spawn([sys.executable, "-c", code], log=log, folder=tmp_path, environment={"A": "b"})

    assert 0 == started._process.wait(30)
    assert 0 == started.ended()
    assert f"True {tmp_path} b\n" == log.read_text()
    assert 0o600 == log.stat().st_mode & 0o777


def test_what_cannot_be_started_is_said(tmp_path):
    with pytest.raises(ProcessError, match="cannot be started"):
        spawn(
            [str(tmp_path / "no-such-program")],
            log=tmp_path / "log",
            folder=tmp_path,
            environment={},
        )


def test_a_hardened_process_leaves_no_core_and_writes_for_itself():
    code = (
        "import os, resource\n"
        "from standby.adapters.host.processes import harden\n"
        "root = harden()\n"
        "print(oct(os.umask(0)), resource.getrlimit(resource.RLIMIT_CORE), root)"
    )

    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    ).stdout

    assert f"0o77 (0, 0) {os.geteuid() == 0}\n" == said


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
@pytest.mark.parametrize(("hard", "then"), [(20_000, 8192), (500, 500)])
def test_it_may_open_as_many_files_as_many_streams_take(hard, then):
    code = (
        "import resource\n"
        "from standby.adapters.host.processes import harden\n"
        f"hard = min({hard}, resource.getrlimit(resource.RLIMIT_NOFILE)[1])\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))\n"
        "harden()\n"
        f"print(resource.getrlimit(resource.RLIMIT_NOFILE) == (min({then}, hard), hard))"
    )

    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    ).stdout

    assert "True\n" == said
