import os
import signal
import subprocess
import sys

import pytest

from standby.adapters.host.tethered import watch

TETHERED = (sys.executable, "-P", "-m", "standby.adapters.host.tethered")
PATIENT_S = 20


def test_it_is_standby_itself_with_its_arguments_and_its_exit_code():
    with subprocess.Popen(
        [*TETHERED, "no-such-command"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert 2 == process.wait(PATIENT_S)
        assert b"there is no command 'no-such-command'" in process.stderr.read()


@pytest.mark.timeout(60)
def test_a_gateway_ends_in_order_when_its_stdin_does(tmp_path):
    environment = os.environ | {
        "STANDBY_HOME": str(tmp_path),
        "STANDBY_GATEWAY_PORT": "0",
        "STANDBY_LOCAL_DISCOVER": "false",
        "STANDBY_LOCAL_EMBEDDED": "false",
    }
    with subprocess.Popen(
        [*TETHERED, "serve"], env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as gateway:
        next(line for line in gateway.stderr if b"listening on" in line)
        gateway.stdin.close()

        assert 0 == gateway.wait(PATIENT_S)
    assert not (tmp_path / "state" / "run.json").exists()


def test_what_comes_on_stdin_is_of_no_interest_but_its_end_is(monkeypatch):
    told = []
    monkeypatch.setattr(os, "kill", lambda *how: told.append(how))
    read, write = os.pipe()
    os.write(write, b"still here")
    os.close(write)
    watch(read)
    os.close(read)

    assert [(os.getpid(), signal.SIGTERM)] == told
