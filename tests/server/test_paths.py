"""Which paths are our own."""

import pytest

from standby.server.paths import is_ours


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("/standby/", True),
        ("/standby/api/v1/status", True),
        ("/metrics", True),
        ("/metrics/", False),
        ("/standby", False),
        ("/v1/messages", False),
        ("/v1/standby/", False),
    ],
)
def test_a_path_is_ours_or_the_clouds(path, ours):
    assert ours is is_ours(path)
