"""`standby dashboard`: a link, and a browser that opens it."""

import json
import webbrowser

import pytest

from tests.fakes.gateway import running_gateway


@pytest.fixture
def opened(monkeypatch):
    urls = []
    monkeypatch.setattr(webbrowser, "open", lambda url: not urls.append(url))
    return urls


def test_it_prints_the_link_and_opens_it(standby, where, opened):
    with running_gateway(where) as fake:
        said = standby("dashboard")

    assert (0, f"{fake.url}/standby/open?code=c\n", "") == (said.code, said.out, said.err)
    assert [said.out.strip()] == opened
    assert fake.token.reveal() not in said.out
    assert "/standby/link" == fake.requests[-1][0]


@pytest.mark.parametrize("option", ["--no-open", "--json"])
def test_it_opens_nothing_when_told_so(standby, where, opened, option):
    with running_gateway(where):
        said = standby("dashboard", option)

    assert 0 == said.code
    assert [] == opened


def test_as_json_it_says_how_long_the_link_waits(standby, where, opened):
    with running_gateway(where) as fake:
        said = json.loads(standby("dashboard", "--json").out)

    assert {"url": f"{fake.url}/standby/open?code=c", "expires_in_s": 300.0} == said


@pytest.mark.parametrize("how", ["nobody", "breaks"])
def test_without_a_browser_the_link_is_there_all_the_same(standby, where, monkeypatch, how):
    def none(_url):
        if how == "breaks":
            raise webbrowser.Error
        return False

    monkeypatch.setattr(webbrowser, "open", none)
    with running_gateway(where) as fake:
        said = standby("dashboard")

    assert 0 == said.code
    assert fake.url in said.out
    assert "no browser could be started" in said.err


def test_without_a_gateway_the_code_is_three(standby, opened):
    said = standby("dashboard")

    assert 3 == said.code
    assert "standby up" in said.err


def test_a_gateway_without_such_a_page_is_told_of(standby, where, opened):
    with running_gateway(where, links=False):
        said = standby("dashboard")

    assert 1 == said.code
    assert "standby restart" in said.err
    assert [] == opened
