"""Words on the desktop, or a bell."""

import asyncio
import io
import json
import logging
import sys
import time

import pytest

from standby.adapters.host.notifying import Bell, Desktop, DesktopWay, desktop_way

pytestmark = pytest.mark.anyio

HOSTILE = "$(touch x) `id` \"; 'rm' -e --version\x1b[31m\n%PATH%"
CODE = """
import json, os, sys
names = ("STANDBY_TITLE", "STANDBY_WORDS")
said = [sys.argv[2:], [os.environ.get(name) for name in names]]
open(sys.argv[1], "w").write(json.dumps(said))
"""


class Screen(io.StringIO):
    def isatty(self):
        return True


def way(path, *, by_variables=False):
    return DesktopWay(sys.executable, ("-c", CODE, str(path)), by_variables)


async def told(path, title="a title", words="some words", **how):
    screen = Screen()
    await Desktop(way(path, **how), Bell(screen)).tell(title, words)
    return json.loads(path.read_text()), screen.getvalue()


@pytest.mark.parametrize("by_variables", [False, True])
async def test_both_texts_arrive_and_nothing_rings(tmp_path, by_variables):
    texts = ["a title", "some words"]
    (arguments, variables), rung = await told(tmp_path / "said", by_variables=by_variables)

    assert ([] if by_variables else texts) == arguments
    assert (texts if by_variables else [None, None]) == variables
    assert "" == rung


async def test_a_text_is_never_more_than_a_text(tmp_path):
    (arguments, _), _ = await told(tmp_path / "said", HOSTILE, "x" * 1000)

    assert HOSTILE.replace("\x1b", " ").replace("\n", " ") == arguments[0]
    assert 200 == len(arguments[1])
    assert [tmp_path / "said"] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "failing",
    [
        DesktopWay("no-such-program-anywhere", ()),
        DesktopWay(sys.executable, ("-c", "raise SystemExit(3)")),
        DesktopWay(sys.executable, ("-c", "import threading; threading.Event().wait(30)")),
    ],
    ids=["none", "refuses", "hangs"],
)
async def test_where_the_desktop_cannot_be_reached_the_bell_rings_soon(failing, caplog):
    screen, began = Screen(), time.monotonic()
    with caplog.at_level(logging.WARNING):
        await Desktop(failing, Bell(screen), within_s=0.5).tell("a title", "some words")

    assert "\a" == screen.getvalue()
    assert "a title. some words" in caplog.text
    assert time.monotonic() - began < 15


async def test_one_that_is_told_to_end_leaves_no_process(tmp_path):
    hangs = DesktopWay(sys.executable, ("-c", "import threading; threading.Event().wait(30)"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await Desktop(hangs, Bell(Screen()), within_s=20).tell("a", "b")


async def test_without_a_terminal_nothing_rings_and_the_log_has_it(caplog):
    silent = io.StringIO()
    with caplog.at_level(logging.WARNING):
        await Bell(silent).tell("a title", "some\nwords")

    assert "" == silent.getvalue()
    assert "a title. some words" in caplog.text


@pytest.mark.parametrize(
    ("platform", "program", "end"),
    [
        ("linux", "notify-send", ["--", "t", "w"]),
        ("darwin", "osascript", ["--", "t", "w"]),
        ("win32", "powershell", []),
    ],
)
def test_each_system_is_told_in_its_own_way_and_by_no_shell(platform, program, end):
    found = desktop_way(platform)
    behind = [*found.command("t", "w")][-3:]

    assert program == found.program
    assert behind == end if end else "t" not in behind
    assert ({"STANDBY_TITLE", "STANDBY_WORDS"} if platform == "win32" else set()) == set(
        found.variables("t", "w")
    )
