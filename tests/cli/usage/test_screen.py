"""The report as a person sees it: 80 columns, in any terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.cli.usage.screen import screen

NOW = 1_795_000_000.0
TOTALS = {
    "requests": 12,
    "saved": 3,
    "input_tokens": 900,
    "cache_write_tokens": 1000,
    "cache_read_tokens": 2_500_000,
    "output_tokens": 45_000,
    "first_token_median_s": 1.25,
    "tokens_per_s": 48.7,
    "cloud_cost_usd": 12.345,
    "local_cost_usd": 3.0,
    "unpriced": ["claude-odd"],
}
FIVE = {
    "name": "5h",
    "used": 0.62,
    "left": 0.38,
    "resets_told": "21:23",
    "resets_in_s": 7800.0,
    "rate_per_hour": 0.12,
    "runs_out_at": NOW + 3600,
    "runs_out_told": "20:40",
    "earliest": NOW + 1800,
    "latest": NOW + 7000,
    "lasts": False,
    "warnings": ["5h is nearly used up"],
    "history": [[NOW - 60, 0.1], [NOW - 30, 0.5], [NOW, 0.62]],
}
REPORT = {
    "version": 1,
    "at": NOW,
    "now": {
        "side": "local",
        "model": "desk/coder",
        "why": "the 5-hour limit is reached",
        "since": NOW - 60,
        "until": NOW + 99,
        "until_told": "21:23",
    },
    "accounts": [{"account": "3f2a91c0", "windows": [FIVE]}],
    "today": TOTALS,
    "week": TOTALS,
    "since": NOW - 7 * 86_400,
    "chosen": TOTALS,
    "by": "project",
    "groups": [{"key": "/home/me/work/a-name-that-is-long", **TOTALS}, {"key": "", **TOTALS}],
    "hours": [{"at": NOW, "requests": count} for count in (0, 4, 8)],
    "switches": [{"at": NOW, "by": "local", "why": "the 5-hour limit is reached"}],
    "prices_dated": "2026-11-28",
    "energy_j": None,
    "problem": "",
}


def shown(encoding="utf-8", **changes):
    return "\n".join(words for words, _ in screen({**REPORT, **changes}, encoding))


def window(**changes):
    return shown(accounts=[{"account": "a", "windows": [{**FIVE, **changes}]}])


def test_who_answers_why_and_until_when_comes_first():
    first, second, *_ = shown().splitlines()

    assert first.startswith("desk/coder answers, on this machine, since ")
    assert "the 5-hour limit is reached; the cloud is asked again at 21:23" == second


def test_a_window_has_a_bar_its_reset_its_pace_and_when_it_runs_out():
    text = shown()

    assert "5 hours      ████████████░░░░░░░░  62%  resets 21:23, in 2 h 10 min" in text
    assert "12.0% an hour; runs out about 20:40 (" in text
    assert "▂▅▅" in text
    assert "5h is nearly used up" in text


def test_what_is_not_sure_is_not_said_to_be():
    lasting = {"runs_out_at": None, "runs_out_told": "", "latest": None, "lasts": True}

    assert "lasts until the reset, but may run out from" in window(**lasting)
    assert window(**lasting, earliest=None).count("lasts until the reset\n") == 1
    assert "to the reset or later)" in window(latest=None)
    assert "lasts" not in window(**{**lasting, "lasts": False, "earliest": None})
    assert "used up" in window(used=1.0, left=0)


def test_a_window_that_has_no_name_here_is_shown_as_it_is_called():
    assert "37d_moon" in window(name="37d_moon")
    assert "rejected" in window(used=None, status="rejected")


def test_the_bars_of_an_account_stand_below_each_other_whatever_its_windows_are_called():
    text = shown(accounts=[{"account": "a", "windows": [FIVE, {**FIVE, "name": "output-tokens"}]}])

    places = {line.index("█") for line in text.splitlines() if "resets" in line}
    assert 1 == len(places)
    assert {f"{' ' * place}12.0% an hour" in text for place in places} == {True}


def test_a_name_with_a_line_break_makes_no_row_of_its_own():
    text = shown(by="model", groups=[{"key": "a\r\ntoday   99", **TOTALS}])

    assert 1 == len([line for line in text.splitlines() if line.startswith("today")])


def test_a_table_has_what_was_used_and_what_it_would_have_cost():
    text = shown()

    assert "today                        12      3    1.9k   45.0k    2.5M   1.2 s     49" in text
    assert "...a-name-that-is-long" in text
    assert "no project" in text
    assert "$12.35 by the cloud" in text or "$12.34 by the cloud" in text
    assert "without a price: claude-odd" in text
    assert "not reported by this machine" in text


def test_a_ledger_that_cannot_be_read_leaves_the_windows():
    text = shown(problem="the ledger is damaged")

    assert "62%" in text
    assert "no sums: the ledger is damaged" in text
    assert "today" not in text


@pytest.mark.parametrize("encoding", ["ascii", "no-such-coding", "cp1252"])
def test_a_terminal_without_blocks_gets_plain_signs(encoding):
    text = shown(encoding)

    assert "############........  62%" in text
    text.encode("ascii")


def test_nothing_is_wider_than_eighty_columns_or_moves_the_cursor():
    wide = {"key": "\x1b[2J" + "x" * 200, **TOTALS}
    text = shown(groups=[wide] * 30, now={"side": "local", "why": "y" * 300, "model": "m" * 90})

    assert all(len(line) <= 80 for line in text.splitlines())
    assert "\x1b" not in text
    assert "and 10 more" in text


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0, 2) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(REPORT)), values))
def test_whatever_a_gateway_says_there_are_words_for_it(changes):
    assert all(len(words) <= 80 for words, _ in screen({**REPORT, **changes}, "utf-8"))


@given(st.dictionaries(st.sampled_from(sorted(FIVE)), values))
def test_whatever_is_said_of_a_window_there_are_words_for_it(changes):
    window(**changes)
