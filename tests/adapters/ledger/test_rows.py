"""An entry comes back from the database as it went in, whatever a peer has put into it."""

import math
import sqlite3
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.ledger.rows import NEWEST, entry, insert, row
from standby.adapters.ledger.schema import migrate
from standby.core.usage import Entry, Tokens

storable = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
counts = st.integers(min_value=0, max_value=2**62)
times = st.floats(allow_nan=False, allow_infinity=False)


def entries(text, count, time):
    return st.builds(
        Entry,
        id=text,
        at=time,
        session=text,
        account=text,
        requested=text,
        answered=text,
        by=text,
        why=text,
        outcome=text,
        status=count,
        tokens=st.builds(Tokens, count, count, count, count),
        first_token_s=st.none() | time,
        duration_s=time,
        notes=st.lists(text, max_size=3).map(tuple),
    )


def stored(one):
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        connection.execute(insert(1), row(one))
        [values] = connection.execute(NEWEST, (10,)).fetchall()
    return entry(values)


ONE = Entry(
    *("req_1", 1.0, "", "", "", "", "local", "", "ok", 200),
    tokens=Tokens(),
    first_token_s=None,
    duration_s=1.0,
)


@given(entries(storable, counts, times))
def test_an_entry_comes_back_as_it_was(one):
    assert one == stored(one)


@given(entries(st.text(alphabet=st.characters()), st.integers(), st.floats()))
def test_what_cannot_be_stored_is_stored_as_near_as_can_be(one):
    found = stored(one)

    assert found is not None
    assert not math.isfinite(one.at) or one.at == found.at
    assert abs(found.status) <= abs(one.status)


def test_notes_that_are_none_of_ours_are_left_out():
    values = [*row(ONE)]
    for text, expected in (("no JSON", ()), ("7", ()), ('["a", 7, "b"]', ("a", "b"))):
        assert expected == entry((*values[:-3], text, *values[-2:])).notes


def test_a_row_of_somebody_else_is_none_of_ours():
    assert entry((1, 2, 3)) is None
    assert entry(None) is None
