"""A machine without a model gets one, and says how far it is."""

import pytest

from standby.app.fetching import FAILED, Fetching
from standby.app.local.engines import Engines, Preference
from standby.ports import FetchError
from tests.fakes.clock import SetClock
from tests.fakes.talker import Talker

pytestmark = pytest.mark.anyio


class Shop:
    def __init__(self, talker=None, fails=None):
        self.clock = SetClock()
        self.asked = 0
        self.words = []
        self._talker = talker
        self._fails = fails
        self.fetching = None

    async def fetch(self, tell):
        self.asked += 1
        self.words.append(self.fetching.words)
        self.clock.passes(60)
        tell("3 of 9 MB")
        self.words.append(self.fetching.words)
        if self._fails:
            raise FetchError(self._fails)
        if self._talker:
            self._talker.offers = Talker().offers


def fetching_of(talker, shop=None):
    clock = SetClock() if shop is None else shop.clock
    engines = Engines([talker], Preference(), clock)
    fetching = Fetching(engines, None if shop is None else shop.fetch)
    if shop is not None:
        shop.fetching = fetching
    return fetching, engines


async def test_a_machine_that_has_a_model_fetches_none():
    shop = Shop()
    fetching, _ = fetching_of(Talker(), shop)
    await fetching.run()

    assert (0, None) == (shop.asked, fetching.words)


async def test_a_machine_without_one_gets_it_and_says_how_far_it_is():
    talker = Talker()
    talker.offers = ()
    shop = Shop(talker)
    fetching, engines = fetching_of(talker, shop)
    await fetching.run()

    first, later = shop.words
    assert "rehearsal model" in first
    assert later.endswith("3 of 9 MB")
    assert fetching.words is None
    assert Talker().offers == engines.known()


async def test_what_could_not_be_fetched_is_said():
    talker = Talker()
    talker.offers = ()
    fetching, _ = fetching_of(talker, Shop(fails="no route to the index"))
    await fetching.run()

    assert fetching.words.startswith(FAILED)
    assert "no route to the index" in fetching.words


async def test_who_wants_no_download_gets_none():
    talker = Talker()
    talker.offers = ()
    fetching, engines = fetching_of(talker)
    await fetching.run()

    assert (None, ()) == (fetching.words, engines.known())
