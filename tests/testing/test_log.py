"""The log answers how many requests were like this."""

import pytest

from standby.testing.log import Received, count

LOG = (
    Received(0, "POST", "/v1/messages?beta=true", (), b"", "a", 200),
    Received(1, "POST", "/v1/messages", (), b"", "a", 429, refused=True),
    Received(2, "GET", "/v1/models", (("X-A", "1"),), b"", "b", 200),
)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, 3),
        ({"path": "/v1/messages"}, 2),
        ({"account": "a", "status": 200}, 1),
        ({"refused": True}, 1),
        ({"refused": False}, 2),
        ({"path": "/v1/models", "account": "a"}, 0),
    ],
)
def test_it_counts_what_is_as_asked_for(asked, found):
    assert found == count(LOG, **asked)
