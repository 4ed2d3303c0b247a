"""The modes, by the names that the settings give them."""

from standby.core.policy.modes import Mode
from standby.core.policy.privacy import Privacy
from standby.core.settings import MODES, PRIVACIES


def test_the_settings_know_every_mode_and_every_privacy():
    assert {*MODES} == {mode.value for mode in Mode}
    assert {*PRIVACIES} == {privacy.value for privacy in Privacy}
