"""``standby usage``, with a gateway and without."""

import json
import subprocess
import sys

from tests.cli.usage.test_screen import REPORT
from tests.fakes.gateway import running_gateway


def test_the_gateways_report_is_shown_and_asked_for_what_was_said(standby, where):
    with running_gateway(where, report=REPORT) as fake:
        said = standby("usage", "--since", "2026-11-01T00:00+00:00", "--by", "day")

    assert (0, "") == (said.code, said.err)
    assert "desk/coder answers, on this machine" in said.out
    assert [{"since": "1793491200", "by": "day"}] == fake.reckoned


def test_json_is_what_the_gateway_said_and_csv_its_groups(standby, where):
    with running_gateway(where, report=REPORT):
        told, sheet = standby("usage", "--json"), standby("usage", "--csv")

    assert REPORT == json.loads(told.out)
    assert sheet.out.startswith("key,last_at,requests")
    assert "/home/me/work/a-name-that-is-long" in sheet.out


def test_without_a_gateway_the_files_tell(standby, where):
    where.make()

    said = standby("usage")

    assert 0 == said.code
    assert "no gateway is running; this is what it left" in said.err
    assert "nobody can answer" in said.out
    assert "today                         0" in said.out


def test_a_moment_that_is_none_is_refused(standby):
    said = standby("usage", "--since", "soon")

    assert 2 == said.code
    assert "'soon' is not a time" in said.err


def test_a_gateway_that_is_older_is_named(standby, where):
    with running_gateway(where):
        said = standby("usage")

    assert 1 == said.code
    assert "`standby restart`" in said.err


def test_watching_shows_it_again_and_again_and_ends_quietly(where, environment):
    where.make()
    watching = subprocess.Popen(
        [sys.executable, "-u", "-m", "standby", "usage", "--watch"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        seen = 0
        while seen < 2:
            seen += watching.stdout.readline().startswith("nobody can answer")
        watching.send_signal(2)
        _, errors = watching.communicate(timeout=30)
    finally:
        watching.kill()
        watching.communicate()

    assert 130 == watching.returncode
    assert "Traceback" not in errors
