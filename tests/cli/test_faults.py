"""``standby faults`` as a person calls it."""

import signal
import subprocess
import sys
import urllib.request

import pytest

from standby.core.wire.json import loads


def test_the_list_says_what_is_right_for_each(standby):
    said = standby("faults", "list", "--only", "cloud/redirect_307")

    assert 0 == said.code
    assert 2 == said.out.count("cloud/redirect_307/")
    assert "answered whole by the stand-in" in said.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "--only", "no such"), 1, "no mode has such a name"),
        (("list", "--only", "no such"), 1, "no mode has such a name"),
        (("run", "--target", "http://127.0.0.1:9"), 2, "--cloud-port and --engine-port"),
        (("serve", "--form", "no"), 2, "no form named 'no'"),
        (("serve", "--fault", "no"), 2, "no fault named 'no'"),
        (("serve", "--engine-fault", "no"), 2, "no fault named 'no'"),
    ],
)
def test_what_cannot_be_done_is_said(standby, arguments, code, words):
    said = standby("faults", *arguments)

    assert code == said.code
    assert words in said.err


def test_a_gateway_that_is_right_ends_with_0_and_its_matrix_is_written(standby, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- faults:begin -->\n<!-- faults:end -->\n")
    said = standby("faults", "run", "--only", "cloud/bad_request/", "--write", str(page))

    assert (0, "") == (said.code, said.err)
    assert said.out.endswith("\n2 of 2 right\n")
    assert "| `bad_request` | the cloud's own error, to the byte |" in page.read_text()


def test_a_gateway_that_is_wrong_ends_with_1(standby):
    said = standby("faults", "run", "--only", "cloud/bad_request/plain", "--deadline", "0.001")

    assert 1 == said.code
    assert "WRONG  cloud/bad_request/plain" in said.out
    assert "0 of 1 right" in said.out


def test_the_fakes_can_be_used_by_any_program(environment):
    command = [sys.executable, "-m", "standby", "faults", "serve", "--form", "five_hour"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            said = loads(process.stdout.readline())
            with urllib.request.urlopen(f"{said['engine']}/models", timeout=30) as answer:  # noqa: S310
                assert 200 == answer.status
        finally:
            process.send_signal(signal.SIGINT)
        process.wait(30)

    assert "sk-ant-api03-rehearsal" == said["credentials"]["api-key"]
    assert 130 == process.returncode
