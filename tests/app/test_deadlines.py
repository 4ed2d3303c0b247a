import asyncio

import pytest

from standby.app.deadlines import SilenceError, timed
from tests.fakes.line import for_ever

pytestmark = pytest.mark.anyio


class Speaks:
    def __init__(self, *steps):
        self._steps = steps
        self.left = False

    async def speak(self):
        try:
            for step in self._steps:
                if callable(step):
                    await step()
                else:
                    yield step
        finally:
            self.left = True


async def heard(speaker, first_s=2.0, idle_s=2.0):
    async with asyncio.timeout(5):
        return [item async for item in timed(speaker.speak(), first_s=first_s, idle_s=idle_s)]


async def test_what_comes_in_time_comes_through():
    assert [1, 2, 3] == await heard(Speaks(1, 2, 3))


@pytest.mark.parametrize(
    ("steps", "limits"),
    [((for_ever,), {"first_s": 0.01}), ((1, for_ever), {"idle_s": 0.01})],
    ids=["first", "next"],
)
async def test_silence_ends_it_and_closes_who_was_silent(steps, limits):
    speaker = Speaks(*steps)
    with pytest.raises(SilenceError):
        await heard(speaker, **limits)

    assert speaker.left


async def test_the_first_piece_may_take_longer_than_the_next():
    async def takes_a_while():
        await asyncio.sleep(0.05)

    assert [1] == await heard(Speaks(takes_a_while, 1), first_s=2.0, idle_s=0.01)


async def test_who_leaves_closes_the_speaker():
    speaker = Speaks(1, 2)
    items = timed(speaker.speak(), first_s=1.0, idle_s=1.0)
    await anext(items)
    await items.aclose()

    assert speaker.left


async def test_a_deadline_of_the_speakers_own_is_not_taken_for_silence():
    async def fails():
        raise OSError("refused")

    with pytest.raises(OSError, match="refused"):
        await heard(Speaks(fails))


async def test_what_cannot_be_closed_is_a_mistake():
    class Endless:
        def __aiter__(self):
            return self

        async def __anext__(self):
            return 1

    with pytest.raises(TypeError):
        await anext(timed(Endless(), first_s=1.0, idle_s=1.0))
