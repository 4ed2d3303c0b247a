import sys

import pytest

from standby.adapters.host import processes
from tests.fakes.gateway import running_gateway


def test_a_token_is_made_once_and_shown_alone(standby):
    first, second = standby("token"), standby("token", "show")

    assert (0, "") == (first.code, first.err)
    assert 43 == len(first.out.strip())
    assert first.out == second.out


def test_a_new_token_replaces_it_and_is_not_printed(standby):
    before = standby("token").out.strip()
    said = standby("token", "rotate")
    after = standby("token").out.strip()

    assert (0, "") == (said.code, said.out)
    assert before != after
    assert after not in said.err


@pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")
def test_a_token_that_others_could_read_is_refused_in_words(standby, where):
    standby("token")
    where.token_file.chmod(0o644)

    said = standby("token")

    assert (1, "") == (said.code, said.out)
    assert "others can read or write" in said.err


def test_a_gateway_that_runs_goes_on_where_a_new_token_cannot_be_written(
    standby, where, monkeypatch
):
    def full(path, _data):
        raise OSError(28, "No space left on device", str(path))

    before = standby("token", "show").out
    with running_gateway(where):
        monkeypatch.setattr("standby.adapters.host.secrets.prepared_private", full)
        monkeypatch.setattr("standby.cli.gateway.halt", lambda *_, **__: pytest.fail("it is ended"))
        said = standby("token", "rotate")

    assert (1, "") == (said.code, said.out)
    assert "token: No space left on device" in said.err
    assert before == standby("token", "show").out


@pytest.mark.timeout(60)
def test_a_gateway_that_runs_gets_the_new_token(process, where):
    process("up")
    before = processes.running(where.state)

    said = process("token", "rotate")
    after = processes.running(where.state)

    assert said.code == 0
    assert before.port == after.port
    assert before.pid != after.pid
    assert process("status").code == 0
