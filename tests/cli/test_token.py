import sys

import pytest

from standby.adapters.host import processes


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
