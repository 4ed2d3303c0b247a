"""The ledger in the hands of its owner."""

import csv
import io
import json
from dataclasses import replace

import pytest

from tests.cli.test_log import CLOUD, LOCAL, booked


@pytest.fixture
def kept(where):
    booked(where, CLOUD, LOCAL, replace(CLOUD, id="r9", at=CLOUD.at + 5 * 86_400, why="=1+1"))


def ids(said):
    return [json.loads(line)["id"] for line in said.out.splitlines()]


@pytest.mark.usefixtures("kept")
def test_all_of_it_is_taken_out_oldest_first(standby):
    said = standby("data", "export")

    assert ["r1", "r2", "r9"] == ids(said)
    assert {"project": "/work", "saved": True, "session": "s2/agent"}.items() <= json.loads(
        said.out.splitlines()[1]
    ).items()


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (("--session", "s2"), ["r2"]),
        (("--project", "/work"), ["r2"]),
        (("--before", "2026-11-20"), ["r1", "r2"]),
        (("--session", "s1", "--before", "2026-11-20"), ["r1"]),
        (("--session", "s3"), []),
    ],
)
def test_what_is_wanted_of_it_is_taken_out(standby, choice, expected):
    assert expected == ids(standby("data", "export", *choice))


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("words", [("export",), ("delete", "--yes")])
def test_an_id_that_several_begin_with_names_none(standby, words):
    said = standby("data", *words, "--session", "s")

    assert (1, "") == (said.code, said.out)
    assert "begins with 's': s1, s2" in said.err
    assert ["r1", "r2", "r9"] == ids(standby("data", "export"))


@pytest.mark.usefixtures("kept")
def test_a_sheet_has_a_head_and_no_formula(standby):
    lines = list(csv.DictReader(io.StringIO(standby("data", "export", "--csv").out)))

    assert ["r1", "r2", "r9"] == [line["id"] for line in lines]
    assert "'=1+1" == lines[2]["why"]


@pytest.mark.usefixtures("kept")
def test_what_is_deleted_is_gone_and_the_sums_follow(standby):
    said = standby("data", "delete", "--session", "s2", "--yes")

    assert (0, "") == (said.code, said.out)
    assert "1 rows are deleted" in said.err
    assert ["r1", "r9"] == ids(standby("data", "export"))
    groups = json.loads(standby("usage", "--since", "2026-01-01", "--json").out)["groups"]
    assert [("claude-opus-5-5", 2)] == [(one["key"], one["requests"]) for one in groups]


@pytest.mark.usefixtures("kept")
def test_nothing_is_deleted_without_a_yes(standby):
    said = standby("data", "delete", "--all")

    assert 1 == said.code
    assert "nothing was deleted\n\n`--yes` deletes without asking" in said.err
    assert 3 == len(ids(standby("data", "export")))


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("choice", [(), ("--all", "--session", "s1")])
def test_what_to_delete_must_be_said(standby, choice):
    said = standby("data", "delete", "--yes", *choice)

    assert 2 == said.code
    assert "say what" in said.err


def test_what_local_models_have_read_is_deleted_as_well(standby, where):
    where.slots.mkdir(parents=True)
    (where.slots / "0f.slot").write_bytes(b"what was said")
    said = standby("data", "delete", "--session", "s9", "--yes")

    assert "1 saved conversations are deleted" in said.err
    assert [] == list(where.slots.iterdir())


def test_without_a_ledger_there_is_nothing(standby, where):
    assert (0, "") == (standby("data", "export").code, standby("data", "export").out)
    assert "0 rows are deleted" in standby("data", "delete", "--all", "--yes").err
    assert not where.ledger_file.exists()
