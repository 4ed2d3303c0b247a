"""What becomes of memory that was much and is freed. Each tries it in a process of its own."""

import platform
import subprocess
import sys

import pytest

from standby.adapters.host.memory import LARGE_BYTES, give_back

MIB = 1024 * 1024
# The second large piece lies below a small one that stays: an allocator that takes it from its
# heap cannot give it back.
TRIED = """
import psutil
from standby.adapters.host.memory import give_back
{call}
rss = lambda: psutil.Process().memory_info().rss
size = 24 * 1024 * 1024
first = b"a" * size
del first
before = rss()
second = b"b" * size
stays = [b"c" * 100_000 for _ in range(20)]
held = rss() - before
del second
print(held, rss() - before)
"""


def held_and_kept(call):
    """How much more a process has while it holds a large piece, and when it has freed it."""
    said = subprocess.run(
        [sys.executable, "-c", TRIED.format(call=call)],
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    ).stdout
    return map(int, said.split())


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc alone")
def test_what_was_much_is_given_back_when_it_is_freed():
    held, kept = held_and_kept("assert give_back()")

    assert held > 20 * MIB
    assert kept < LARGE_BYTES + 2 * MIB


FAULTS = """
import resource
from standby.adapters.host.memory import give_back
{call}

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        held = [b"x" * 700_000 for _ in range(4)]
        del held
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(faults())
"""


def faults(call):
    """How many pages a process asks for while it has and frees what requests of 1 MB take."""
    command = [sys.executable, "-c", FAULTS.format(call=call)]
    return int(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc alone")
def test_what_a_request_of_one_megabyte_took_is_there_for_the_next():
    assert faults("give_back()") * 10 < faults("")


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")

    assert not give_back()
