"""`standby drill` as a person calls it: with the real gateway, engine and client."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from tests.models.tiny_gguf import tiny_model

pytestmark = pytest.mark.timeout(150)

PATIENT_S = 120
CLIENTS = ("ANTHROPIC", "CLAUDE", "STANDBY", "HTTP", "http")
DRILL = (sys.executable, "-m", "standby", "drill")


@pytest.fixture
def environment(tmp_path):
    kept = {name: text for name, text in os.environ.items() if not name.startswith(CLIENTS)}
    return kept | {
        "STANDBY_HOME": str(tmp_path / "home"),
        "STANDBY_LOCAL_DISCOVER": "false",
        "STANDBY_LOCAL_ENGINE": "embedded",
        "STANDBY_LOCAL_MODEL_PATH": str(tiny_model()),
        # What is set for the user's own client must not lead that of the drill away.
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        "ANTHROPIC_API_KEY": "sk-ant-api03-of-the-user",
        "TMPDIR": str(tmp_path),
    }


@pytest.fixture
def drill(environment):
    def call(*arguments, **changes):
        return subprocess.run(
            [*DRILL, *arguments],
            env=environment | changes,
            capture_output=True,
            text=True,
            timeout=PATIENT_S,
            check=False,
        )

    return call


def test_all_phases_are_green_with_a_real_engine_and_the_real_sdk(drill, tmp_path):
    done = drill("--json", "--client", "sdk")
    said = json.loads(done.stdout)

    assert (0, True, []) == (done.returncode, said["passed"], wrong(said))
    assert [True] * 4 == [phase["passed"] for phase in said["phases"]]
    assert said["client"].startswith("the Anthropic SDK ")
    assert "embedded" == said["stand_in"]["engine"]
    assert said["takeover_s"] > 0
    assert {"requests": 5, "refused": 1} == said["cloud"]
    assert [] == list(tmp_path.glob("standby-drill-*"))


def test_it_reads_as_a_timeline_with_a_verdict(drill):
    done = drill()

    assert 0 == done.returncode, done.stdout
    assert "✓ the cloud refuses exactly one request" in done.stdout
    assert "✗" not in done.stdout
    assert "The switch works on this machine" in done.stdout.splitlines()[-1]


def test_an_engine_that_cannot_start_is_the_verdict_with_what_to_do(drill, tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF, but nothing of a model")
    done = drill("--json", STANDBY_LOCAL_MODEL_PATH=str(broken))
    said = json.loads(done.stdout)

    assert (1, False) == (done.returncode, said["passed"])
    assert "the local model does not answer" in said["verdict"]
    assert "local.model_path" in said["hint"]
    assert any("embedded" in line for line in said["log"])
    assert {"requests": 0, "refused": 0} == said["cloud"]


def test_a_machine_without_any_model_is_the_verdict_with_what_to_do(drill):
    done = drill(STANDBY_LOCAL_EMBEDDED="false", STANDBY_LOCAL_MODEL_PATH="")

    assert 1 == done.returncode
    assert "✗ no local model is there to take over" in done.stdout
    assert "Start a local server" in done.stdout


def test_settings_with_a_fault_are_said_before_anything_is_started(drill):
    done = drill(STANDBY_LOCAL_CONTEXT="many")

    assert 1 == done.returncode
    assert "" == done.stdout
    assert "STANDBY_LOCAL_CONTEXT" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_interrupted_it_ends_everything_that_it_started(environment, tmp_path, number, code):
    with subprocess.Popen(
        DRILL, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        next(line for line in process.stdout if "limit is spent" in line)
        children = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, number)

        assert code == process.wait(PATIENT_S)
    assert len(children) >= 3
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert (len(children), []) == (len(gone), alive)
    assert [] == list(tmp_path.glob("standby-drill-*"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_killed_it_leaves_no_process_behind(environment):
    with subprocess.Popen(DRILL, env=environment, stdout=subprocess.PIPE, text=True) as process:
        next(line for line in process.stdout if "limit is spent" in line)
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait(PATIENT_S)
    _gone, alive = psutil.wait_procs(children, timeout=20)

    assert [] == alive


def wrong(said):
    checks = [check for phase in said["phases"] for check in phase["checks"]]
    return [check["words"] for check in checks if not check["passed"]]
