"""What the settings say of who answers, as the policy wants it."""

import pytest

from standby.adapters.host.paths import paths
from standby.app.local.engines import Engines, Preference
from standby.core.policy.choices import Choice
from standby.core.policy.modes import Mode
from standby.core.policy.privacy import Border, Privacy
from standby.core.settings import Settings, parse
from standby.wiring.policies import policy_of, wishes_of
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
        },
        "tiers": {"opus": "coder", "haiku": "tiny"},
    }
)


def test_the_settings_become_wishes():
    wishes = wishes_of(SETTINGS, Preference(model="coder"))

    assert (Mode.SPARE, "coder", True) == (wishes.mode, wishes.preferred, wishes.at_once)
    assert {"opus": "coder", "haiku": "tiny"} == wishes.tiers
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
