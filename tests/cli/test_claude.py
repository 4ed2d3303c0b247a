import contextlib
import json
import os
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.platform == "win32", reason="the fake client is a script"),
]

CLIENT = f"""#!{sys.executable}
import json, os, sys
print(json.dumps([sys.argv[1:], os.environ.get("ANTHROPIC_BASE_URL", ""), sorted(os.environ)]))
sys.exit(3)
"""


@pytest.fixture
def path(tmp_path):
    """A PATH with a client on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "claude").write_text(CLIENT)
    (folder / "claude").chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize(
    "arguments",
    [(), ("-p", "say hi", "--model", "local"), ("--continue",), ("-h",), ("a", "--", "--help")],
)
def test_all_arguments_are_the_clients_and_so_is_the_code(process, path, arguments):
    said = process("claude", *arguments, PATH=path)
    given, url, _ = json.loads(said.out)

    assert (3, list(arguments)) == (said.code, given[len(given) - len(arguments) :])
    assert url.startswith("http://127.0.0.1:")


def test_its_own_help_comes_after_dashes(process, path):
    assert "--help" == json.loads(process("claude", "--", "--help", PATH=path).out)[0][-1]


def test_what_is_ours_comes_first_and_can_be_turned_off(process, path):
    given, _, variables = json.loads(process("claude", "--continue", PATH=path).out)
    off = {"STANDBY_CLIENT_PLUGIN": "false", "STANDBY_CLIENT_STATUS_LINE": "false"}
    without, _, _ = json.loads(process("claude", "--continue", PATH=path, **off).out)

    assert ["--plugin-dir", "--settings", "--continue"] == [given[0], given[2], given[4]]
    assert "PATH" in variables
    assert ["--continue"] == without


def test_the_helpful_variables_are_set_and_no_file_is(process, path, environment):
    variables = json.loads(process("claude", PATH=path).out)[2]

    assert {"CLAUDE_CODE_GATEWAY_HINT_HEADERS", "API_TIMEOUT_MS"} <= set(variables)
    assert [] == os.listdir(environment["CLAUDE_CONFIG_DIR"])


def test_without_the_client_it_says_how_to_get_it(process, tmp_path):
    said = process("claude", PATH=str(tmp_path))

    assert (127, "") == (said.code, said.out)
    assert "npm install -g @anthropic-ai/claude-code" in said.err


@pytest.mark.parametrize(("arguments", "told"), [((), True), (("-p", "hi"), False)])
def test_a_person_at_a_terminal_is_told_what_becomes_of_auto_mode(
    process, path, environment, arguments, told
):
    assert process("up").code == 0  # and is stopped in the end
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "standby", "claude", *arguments]
    try:
        subprocess.run(
            command,
            env={**environment, "PATH": path},
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            timeout=50,
            check=False,
        )
        os.close(theirs)
        os.set_blocking(ours, False)
        with contextlib.suppress(OSError):
            assert told == (b"safety check is not answered" in os.read(ours, 65536))
            return
        assert not told  # nothing at all was said
    finally:
        os.close(ours)
