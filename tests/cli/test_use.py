"""``standby use``: who answers, chosen while the gateway runs."""

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.cli.test_log import CLOUD, booked
from tests.fakes.gateway import POLICY, running_gateway, status


def asked(fake):
    target = next(path for path, _ in fake.requests if path.startswith("/standby/use"))
    return dict(parse_qsl(urlsplit(target).query))


def test_none_running_is_three(standby):
    assert 3 == standby("use", "local").code


def test_without_a_word_it_says_what_counts_now(standby, where):
    with running_gateway(where):
        said = standby("use")

    assert (0, "mode  auto\n") == (said.code, said.out)


def test_a_choice_goes_to_the_gateway_whole(standby, where):
    with running_gateway(where) as fake:
        said = standby("use", "local", "--for", "2h", "--project", "/work/x")

    project = str(Path("/work/x").absolute())
    assert {"what": "local", "for_s": "7200", "project": project} == asked(fake)
    assert 0 == said.code
    assert "auto until 21:23" in said.out
    assert "local for /work" in said.out


@pytest.mark.parametrize(
    ("named", "meant"), [("5f0c2a71", "5f0c2a71-a5d9-4b01"), ("of-tomorrow", "of-tomorrow")]
)
def test_a_session_is_named_by_the_beginning_that_is_shown_of_it(standby, where, named, meant):
    booked(where, replace(CLOUD, session="5f0c2a71-a5d9-4b01"))
    with running_gateway(where) as fake:
        standby("use", "local", "--session", named)

    assert {"what": "local", "session": meant} == asked(fake)


def test_a_project_is_named_by_its_whole_path(standby, where, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with running_gateway(where) as fake:
        standby("use", "local", "--project", ".")

    assert str(tmp_path) == asked(fake)["project"]


def test_what_cannot_be_chosen_is_said(standby, where):
    with running_gateway(where):
        said = standby("use", "nonsense")

    assert 1 == said.code
    assert "there is no local model 'nonsense'" in said.err


def test_json_is_what_the_gateway_says(standby, where):
    with running_gateway(where):
        assert POLICY == json.loads(standby("use", "--json").out)


def test_status_shows_a_mode_that_is_not_the_usual_one(standby, where):
    says = status(policy={**POLICY, "mode": "spare", "words": "spare", "until_told": "21:23"})
    with running_gateway(where, says=says):
        said = standby("status")

    assert ["mode", "spare until 21:23"] in [
        line.split(maxsplit=1) for line in said.out.splitlines()
    ]


def test_what_is_no_length_of_time_is_a_matter_of_usage(standby, where):
    with running_gateway(where):
        said = standby("use", "local", "--for", "soon")

    assert 2 == said.code
    assert "'soon' is not a length of time" in said.err
