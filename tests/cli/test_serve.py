import signal
import subprocess
import sys

import pytest

from standby.adapters.host.paths import paths

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX"),
]


@pytest.fixture
def serving(environment, tmp_path):
    """A gateway in the foreground, listening."""
    process = subprocess.Popen(
        [sys.executable, "-m", "standby", "serve"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if "listening on" in line:
            break
    yield process
    process.kill()
    process.communicate()


def test_ctrl_c_ends_it_in_order(serving, environment):
    serving.send_signal(signal.SIGINT)
    out, _ = serving.communicate(timeout=20)

    assert (0, "") == (serving.returncode, out)
    assert str(serving.pid) == (paths(environment).state / "stopped").read_text()


def test_a_second_one_in_the_same_folder_says_which_runs(serving, process):
    said = process("serve")

    assert (4, "") == (said.code, said.out)
    assert f"(pid {serving.pid})" in said.err
    assert "Traceback" not in said.err


def test_other_commands_find_it(serving, process):
    assert process("status").code == 0


def test_a_cloud_that_would_get_credentials_in_clear_is_refused(process):
    said = process("serve", "--cloud-url", "http://gateway.example.com")

    assert (1, "") == (said.code, said.out)
    assert "http:// would send a credential in clear" in said.err
