import logging
import sys
from json import loads

from hypothesis import given
from hypothesis import strategies as st

from standby.cli.gateway.logging_lines import LineFormatter


def line_of(words, *arguments):
    record = logging.LogRecord("standby", logging.INFO, __file__, 1, words, arguments, None)
    return LineFormatter().format(record)


@given(st.text())
def test_words_of_others_are_one_line_and_printable(words):
    line = line_of("%s", words)

    assert line.isprintable()
    assert 1 == len(line.splitlines())


def test_a_line_break_in_a_name_does_not_pass_for_an_entry():
    line = line_of("%s: ok", "local/a\r\n2026-01-01 WARNING standby: account 1: open")

    assert line.endswith(r"local/a\r\n2026-01-01 WARNING standby: account 1: open: ok")


def test_what_can_be_printed_stays_as_it_is():
    assert line_of("größer, 大").endswith("standby: größer, 大")


def test_a_traceback_keeps_its_lines():
    record = logging.LogRecord("standby", logging.ERROR, __file__, 1, "failed", (), None)
    try:
        loads("{")
    except ValueError:
        record.exc_info = sys.exc_info()

    assert "failed\nTraceback (most recent call last):\n" in LineFormatter().format(record)
