"""Where nothing was measured, an engine is run as it was computed."""

from standby.adapters.engines.tuner import AsComputed
from standby.core.models.tuning import Tuning


def test_nothing_is_changed_nobody_is_asked_for_a_version_and_there_is_nothing_to_fall_back_to():
    def asked():
        raise AssertionError("asked")

    assert Tuning(3) == AsComputed().tuned("e/m", asked, Tuning(3))
    assert not AsComputed().failed("e/m")
