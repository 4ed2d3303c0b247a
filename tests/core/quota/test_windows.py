import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.quota.reply import UNIFIED
from standby.core.quota.windows import Window, read_windows, warnings

NOW = 1_795_000_000.0
HOUR = 3600.0
DAY = 24 * HOUR


def read(headers):
    return read_windows(tuple(headers.items()), NOW)


def test_a_subscription_tells_of_each_window():
    said = {
        f"{UNIFIED}5h-utilization": "0.05",
        f"{UNIFIED}5h-reset": str(int(NOW + HOUR)),
        f"{UNIFIED}5h-status": "allowed",
        f"{UNIFIED}7D-Utilization": "1.08",
        f"{UNIFIED}7d-surpassed-threshold": "0.75",
        f"{UNIFIED}overage-status": "rejected",
        f"{UNIFIED}7d-opus-status": "allowed_warning",
        f"{UNIFIED}grace-5h-utilization": "0.5",
        f"{UNIFIED}status": "allowed",
        f"{UNIFIED}slow-status": "rejected",
    }

    assert (
        Window("5h", 0.05, NOW + HOUR, "allowed"),
        Window("7d", 1.08, surpassed=0.75),
        Window("7d_opus", status="allowed_warning"),
        Window("grace-5h", 0.5),
        Window("overage", status="rejected"),
    ) == read(said)


def test_an_api_key_tells_of_each_bucket():
    said = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "40",
        "anthropic-ratelimit-requests-reset": "2026-11-18T11:07:40Z",
        "anthropic-ratelimit-input-tokens-limit": "30000",
        "anthropic-ratelimit-input-tokens-remaining": "30000",
        "anthropic-priority-output-tokens-limit": "1000",
        "anthropic-priority-output-tokens-remaining": "2000",
        "anthropic-ratelimit-tokens-limit": "0",
        "anthropic-ratelimit-tokens-remaining": "0",
    }
    found = {window.name: window for window in read(said)}

    assert {"requests", "input-tokens"} <= set(found)
    assert pytest.approx(0.2) == found["requests"].utilisation
    assert NOW + 60 == found["requests"].resets_at
    assert 0 == found["input-tokens"].utilisation


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [f"{UNIFIED}5h-utilization", f"{UNIFIED}5h-reset", f"{UNIFIED}x-status"]
            )
            | st.text(max_size=9).map(lambda name: f"{UNIFIED}{name}-utilization"),
            st.text(max_size=20) | st.floats().map(str) | st.integers().map(str),
        ),
        max_size=99,
    )
)
def test_whatever_comes_the_windows_are_few_and_sound(lines):
    windows = read_windows(tuple(lines), NOW)

    assert len(windows) <= 32
    assert all(window.utilisation is None or window.utilisation >= 0 for window in windows)
    assert all(isinstance(warnings(window, NOW), tuple) for window in windows)


@pytest.mark.parametrize(
    ("name", "used", "left_s", "warns"),
    [
        ("5h", 0.90, 2 * HOUR, True),
        ("5h", 0.89, 2 * HOUR, False),
        ("5h", 0.90, 1 * HOUR, False),
        ("7d", 0.75, 3 * DAY, True),
        ("7d", 0.75, 2.5 * DAY, False),
        ("7d", 0.50, 5 * DAY, True),
        ("7d", 0.49, 5 * DAY, False),
        ("7d", 0.25, 6.5 * DAY, True),
        ("7d", 0.24, 6.5 * DAY, False),
        ("7d", 0.96, 0.1 * DAY, True),
        ("overage", 0.90, HOUR, False),
    ],
)
def test_a_window_that_is_used_too_fast_gives_one_warning(name, used, left_s, warns):
    assert int(warns) == len(warnings(Window(name, used, NOW + left_s, "allowed"), NOW))


def test_the_clouds_own_warning_comes_first():
    assert ("more than 75% of 7d is used",) == warnings(Window("7d", 0.1, surpassed=0.75), NOW)
    assert ("5h is nearly used up",) == warnings(Window("5h", status="allowed_warning"), NOW)


def test_what_is_used_up_needs_no_warning():
    assert () == warnings(Window("5h", 1.08, NOW + 9, "rejected", 1.0), NOW)
