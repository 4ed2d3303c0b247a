"""The table of requests has a column for all of an entry at its time, and none for words."""

import sqlite3
from contextlib import closing
from dataclasses import fields

from standby.adapters.ledger.migrations.m0001_requests import up
from standby.core.usage import Entry, Tokens


def test_the_columns_are_those_of_an_entry_without_what_came_later():
    with closing(sqlite3.connect(":memory:")) as connection:
        up(connection)
        columns = {row[1] for row in connection.execute("PRAGMA table_info(requests)")}

    names = {field.name for field in (*fields(Entry), *fields(Tokens))}
    assert names - {"tokens", "by", "notes", "project", "saved"} | {"seq", "served_by"} == columns
