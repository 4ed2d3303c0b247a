from hypothesis import given
from hypothesis import strategies as st

from standby.core.quota.machine import Admission, QuotaRules, State
from standby.core.quota.signals import ALL_MODELS, Aside, Down, Exhausted, Served, Throttled
from standby.core.quota.state import AccountState, admitted, combined, heard, released, seen
from standby.core.quota.windows import Window

NOW = 1_795_000_000.0
RULES = QuotaRules()
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
FIVE_HOUR = Exhausted(NOW + 3600, ALL_MODELS, "five_hour", "HTTP 429")
OPUS_WEEK = Exhausted(NOW + 9999, "opus", "seven_day_opus", "HTTP 429")


def hear(state, signal, model=OPUS, now=NOW, tried=False):
    return heard(state, signal, model, now, 0.0, RULES, tried=tried)


def ask(state, model=OPUS, now=NOW):
    return admitted(state, model, now, RULES)


def test_a_spent_opus_window_does_not_stop_the_others():
    state = hear(AccountState(), OPUS_WEEK)

    assert Admission.STAY is ask(state, "claude-opus-4-8")[1]
    assert Admission.GO is ask(state, HAIKU)[1]
    assert State.OPEN is combined(state, HAIKU, NOW).state


def test_of_two_limits_the_later_binds():
    state = hear(hear(AccountState(), OPUS_WEEK), FIVE_HOUR)

    assert "seven_day_opus" == combined(state, OPUS, NOW).claim
    assert "five_hour" == combined(state, HAIKU, NOW).claim


def test_a_single_failure_binds_nobody_once_its_rest_is_over():
    state = hear(AccountState(), Down(ALL_MODELS, "refused"))

    assert State.RESTING is combined(state, OPUS, NOW + 1).state
    assert State.OPEN is combined(state, OPUS, NOW + 2).state


def test_a_limit_that_is_over_binds_less_than_one_that_lasts():
    state = hear(AccountState(), OPUS_WEEK)
    state = hear(state, Exhausted(NOW + 60, ALL_MODELS, "five_hour", "HTTP 429"))

    assert "five_hour" == combined(state, HAIKU, NOW + 61).claim
    assert "seven_day_opus" == combined(state, OPUS, NOW + 61).claim


def test_no_try_is_taken_where_another_limit_forbids_it():
    state = hear(hear(AccountState(), OPUS_WEEK), FIVE_HOUR, now=NOW - 900)

    # The probe of all models is due 900 s before that of Opus.
    after, admission = ask(state, OPUS, NOW + 901)
    assert (Admission.STAY, state) == (admission, after)
    assert Admission.TRY is ask(state, HAIKU, NOW + 901)[1]


def test_a_served_try_opens_all_that_it_tried():
    state = hear(hear(AccountState(), OPUS_WEEK), FIVE_HOUR)
    state, admission = ask(state, OPUS, NOW + 10_000)

    assert Admission.TRY is admission
    assert AccountState() == hear(state, Served(), OPUS, NOW + 10_001, tried=True)


def test_a_try_that_is_refused_for_another_scope_leaves_the_first_to_the_next():
    state, _ = ask(hear(AccountState(), FIVE_HOUR), OPUS, NOW + 3600)
    state = hear(state, OPUS_WEEK, OPUS, NOW + 3601, tried=True)

    assert Admission.STAY is ask(state, OPUS, NOW + 3602)[1]
    assert Admission.TRY is ask(state, HAIKU, NOW + 3602)[1]


def test_an_answer_that_says_nothing_gives_the_try_back():
    for silence in (None, Aside("HTTP 429")):
        trying, admission = ask(hear(AccountState(), FIVE_HOUR), OPUS, NOW + 3600)
        assert Admission.TRY is admission
        assert Admission.STAY is ask(trying, OPUS, NOW + 3601)[1]
        after = hear(trying, silence, OPUS, NOW + 3601, tried=True)
        assert Admission.TRY is ask(after, OPUS, NOW + 3601)[1]


def test_a_cancelled_try_goes_to_the_next_request():
    trying, _ = ask(hear(AccountState(), FIVE_HOUR), OPUS, NOW + 3600)

    assert Admission.TRY is ask(released(trying, OPUS, NOW + 3601), OPUS, NOW + 3601)[1]


def test_an_answer_that_says_nothing_changes_nothing_for_others():
    trying, _ = ask(hear(AccountState(), FIVE_HOUR), OPUS, NOW + 3600)

    assert trying == hear(trying, None, HAIKU, NOW + 3601)
    assert trying == hear(trying, Aside("HTTP 429"), HAIKU, NOW + 3601)


def test_a_throttle_of_one_model_leaves_its_siblings_alone():
    state = hear(AccountState(), Throttled(NOW + 9, "claude-opus-5-5", "HTTP 429"))

    assert Admission.STAY is ask(state, OPUS)[1]
    assert Admission.GO is ask(state, "claude-opus-4-8")[1]


def test_an_outage_is_everybodys():
    assert Admission.STAY is ask(hear(AccountState(), Down(ALL_MODELS, "refused")), HAIKU)[1]


@given(st.lists(st.text(min_size=1), max_size=99))
def test_models_that_clients_make_up_fill_no_memory(names):
    state = AccountState()
    for name in names:
        state = hear(state, Throttled(NOW + 9, name, "HTTP 429"), name)

    assert len(state.quotas) <= 32


def test_windows_stay_until_they_have_reset():
    old = (Window("5h", 0.2, NOW + 60), Window("7d", 0.4, NOW + 9999), Window("tokens", 0.1))
    state = seen(AccountState(windows=old), (Window("5h", 0.3, NOW + 60),), NOW)

    assert (Window("5h", 0.3, NOW + 60), Window("7d", 0.4, NOW + 9999)) == state.windows
    assert state == seen(state, (), NOW + 99_999)
