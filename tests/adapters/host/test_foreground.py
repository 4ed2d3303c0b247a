import os
import signal
import sys
import threading

import pytest

from standby.adapters.host.foreground import run_in_front
from standby.adapters.host.processes import ProcessError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")

# Ends with 100 and the number of the signal that it was told to heed.
WAITS = """
import pathlib, signal, sys
signal.signal(getattr(signal, sys.argv[2]), lambda number, frame: sys.exit(100 + number))
pathlib.Path(sys.argv[1]).touch()
while True:
    signal.pause()
"""


def python(code, *arguments):
    return [sys.executable, "-c", code, *arguments]


class Sender(threading.Thread):
    """Sends signals to this process, once the program is there."""

    def __init__(self, marker, numbers):
        super().__init__(daemon=True)
        self.marker = marker
        self.numbers = numbers

    def run(self):
        pause = threading.Event()
        while not self.marker.exists():
            pause.wait(0.01)
        for number in self.numbers:
            os.kill(os.getpid(), number)


def test_the_code_of_the_program_is_ours():
    assert run_in_front(python("import sys; sys.exit(7)"), os.environ) == 7


def test_a_program_that_a_signal_ended_gives_128_and_the_signal():
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"

    assert run_in_front(python(code), os.environ) == 128 + signal.SIGKILL


def test_the_program_gets_the_environment_and_no_other():
    code = "import os, sys; sys.exit(3 if set(os.environ) <= {'A', 'LC_CTYPE'} else 4)"

    assert run_in_front(python(code), {"A": "b"}) == 3


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_for_us_alone_reaches_the_program(tmp_path, name):
    marker = tmp_path / "there"
    number = getattr(signal, name)
    Sender(marker, [number]).start()

    assert run_in_front(python(WAITS, str(marker), name), os.environ) == 100 + number


def test_ctrl_c_is_the_programs_own_and_does_not_end_us(tmp_path):
    marker = tmp_path / "there"
    # The terminal would send SIGINT to the program itself: here it comes to us alone.
    Sender(marker, [signal.SIGINT, signal.SIGQUIT, signal.SIGTERM]).start()

    assert run_in_front(python(WAITS, str(marker), "SIGTERM"), os.environ) == 100 + signal.SIGTERM


def test_ctrl_c_is_not_ignored_by_the_program_on_our_account():
    code = "import signal, sys; sys.exit(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)"

    assert run_in_front(python(code), os.environ) == 0


def test_the_signals_are_as_before_afterwards():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    run_in_front(python(""), os.environ)

    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def test_a_program_that_cannot_be_started_is_an_error_in_words(tmp_path):
    with pytest.raises(ProcessError, match="nothing cannot be started"):
        run_in_front([str(tmp_path / "nothing")], os.environ)
