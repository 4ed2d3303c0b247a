import json
import os
import socket
import stat
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from standby.adapters.host import processes
from standby.adapters.host.paths import paths
from tests.fakes.gateway import running_gateway

pytestmark = pytest.mark.timeout(60)


def test_it_starts_one_and_finds_it_the_second_time(process, environment):
    first, second = process("up"), process("up")
    running = processes.running(paths(environment).state)

    assert (0, f"{running.url}\n") == (first.code, first.out)
    assert (0, first.out) == (second.code, second.out)
    assert "the gateway is ready" in first.err
    assert "runs already" in second.err
    assert json.loads(process("status", "--json").out)["pid"] == running.pid


def test_two_who_start_one_at_once_get_the_same(process):
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: process("up"), range(2))

    assert (0, 0) == (first.code, second.code)
    assert first.out == second.out


def test_a_port_that_is_taken_is_told_with_what_the_log_says(process):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = process("up", "--port", port)

    assert (1, "") == (said.code, said.out)
    assert "the gateway did not start; it said:" in said.err
    assert f"port {port} on 127.0.0.1 cannot be used" in said.err
    assert "Traceback" not in said.err


def test_faulty_settings_are_told_before_anything_is_started(process, environment):
    said = process("up", STANDBY_CLOUD_OVERAGE="maybe")

    assert (1, "") == (said.code, said.out)
    assert "STANDBY_CLOUD_OVERAGE" in said.err
    assert not paths(environment).log_file.exists()


def test_an_impostor_is_not_taken_for_the_gateway(standby, where):
    with running_gateway(where, knows_token=False):
        said = standby("up")

    assert (1, "") == (said.code, said.out)
    assert "does not know the token" in said.err


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_gateway_gets_no_credential_of_the_client_that_starts_it(process, environment):
    process("up", ANTHROPIC_API_KEY="canary", CLAUDE_CODE_OAUTH_TOKEN="canary", STANDBY_X="kept")
    pid = processes.running(paths(environment).state).pid
    with open(f"/proc/{pid}/environ", "rb") as file:
        inherited = file.read()

    assert b"canary" not in inherited
    assert b"STANDBY_X=kept" in inherited


@pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")
def test_what_it_writes_is_the_users_own(process, environment):
    process("up")
    where = paths(environment)
    files = [where.log_file, *(path for path in where.state.iterdir() if path.is_file())]

    assert where.token_file in files
    assert {0o600} == {stat.S_IMODE(os.stat(path).st_mode) for path in files}
