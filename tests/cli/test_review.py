"""``standby review``: out of the ledger, with or without a gateway."""

import asyncio
import json
import os
import time
from dataclasses import replace
from pathlib import Path

from standby.adapters.host.clock import SystemClock
from standby.adapters.ledger.sqlite import SqliteLedger
from standby.core.usage import Entry, Tokens
from standby.core.usage.deeds import Deed

AT = time.mktime((2026, 11, 28, 10, 40, 0, 0, 0, -1))
ONE = Entry(
    *("r", AT, "s-1", "a", "opus", "local/coder", "local", "why", "ok", 200, Tokens(), None, 1.0),
    project="/work/api",
)
BEGIN = "<!-- what `standby review` prints, written by its test -->"
END = "<!-- end of the review -->"
WROTE, RAN = Deed("Write", "/work/api/src/a.py"), Deed("Bash")


def booked(where, *entries):
    """Book entries, each with what it would change."""

    async def run():
        ledger = SqliteLedger(where.ledger_file, SystemClock(), keep_days=36_500)
        await ledger.open()
        for entry, deeds in entries:
            ledger.book(entry)
            ledger.did(entry.id, deeds)
        await ledger.close()

    where.make()
    asyncio.run(run())


def worked(where):
    booked(
        where,
        (ONE, [WROTE]),
        (replace(ONE, id="r2", at=AT + 720, session="s-1/helper"), [Deed("Edit", WROTE.path), RAN]),
        (replace(ONE, id="r3", by="cloud", answered="opus"), []),
        (replace(ONE, id="r4", session="s-2", by="cloud"), []),
    )


def test_the_files_of_the_newest_conversation_are_listed(standby, where):
    worked(where)

    said = standby("review")

    assert 0 == said.code
    rows = [line.split(maxsplit=1) for line in said.out.splitlines()]
    assert ["session", "s-1"] == rows[0]
    assert ["project", "/work/api"] == rows[1]
    assert ["local", "answers    2, by local/coder"] == rows[2]
    assert ["cloud", "answers    1"] == rows[3]
    assert "Write 1, Edit 1  src/a.py" in said.out
    assert "Bash 1           commands that do not say what they change" in said.out
    assert said.out == standby("review", "--last").out == standby("review", "--session", "s-1").out
    assert all(len(line) <= 80 for line in said.out.splitlines())


def test_the_beginning_of_an_id_is_enough(standby, where):
    worked(where)

    assert standby("review").out == standby("review", "--session", "s-1/").out != ""
    assert "in the session 's-9'" in standby("review", "--session", "s-9").err
    assert "begins with 's-': s-1, s-2" in standby("review", "--session", "s-").err


def test_the_guide_shows_what_is_printed(standby, where):
    worked(where)
    shown = "\n".join(f"    {line}".rstrip() for line in standby("review").out.splitlines())

    page = Path(__file__).parents[2] / "docs" / "policy.md"
    before, mark, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    wanted = f"{before}{mark}\n\n{shown}\n\n{end}{after}"
    if os.environ.get("WRITE_DOCS"):
        page.write_text(wanted, encoding="utf-8")
    assert wanted == page.read_text(encoding="utf-8"), "WRITE_DOCS=1 writes it anew"


def test_it_is_there_as_json(standby, where):
    worked(where)

    said = json.loads(standby("review", "--json").out)

    assert ("s-1", "/work/api", 1) == (said["session"], said["project"], said["commands"])
    assert {"local": 2, "cloud": 1} == said["answers"]
    [file] = said["files"]
    assert (WROTE.path, {"Write": 1, "Edit": 1}) == (file["path"], file["calls"])


def test_a_prompt_is_ready_for_the_cloud(standby, where):
    worked(where)

    said = standby("review", "--prompt")

    assert "in this project (/work/api): it gave 2 answers" in said.out
    assert "* src/a.py (Write 1, Edit 1)" in said.out
    assert "" == said.err


def test_a_name_that_moves_the_cursor_is_shown_as_it_is_meant(standby, where):
    booked(where, (ONE, [Deed("Write", "a\a\x1b[2J.py")]))
    said = standby("review").out + standby("review", "--prompt").out

    assert "a\N{REPLACEMENT CHARACTER}" in said
    assert not {"\a", "\x1b"} & {*said}


def test_where_nothing_was_changed_it_is_said(standby, where):
    booked(where, (ONE, []))
    nothing, elsewhere = standby("review"), standby("review", "--session", "s-9")

    assert (1, 1) == (nothing.code, elsewhere.code)
    assert "no change by a local model is known in any conversation" in nothing.err
    assert "in the session 's-9'" in elsewhere.err
    assert "`[ledger] files`" in nothing.err
    assert "" == nothing.out


def test_its_owner_takes_it_out_and_deletes_it(standby, where):
    worked(where)
    lines = [json.loads(line) for line in standby("data", "export").out.splitlines()]
    standby("data", "delete", "--session", "s-1", "--yes")

    changes = [[f"Write {WROTE.path}"], [f"Edit {WROTE.path}", "Bash"], [], []]
    assert changes == [line["changes"] for line in lines]
    assert 1 == standby("review").code


def test_without_a_ledger_nothing_was_changed(standby, where):
    assert 1 == standby("review").code


def test_what_contradicts_itself_is_not_understood(standby, where):
    assert 2 == standby("review", "--last", "--session", "s").code
    assert 2 == standby("review", "--prompt", "--json").code
