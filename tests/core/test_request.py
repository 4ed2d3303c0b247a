import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.request import Request, header

NAMES = st.sampled_from(["X-A", "x-a", "X-B", "content-type"])


@given(st.lists(st.tuples(NAMES, st.text(max_size=3))).map(tuple), NAMES)
def test_the_first_line_of_a_name_counts_whatever_its_case(lines, name):
    values = [value for key, value in lines if key.lower() == name.lower()]

    expected = values[0] if values else None
    assert expected == header(lines, name.upper()) == Request("GET", "/", lines, b"").header(name)


@pytest.mark.parametrize(
    ("target", "path"),
    [("/v1/messages?beta=true", "/v1/messages"), ("/a?b?c", "/a"), ("/", "/"), ("/%3f", "/%3f")],
)
def test_a_path_is_the_target_without_its_query(target, path):
    assert path == Request("GET", target, (), b"").path
