"""With the notes there is a column for all of an entry at its time."""

import sqlite3
from contextlib import closing
from dataclasses import fields

from standby.adapters.ledger.migrations import m0001_requests
from standby.adapters.ledger.migrations.m0002_notes import up
from standby.core.usage import Entry, Tokens


def test_the_columns_are_those_of_an_entry_and_old_rows_have_no_notes():
    with closing(sqlite3.connect(":memory:")) as connection:
        m0001_requests.up(connection)
        values = "(1, 'a', 1, '', '', '', '', '', '', '', 200, 1, 1, 1, 1, NULL, 1)"
        connection.execute(f"INSERT INTO requests VALUES {values}")  # noqa: S608  # a constant

        up(connection)

        columns = {row[1] for row in connection.execute("PRAGMA table_info(requests)")}
        notes = connection.execute("SELECT notes FROM requests").fetchall()

    names = {field.name for field in (*fields(Entry), *fields(Tokens))}
    assert names - {"tokens", "by", "project", "saved"} | {"seq", "served_by"} == columns
    assert [("[]",)] == notes
