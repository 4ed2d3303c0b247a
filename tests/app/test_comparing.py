"""A comparison over engines that take as long as they are told: what it tries, and when it ends."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from standby.app.comparing import Bed, Comparing
from standby.core.models.facts import LocalModel
from standby.core.models.fit import Kv
from standby.core.models.measured import Figures, Measured
from standby.core.models.speed import Progress, Speed, Timings
from standby.core.models.trials import TOGETHER, Size
from standby.core.models.tuning import Drafts, Tuning
from standby.ports import EngineError

pytestmark = pytest.mark.anyio

MODEL = LocalModel("embedded", "coder", "")
COMPUTED = Tuning(2, 0)
DRAFTS, SMALL = "drafts by ngram-simple", "KV cache of 8 bits"


@dataclass
class Clock:
    at: float = 0.0

    def now(self):
        return 1_000.0 + self.at

    def ticks(self):
        return self.at


@dataclass
class House:
    """Engines whose speed depends on their settings; time goes on while they read and write."""

    read: dict = field(default_factory=dict)
    """How many times longer reading takes with a trial."""
    write: dict = field(default_factory=dict)
    broken: tuple = ()
    drafters: tuple = ()
    clock: Clock = field(default_factory=Clock)
    served: list = field(default_factory=list)
    told: list = field(default_factory=list)
    seen: list = field(default_factory=list)
    length: int | None = None

    @asynccontextmanager
    async def serve(self, tuning):
        self.served.append("" if tuning is None else tuning.measured)
        used = COMPUTED if tuning is None else tuning
        about = ("engine 1", "a desk")
        yield Bed(_Bench(self, used), MODEL, about, lambda: None, lambda: used)

    def figures(self, tuning, tokens, along):
        name = tuning.measured
        if name in self.broken:
            raise EngineError("no such setting")
        part = tokens / 4
        for step in range(1, 5):
            self.clock.at += self.read.get(name, 1.0) * part / 100
            spent = self.read.get(name, 1.0) * step * part / 100
            along(Progress(int(step * part), tokens, 0, spent))
        self.clock.at += 6.4 * self.write.get(name, 1.0)
        first_s = self.read.get(name, 1.0) * tokens / 100
        return Figures(Timings(0, tokens, first_s, 64, 6.4 * self.write.get(name, 1.0)), first_s)

    async def compared(self, seconds=100_000.0, tokens=8_000, cores=2):
        async def note(outcome):
            self.seen.append(outcome)

        comparing = Comparing(
            self.serve,
            self.clock,
            lambda *step: self.told.append(step),
            note,
            cores,
            self.drafters,
            seconds,
        )
        return await comparing.run(tokens)


@dataclass
class _Bench:
    house: House
    tuning: Tuning

    async def run(self, model, tokens, about, _memory, along, room):
        size = room(Speed().read(0, 1_000, 10.0), 10.0, Size(tokens, 64), 0.5)
        tokens = self.house.length = size.tokens
        along(Progress(0, tokens))
        found = self.house.figures(self.tuning, tokens, along)
        settings = (self.tuning.words, 0.0, 0.5, None)
        return Measured(
            model.key, *about, *settings, found.cold, found.first_token_s, found.cold, 1.0
        )

    async def cold(self, _model, size, along):
        return self.house.figures(self.tuning, size.tokens, along)


async def test_nothing_is_proposed_where_nothing_is_better():
    house = House()
    outcome = await house.compared()

    assert outcome.done
    assert outcome.proposal is None
    assert "" == outcome.doubt
    assert house.served == ["", *(one.trial.name for one in outcome.tried)]
    assert {DRAFTS, "drafts by ngram-mod", "1 threads", "4 threads", SMALL} <= {*house.served}


async def test_what_is_better_twice_is_proposed_with_both_figures():
    house = House(write={DRAFTS: 0.5})
    outcome = await house.compared()
    proposal = outcome.proposal

    assert [DRAFTS, "", DRAFTS] == [DRAFTS, *house.served[-2:]]
    assert ("embedded/coder", "engine 1", "a desk", 8_000) == (
        *(proposal.model, proposal.engine_version, proposal.machine, proposal.tokens),
    )
    assert (Drafts.SIMPLE, DRAFTS) == (proposal.tuning.drafts, proposal.name)
    assert (110.0, 95.0) == pytest.approx((proposal.before_s, proposal.after_s))


async def test_what_helps_apart_is_tried_together():
    house = House(write={DRAFTS: 0.5, TOGETHER: 0.5}, read={"4 threads": 0.5, TOGETHER: 0.5})
    outcome = await house.compared()

    assert (TOGETHER, 4, Drafts.SIMPLE) == (
        *(outcome.proposal.name, outcome.proposal.tuning.threads, outcome.proposal.tuning.drafts),
    )


async def test_what_is_much_slower_is_given_up_early_and_costs_little_time():
    house = House(read={SMALL: 4.6})
    outcome = await house.compared()
    (small,) = (one for one in outcome.tried if one.trial.name == SMALL)

    assert small.figures is None
    assert "4.6 times slower: given up at 25%" == small.ended
    assert small.trial.tuning.kv is Kv.Q8_0


async def test_a_setting_that_does_not_work_is_told_and_the_others_are_tried():
    outcome = await House(broken=("no flash attention",)).compared()

    ended = {one.trial.name: one.ended for one in outcome.tried if one.figures is None}
    assert {"no flash attention": "it does not work: no such setting"} == ended


async def test_the_prompt_is_as_long_as_all_trials_have_time_for():
    house = House()
    await house.compared(seconds=600.0)

    assert 512 <= house.length < 4_000
    assert any("so that there is time for all" in words for words, _ in house.told)
    assert house.clock.at <= 600.0


async def test_when_the_time_is_over_it_says_what_was_not_tried_and_proposes_nothing_unproved():
    house = House(write={SMALL: 0.2})
    outcome = await house.compared(seconds=30.0, tokens=512)

    assert SMALL in outcome.left
    assert outcome.proposal is None
    assert "" == outcome.doubt


async def test_time_is_kept_to_measure_what_looks_better_a_second_time():
    house = House(write={DRAFTS: 0.2})
    outcome = await house.compared(seconds=100.0, tokens=1_500)

    assert outcome.left
    assert DRAFTS == outcome.proposal.name
    assert house.clock.at <= 110.0


async def test_what_was_measured_once_only_is_not_proposed():
    house = House(write={DRAFTS: 0.2})
    real = house.figures

    def slow_at_the_second_time(tuning, tokens, along):
        if house.served.count(DRAFTS) > 0 and tuning.measured == "":
            house.clock.at += 1_000.0
        return real(tuning, tokens, along)

    house.figures = slow_at_the_second_time
    outcome = await house.compared(seconds=500.0)

    assert outcome.proposal is None
    assert f"{DRAFTS} was not measured twice: the time was over" == outcome.doubt


async def test_whoever_breaks_it_off_has_what_was_measured_until_then():
    house = House(write={DRAFTS: 0.5})
    await house.compared()
    counts = [len(outcome.tried) for outcome in house.seen]

    assert [0, 1, 2] == counts[:3]
    assert counts == sorted(counts)
    assert [True] == [outcome.done for outcome in house.seen if outcome.done]


async def test_chance_is_not_proposed():
    house = House(write={DRAFTS: 0.5})
    real = house.figures

    def once(tuning, tokens, along):
        if house.served.count(DRAFTS) > 1:
            house.write = {DRAFTS: 1.0}
        figures = real(tuning, tokens, along)
        if tuning.measured == "" and len(house.served) > 1:
            return replace(figures, first_token_s=figures.first_token_s * 0.8)
        return figures

    house.figures = once
    outcome = await house.compared()

    assert outcome.proposal is None
    assert f"{DRAFTS} was not better the second time" == outcome.doubt
