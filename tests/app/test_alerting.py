"""A person who looks elsewhere is told."""

import anyio
import pytest

from standby.app.alerting import Alerting
from standby.core.quota.reply import UNIFIED, Reply
from tests.fakes.line import DOWN, ME, OPUS, Way
from tests.fakes.replies import HOUR, NOW

pytestmark = pytest.mark.anyio

STAND_IN = {"key": "desk/coder", "loaded": True}


class Remembered:
    def __init__(self):
        self.told = []
        self.heard = anyio.Event()

    async def tell(self, title, words):
        self.told.append((title, words))
        self.heard.set()


def used(share):
    names = {"5h-utilization": str(share), "5h-reset": str(int(NOW + HOUR)), "5h-status": "allowed"}
    return Reply(200, tuple((f"{UNIFIED}{name}", value) for name, value in names.items()), OPUS)


def glance(answering="cloud", mode="auto"):
    why, until = ("the limit is reached", NOW + HOUR) if answering == "local" else ("", None)
    return {
        "answering": answering,
        "why": why,
        "until": until,
        "mode": mode,
        "stand_in": STAND_IN,
    }


async def test_a_window_that_fills_is_told_with_its_reset():
    way, person = Way(DOWN), Remembered()
    alerting = Alerting(glance, way.accounts, person, way.clock)
    for share in (0.5, 0.83, 0.84):
        way.accounts.heard(ME, OPUS, used(share))
        await alerting.look()

    assert [("80% of the 5h window is used", f"It resets {NOW + HOUR:.0f}")] == person.told


async def test_of_two_accounts_it_says_which():
    way, person = Way(DOWN), Remembered()
    alerting = Alerting(glance, way.accounts, person, way.clock)
    way.accounts.heard("another-account", OPUS, used(0.5))
    way.accounts.heard(ME, OPUS, used(0.5))
    await alerting.look()
    way.accounts.heard(ME, OPUS, used(0.9))
    await alerting.look()

    assert [f"80% of the 5h ({ME[:8]}) window is used"] == [title for title, _ in person.told]


@pytest.mark.parametrize(
    ("mode", "expected"), [("auto", ["desk/coder answers now"]), ("local", [])]
)
async def test_a_switch_is_told_once_it_stands_unless_it_was_chosen(mode, expected):
    way, person = Way(DOWN), Remembered()
    said = [glance()]
    alerting = Alerting(lambda: said[0], way.accounts, person, way.clock)
    await alerting.look()
    said[0] = glance("local", mode)
    for _ in range(3):
        await alerting.look()
        way.clock.passes(5)

    assert expected == [title for title, _ in person.told]
    assert all(words.endswith(f"The cloud is back {NOW + HOUR:.0f}") for _, words in person.told)


async def test_it_looks_again_and_again_by_itself():
    way, person = Way(DOWN), Remembered()
    alerting = Alerting(glance, way.accounts, person, way.clock, every_s=0.001)
    async with anyio.create_task_group() as group:
        group.start_soon(alerting.watch)
        await anyio.wait_all_tasks_blocked()
        way.accounts.heard(ME, OPUS, used(0.99))
        with anyio.fail_after(5):
            await person.heard.wait()
        group.cancel_scope.cancel()

    assert ["95% of the 5h window is used"] == [title for title, _ in person.told]
