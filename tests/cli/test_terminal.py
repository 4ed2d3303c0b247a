import io

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.cli import terminal

ROWS = (("now", "the cloud answers", "good"), ("", "a \x1b[2Jmodel", "bad"))


class Screen(io.StringIO):
    def isatty(self):
        return True


@given(st.text())
def test_nothing_that_is_printed_can_move_the_cursor(text):
    shown = terminal.printable(text)

    assert all(sign.isprintable() or sign == "\n" for sign in shown)
    assert shown == terminal.printable(shown)


@given(st.floats(-1, 5))
def test_a_bar_is_always_as_long(part):
    assert len(terminal.bar(part).split()[0]) == 20


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3 * 3600 + 125, "3 h 2 min"),
        (2 * 86400 + 3600, "2 d 1 h"),
    ],
)
def test_a_length_of_time_is_told_as_a_person_would(seconds, words):
    assert words == terminal.duration(seconds)


def test_rows_are_plain_where_nobody_looks(capsys):
    terminal.grid(ROWS)

    assert "now  the cloud answers\n     a \N{REPLACEMENT CHARACTER}[2Jmodel\n" == (
        capsys.readouterr().out
    )


@pytest.fixture
def screen(monkeypatch):
    """Print rows to a terminal: to be called by the test, for pytest puts its own in between."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def show(rows):
        screen = Screen()
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", screen)
            terminal.grid(rows)
        return screen.getvalue()

    return show


def test_rows_have_colours_on_a_terminal_and_say_the_same(screen):
    shown = screen(ROWS)

    assert "\x1b[32m" in shown
    assert "the cloud answers" in shown
    assert "\x1b[2J" not in shown


def test_a_long_path_is_whole_on_a_narrow_terminal(screen, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    path = "/home/somebody/.config/standby/config.toml"

    shown = screen([("settings", path, "plain")])

    assert path in "".join(line[10:].strip() for line in shown.splitlines())


def test_a_second_line_passes_for_no_row_of_its_own(capsys):
    terminal.grid([("last", "a\nnow   the cloud answers", "plain")])

    assert "last  a\n      now   the cloud answers\n" == capsys.readouterr().out


def test_nobody_who_does_not_want_colours_gets_them(screen, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    assert "the cloud answers" in (shown := screen(ROWS))
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("variables", "painted"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
    ],
)
def test_words_are_painted_for_those_who_can_see_it(monkeypatch, variables, painted):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)

    assert painted == (terminal.paint("x", "bad", Screen()) != "x")
    assert "x" == terminal.paint("x", "bad", io.StringIO())


def test_what_went_wrong_comes_before_the_hint_and_on_stderr(capsys):
    terminal.report("it broke", "mend it")

    said = capsys.readouterr()
    assert ("", "standby: it broke\n\nmend it\n") == (said.out, said.err)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30min", 1800),
        ("5m", 300),
        ("2 h", 7200),
        ("1D", 86_400),
        ("4w", 28 * 86_400),
    ],
)
def test_lengths_of_time_are_written_as_people_do(text, seconds):
    now = 1_795_000_000.0

    assert seconds == terminal.seconds(text)
    assert now - seconds == terminal.moment(text, now)


@pytest.mark.parametrize("text", ["5", "m", "-5m", "1.5h", "5 months", ""])
def test_what_is_no_length_of_time_is_told(text):
    with pytest.raises(
        click.BadParameter, match="is not a length of time, such as 90s, 5m, 1h or 2d"
    ):
        terminal.seconds(text)
