from hypothesis import given
from hypothesis import strategies as st

from standby.cli.gateway import read_status
from tests.fakes.gateway import MODEL, status

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=10,
)


@given(values)
def test_whatever_is_said_is_read(said):
    read_status(said)


def test_what_a_gateway_says_is_read_field_by_field():
    read = read_status(status())

    assert ("cloud", "https://api.anthropic.com") == (read.answering, read.cloud_url)
    assert MODEL["key"] == read.next.key
    assert [("5h", 0.62), ("7d", 1.0)] == [(one.name, one.used) for one in read.accounts[0].windows]
    assert () == read.accounts[0].closed
    assert ("cloud", 1.25) == (read.last.by, read.last.first_token_s)


def test_a_limit_that_is_not_open_is_told():
    account = {"account": "a", "quotas": [{"scope": "opus", "state": "EXHAUSTED"}]}

    read = read_status(status(cloud={"url": "x", "accounts": [account]}))

    assert ("opus: exhausted",) == read.accounts[0].closed


def test_a_field_that_is_missing_is_empty():
    read = read_status({})

    assert ("", None, None, ()) == (read.answering, read.next, read.last, read.accounts)
