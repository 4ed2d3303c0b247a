"""What a query may ask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.server.api.query import Query, QueryError

ALLOWED = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 10, "default": 5},
    "range": {"type": "string", "enum": ["6h", "7d"], "default": "6h"},
    "session": {"type": "string"},
}


def test_what_is_not_given_has_its_default():
    query = Query("", ALLOWED)

    assert (5, "6h", "") == (query.whole("limit"), query.text("range"), query.text("session"))


def test_what_is_given_is_taken():
    query = Query("limit=7&range=7d&session=a%2Fb+c", ALLOWED)

    assert (7, "7d", "a/b c") == (query.whole("limit"), query.text("range"), query.text("session"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("limits=7", "limit, range, session"),
        ("limit=0", "1 at least"),
        ("limit=11", "10 at most"),
        ("limit=-1", "whole number"),
        ("limit=1.5", "whole number"),
        ("limit=%D9%A3", "whole number"),
        ("limit=" + "9" * 999, "1000 signs"),
        ("limit=" + "9" * 99, "whole number"),
        ("range=8d", "6h, 7d"),
    ],
)
def test_what_is_not_allowed_is_refused_with_what_is(text, words):
    with pytest.raises(QueryError, match=words):
        read(Query(text, ALLOWED))


def read(query):
    return query.whole("limit"), query.text("range"), query.text("session")


@given(st.text(max_size=1200))
def test_any_text_is_a_query_or_refused_without_its_words(text):
    try:
        limit, span, _ = read(Query(text, ALLOWED))
    except QueryError as error:
        words = str(error)
    else:
        words = ""
        assert 1 <= limit <= 10
        assert span in {"6h", "7d"}
    assert len(words) < 80
