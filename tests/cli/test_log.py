import asyncio
import json
import subprocess
import sys
from dataclasses import replace

import pytest

from standby.adapters.host.clock import SystemClock
from standby.adapters.ledger.sqlite import SqliteLedger
from standby.core.usage import Entry, Tokens

CLOUD = Entry(
    *("r1", 1_795_000_000.0, "s1", "a" * 32, "claude-opus-5-5", "claude-opus-5-5"),
    *("cloud", "the cloud serves", "ok", 200, Tokens(900, 340, 100, 0), 1.23, 8.44),
)
LOCAL = replace(
    CLOUD,
    id="r2",
    session="s2/agent",
    answered="desk/coder",
    by="local",
    why="the 5-hour limit is reached",
    project="/work",
    saved=True,
)
LOST = replace(
    CLOUD, id="r3", by="nobody", answered="", outcome="refused", status=429, first_token_s=None
)


def booked(where, *entries):
    """Book as a gateway does that runs for a moment."""

    async def run():
        ledger = SqliteLedger(where.ledger_file, SystemClock(), keep_days=100_000)
        await ledger.open()
        for entry in entries:
            ledger.book(entry)
        await ledger.close()

    asyncio.run(run())


def test_each_request_is_a_line_that_says_who_why_and_how_long(standby, where):
    booked(where, CLOUD, LOCAL, LOST)

    said = standby("log")

    first, second, third = said.out.splitlines()
    assert first.endswith("cloud   claude-opus-5-5  1.2/8.4 s  1000+340  the cloud serves")
    assert "local   claude-opus-5-5 -> desk/coder  1.2/8.4 s" in second
    assert second.endswith("the 5-hour limit is reached")
    assert "nobody  claude-opus-5-5  refused 429  8.4 s" in third


def test_as_many_as_wanted_of_the_conversation_that_is_wanted(standby, where):
    booked(where, CLOUD, LOCAL, LOST)

    assert 1 == len(standby("log", "-n", "1").out.splitlines())
    assert "desk/coder" in standby("log", "--session", "s2").out
    assert 2 == len(standby("log", "--session", "s1").out.splitlines())


def test_a_conversation_is_named_by_the_beginning_of_its_id_where_it_is_the_only_one(
    standby, where
):
    one, other = "5f0c2a71-a5d9-4b01", "5f0c9931-77aa-4c0e"
    booked(
        where,
        *(replace(CLOUD, id=f"r{at}", session=name) for at, name in enumerate((one, other))),
        replace(LOCAL, id="r9", session=f"{one}/agent"),
    )

    both = standby("log", "--session", "5f0c")

    assert (1, "") == (both.code, both.out)
    assert f"{one}, {other}" in both.err
    assert 2 == len(standby("log", "--session", "5f0c2a").out.splitlines())
    assert 1 == len(standby("log", "--session", other).out.splitlines())
    assert "" == standby("log", "--session", "5f0d").out


def test_where_no_request_is_there_that_is_said(standby, where):
    booked(where)

    found, asked_for_none = standby("log"), standby("log", "-n", "0")

    assert ("", "standby: there is no such request in the ledger yet\n") == (found.out, found.err)
    assert ("", "") == (asked_for_none.out, asked_for_none.err)


def test_a_name_with_a_line_break_makes_no_line_of_its_own(standby, where):
    booked(where, replace(CLOUD, requested="a\r\n13:35:30  cloud   claude", why="b\nc"))

    [line] = standby("log").out.splitlines()

    assert "a\ufffd\ufffd13:35:30  cloud" in line


def test_json_has_a_line_for_each_with_all_of_it(standby, where):
    booked(where, LOCAL)

    [line] = standby("log", "--json").out.splitlines()
    said = json.loads(line)

    assert ("r2", "/work", True, "local") == (
        said["id"],
        said["project"],
        said["saved"],
        said["by"],
    )


def test_without_a_ledger_it_says_who_begins_one(standby):
    said = standby("log")

    assert (1, "") == (said.code, said.out)
    assert "there is no ledger" in said.err


def test_a_ledger_that_cannot_be_read_is_told_in_words(standby, where):
    where.make()
    where.ledger_file.write_bytes(b"no database" * 100)

    said = standby("log")

    assert 1 == said.code
    assert "the ledger is damaged" in said.err


@pytest.fixture
def following(environment):
    started = []

    def start(*arguments):
        started.append(
            subprocess.Popen(
                [sys.executable, "-u", "-m", "standby", "log", "-f", *arguments],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_requests_that_come_later_are_printed_as_they_come(where, following):
    booked(where, CLOUD)
    process = following()

    assert "the cloud serves" in process.stdout.readline()
    booked(where, LOCAL)
    assert "desk/coder" in process.stdout.readline()


def test_the_gateways_own_words_cannot_move_the_cursor(standby, where):
    where.make()
    where.log_file.write_text("".join(f"line {place}\n" for place in range(50)) + "\x1b[2Jend\n")

    said = standby("log", "--gateway", "-n", "2")

    assert "line 49\n\N{REPLACEMENT CHARACTER}[2Jend\n" == said.out


def test_without_words_it_says_who_would_write_some(standby):
    said = standby("log", "--gateway")

    assert (1, "") == (said.code, said.out)
    assert "there is no log" in said.err


def test_words_that_come_later_are_printed_as_they_come(where, following):
    where.make()
    where.log_file.write_text("first\n")
    process = following("--gateway")

    assert "first\n" == process.stdout.readline()
    with where.log_file.open("a") as log:
        log.write("second\n")
    assert "second\n" == process.stdout.readline()
    where.log_file.unlink()
    where.log_file.write_text("new\n")
    assert "new\n" == process.stdout.readline()
