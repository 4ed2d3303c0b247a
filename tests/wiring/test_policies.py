"""What the settings say of who answers, as the policy wants it."""

import asyncio

import pytest

from standby.adapters.host.paths import paths
from standby.app.engines import Engines, Preference
from standby.core.policy.choices import Choice
from standby.core.policy.modes import Mode
from standby.core.policy.privacy import Border, Privacy
from standby.core.settings import Settings, parse
from standby.wiring.policies import policy_of, reloading_of, wishes_of
from tests.fakes.line import Way
from tests.fakes.rooms import RULES

pytestmark = pytest.mark.anyio

SETTINGS = parse(
    {
        "policy": {
            "mode": "spare",
            "returns": "at-once",
            "projects": [
                {"path": "/work/secret", "privacy": "local-only"},
                {"remote": "git@github.com:Acme/x.git", "privacy": "ask"},
            ],
        }
    }
)


def test_the_settings_become_wishes():
    wishes = wishes_of(SETTINGS, Preference(model="coder"))

    assert (Mode.SPARE, "coder", True) == (wishes.mode, wishes.preferred, wishes.at_once)
    assert (
        Border(Privacy.LOCAL_ONLY, path="/work/secret"),
        Border(Privacy.ASK, remote="github.com/acme/x"),
    ) == wishes.borders


@pytest.fixture
def home(tmp_path):
    where = paths({"STANDBY_HOME": str(tmp_path)})
    where.make()
    return where


async def test_what_was_chosen_before_the_start_counts_after_it(home):
    way = Way()

    async def policy():
        engines = Engines([], Preference(), way.clock)
        return await policy_of(
            *(Settings(), Preference(), home, RULES.values()), *(way.accounts, engines, way.clock)
        )

    await (await policy()).choose(Choice(Mode.LOCAL))

    assert Mode.LOCAL is (await policy()).mode.mode


async def test_a_changed_file_changes_the_wishes_and_a_broken_one_does_not(home):
    way = Way()
    engines = Engines([], Preference(), way.clock)
    policy = await policy_of(
        *(Settings(), Preference(), home, RULES.values()), *(way.accounts, engines, way.clock)
    )
    reloading = await asyncio.to_thread(
        reloading_of, Settings(), home, policy, lambda _: Preference()
    )

    async def written(text):
        await asyncio.to_thread(home.config_file.write_text, text, encoding="utf-8")
        await reloading.look()
        return policy.wishes.mode, reloading.fault

    assert (Mode.SPARE, "") == await written('[policy]\nmode = "spare"\n')
    mode, fault = await written('[policy]\nmode = "fats!"\n')
    assert Mode.SPARE is mode
    assert "config.toml:2: policy.mode" in fault
    assert (Mode.LOCAL, "") == await written('[policy]\nmode = "local"\n')
