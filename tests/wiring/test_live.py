"""What is said to count at once does, and nothing else: each setting is changed once."""

import asyncio
import logging
from dataclasses import replace

import pytest

from standby.adapters.host.paths import paths
from standby.adapters.ledger.nothing import NoLedger
from standby.app.alerting import Alerting
from standby.app.answering.notices import Notices
from standby.app.cloud.outlook import Outlook
from standby.app.local.admission import Admission
from standby.app.local.fitting import Fitting
from standby.app.warming.warm import Warming
from standby.core.policy.modes import Mode
from standby.core.settings import Settings, changed, known
from standby.core.settings.about import Tables
from standby.core.settings.kinds import Choice, Name, Seconds, Switch, Text, Whole
from standby.core.settings.local import Local, Server
from standby.core.settings.policy import Policy, Project
from standby.wiring.engines import preference_of
from standby.wiring.live import Live, deadlines_of, quota_rules_of, reloading_of, terms_of
from tests.fakes.house import House
from tests.fakes.line import DOWN
from tests.fakes.readers import Calm
from tests.fakes.talker import Talker, says

pytestmark = pytest.mark.anyio

TABLES = {
    Server: (Server("desk", "llamacpp", "http://127.0.0.1:1"),),
    Project: (Project("local-only", "/work"),),
}
# Read by whoever starts a client, each time: no part of the gateway has them.
BY_THE_LAUNCHER = {"client.plugin", "client.status_line"}


class Kept(NoLedger):
    days = 90

    def keep(self, days):
        self.days = days


@pytest.fixture
def home(tmp_path):
    where = paths({"STANDBY_HOME": str(tmp_path)})
    where.make()
    return where


def parts_of(house, home, ledger):
    way = house.way
    admission = Admission(way.clock)
    warming = Warming(
        *(house.engines, admission, Fitting(house.engines), Outlook(way.accounts, way.clock)),
        *(Calm(), way.clock),
    )
    return Live(
        lambda settings: preference_of(settings, home),
        *(house.policy, house.engines, way.accounts, way.line, admission, Notices()),
        *(house.switch, warming, Alerting(dict, way.accounts, None, way.clock)),
        keep_days=ledger.keep,
    )


@pytest.fixture
async def parts(home):
    ledger = Kept()
    live = parts_of(House(), home, ledger)
    level = logging.getLogger().level
    await live.take(Settings())
    yield live, ledger
    logging.getLogger().setLevel(level)


def seen(live, ledger):
    """All that the parts go by."""
    return (
        live.policy.wishes,
        live.engines.preference,
        live.accounts.rules,
        live.line.deadlines,
        live.admission.wait_s,
        live.notices.enabled,
        (live.switch.keep_alive_s, live.switch.continues),
        live.warming.terms,
        type(live.alerting.notifier),
        ledger.days,
        logging.getLogger().level,
    )


def another(one):
    """Return another value that a setting takes."""
    match one.about.kind:
        case Tables(of):
            return TABLES[of]
        case Switch():
            return not one.default
        case Whole(least, most):
            return least if one.default != least else most
        case Seconds(least, most):
            return least if one.default != least else most
        case Choice(words):
            return next(word for word in words if word != one.default)
        case Name():
            return "embedded"
        case Text():
            return "coder"
        case _:
            return "https://else.example"


def with_another(one):
    section, name = one.path
    settings = Settings()
    part = replace(getattr(settings, section), **{name: another(one)})
    return replace(settings, **{section: part})


@pytest.mark.parametrize("one", known(), ids=lambda one: one.dotted)
async def test_a_setting_that_is_said_to_count_at_once_does_and_no_other(parts, one):
    live, ledger = parts
    before = seen(live, ledger)
    settings = with_another(one)

    await live.take(settings)

    assert (one,) == changed(Settings(), settings)
    at_once = one.about.live and one.dotted not in BY_THE_LAUNCHER
    assert at_once == (before != seen(live, ledger))


async def test_an_answer_that_runs_keeps_what_was_decided_for_it(home, parts):
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def waits():
        begun.set()
        await may_end.wait()

    house = House(DOWN, engines=[Talker(*says("Hello")[:1], waits, *says("Hello")[1:])])
    live = parts_of(house, home, Kept())
    await live.take(Settings(policy=Policy(mode="local")))
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(house.ask())
        async with asyncio.timeout(5):
            await begun.wait()
        await live.take(Settings(policy=Policy(mode="cloud"), local=Local(continues=False)))
        may_end.set()
    afterwards = await house.ask()

    assert 200 == asked.result().head.status
    assert b"message_stop" in asked.result().sent
    assert afterwards.head.status == 529, "the next one asks the cloud, which is down"


async def test_what_counts_is_what_a_new_start_would_have(parts):
    live, _ = parts
    settings = with_another(next(one for one in known() if one.dotted == "local.warm_at"))
    settings = replace(settings, cloud=replace(settings.cloud, burst_wait_s=1.0, probe_every_s=9.0))

    await live.take(settings)

    assert terms_of(settings) == live.warming.terms
    assert deadlines_of(settings) == live.line.deadlines
    assert quota_rules_of(settings) == live.accounts.rules


async def test_a_changed_file_changes_the_wishes_and_a_broken_one_does_not(parts, home):
    live, _ = parts
    reloading = await asyncio.to_thread(reloading_of, Settings(), home, live.take)

    async def written(text):
        await asyncio.to_thread(home.config_file.write_text, text, encoding="utf-8")
        await reloading.look()
        return live.policy.wishes.mode, reloading.fault

    assert (Mode.SPARE, "") == await written('[policy]\nmode = "spare"\n')
    mode, fault = await written('[policy]\nmode = "fats!"\n')
    assert Mode.SPARE is mode
    assert "config.toml:2: policy.mode" in fault
    assert (Mode.LOCAL, "") == await written('[policy]\nmode = "local"\n')
