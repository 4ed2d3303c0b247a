from standby.core.quota.machine import Quota, State
from standby.core.quota.words import reason


def test_an_open_quota_needs_no_words():
    assert "" == reason(Quota())


def test_a_limit_is_called_by_its_name():
    assert "the 5-hour limit is reached" == reason(Quota(State.EXHAUSTED, claim="five_hour"))


def test_a_limit_of_some_models_names_them():
    said = reason(Quota(State.RESTING, "claude-opus-5-5", claim="overloaded"))

    assert "the cloud is overloaded for claude-opus-5-5" == said


def test_a_claim_that_nobody_has_told_us_about_is_a_limit():
    assert "the limit 'lunar_month' is reached" == reason(Quota(State.TRYING, claim="lunar_month"))
