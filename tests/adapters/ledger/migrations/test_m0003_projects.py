"""With projects there is a column for all of an entry, and old rows tell what was saved."""

import sqlite3
from contextlib import closing
from dataclasses import fields

import pytest

from standby.adapters.ledger.migrations import m0001_requests, m0002_notes
from standby.adapters.ledger.migrations.m0003_projects import up
from standby.core.usage import Entry, Tokens


@pytest.fixture
def connection():
    with closing(sqlite3.connect(":memory:")) as made:
        m0001_requests.up(made)
        m0002_notes.up(made)
        yield made


def test_the_columns_are_those_of_an_entry(connection):
    up(connection)

    columns = {row[1] for row in connection.execute("PRAGMA table_info(requests)")}
    names = {field.name for field in (*fields(Entry), *fields(Tokens))}
    assert names - {"tokens", "by"} | {"seq", "served_by", "switched"} == columns


@pytest.mark.parametrize(
    ("by", "why", "outcome", "saved"),
    [
        ("local", "the 5-hour limit is reached", "ok", 1),
        ("both", "begun, and gone on with by another: reset", "ok", 1),
        ("local", "you chose it", "ok", 0),
        ("local", "the request has no cloud credential", "ok", 0),
        ("local", "the 5-hour limit is reached", "broken", 0),
        ("cloud", "the cloud serves", "ok", 0),
    ],
)
def test_what_an_earlier_version_saved_stands_in_its_reason(connection, by, why, outcome, saved):
    values = (
        f"(1, 'a', 1, '', '', '', '', '{by}', '{why}', '{outcome}', 200, 1, 1, 1, 1, NULL, 1, '[]')"
    )
    connection.execute(f"INSERT INTO requests VALUES {values}")  # noqa: S608  # constants

    up(connection)

    assert [(saved, "", 0)] == connection.execute(
        "SELECT saved, project, switched FROM requests"
    ).fetchall()
