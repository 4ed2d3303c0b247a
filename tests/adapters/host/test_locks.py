"""One process at a time, and the lock goes with it."""

import os

from standby.adapters.host.locks import locked


def test_one_has_the_lock_until_he_lets_go_of_the_file(tmp_path):
    def opened():
        return os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)

    first, second = opened(), opened()

    assert locked(first)
    assert not locked(second)
    os.close(first)
    assert locked(second)
    os.close(second)
