"""The line as a client gets it."""

import json
import subprocess
import sys
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from standby.cli.lean.statusline import line
from tests.fakes.gateway import running_gateway

GLANCE = {"answering": "cloud", "windows": [{"name": "5h", "used": 0.25, "resets_at": None}]}
WORK = "/work/50% of a/ö+&"
HEAVY = {
    *("click", "orjson", "dataclasses", "typing", "platformdirs", "psutil", "pathlib"),
    *("http.client", "asyncio", "subprocess", "inspect", "random", "shutil"),
}


def test_it_is_the_gateways_word(environment, where):
    with running_gateway(where, glance=GLANCE):
        said = line(b'{"model": {"display_name": "Opus 5.5"}}', {**environment, "NO_COLOR": "1"})

    assert "● cloud · Opus 5.5 · 5h 75% left · no local model" == said


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        ("5c1d-aa", "/standby/glance?session=5c1d-aa"),
        *((odd, "/standby/glance") for odd in ("x y", "a\r\nb: c", "é", "a" * 99, 3, None)),
    ],
)
def test_the_conversation_is_named_if_it_has_a_name(environment, where, session, expected):
    with running_gateway(where, glance=GLANCE) as fake:
        line(json.dumps({"session_id": session}).encode(), environment)

    assert expected == fake.requests[-1][0]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"x-standby-project: {quote(WORK, safe='/:')}", WORK),
        ("x-standby-token: t\nX-Standby-Project:  C:\\a b&c=d#e+f", "C:\\a b&c=d#e+f"),
        ("x-standby-project: /home/é", "/home/é"),
        ("x-standby-project: \nx-other: /a", None),
        ("", None),
    ],
)
def test_the_folder_is_named_as_the_requests_of_the_client_name_it(
    environment, where, header, expected
):
    with running_gateway(where, glance=GLANCE) as fake:
        line(b'{"session_id": "s"}', {**environment, "ANTHROPIC_CUSTOM_HEADERS": header})

    said = dict(parse_qsl(urlsplit(fake.requests[-1][0]).query))
    assert ("s", expected) == (said["session"], said.get("project"))


def test_without_a_gateway_it_says_so_in_colour_unless_none_is_wanted(environment):
    assert "\x1b[31m● standby is not running\x1b[0m" == line(b"", environment)
    assert "● standby is not running" == line(b"{oops", {**environment, "NO_COLOR": "1"})


def run(environment, *before, **how):
    return subprocess.run(
        [sys.executable, *before, "-m", "standby", "statusline"],
        env=environment,
        capture_output=True,
        check=True,
        timeout=20,
        **how,
    )


def test_the_process_prints_one_line_and_no_complaint(environment):
    done = run(environment | {"NO_COLOR": "1"}, input=json.dumps({"cwd": "/"}).encode())

    assert ("● standby is not running\n".encode(), b"") == (done.stdout, done.stderr)


def test_nothing_is_imported_that_takes_longer_than_the_line(environment):
    done = run(environment, "-v", input=b"")
    imported = {
        words.split()[1].strip("'")
        for words in done.stderr.decode().splitlines()
        if words.startswith("import ")
    }

    assert "standby.cli.lean.line" in imported
    assert set() == HEAVY & imported
