"""Who decides who answers, put together out of the settings and of what was chosen."""

from collections.abc import Callable, Iterable
from dataclasses import asdict

from standby.adapters.host.git_remotes import git_remotes
from standby.adapters.host.paths import Paths
from standby.adapters.quota_store.file import FileStore
from standby.app.cloud.accounts import Accounts
from standby.app.habits import Habits
from standby.app.local.engines import Engines, Preference
from standby.app.local.speeds import Speeds
from standby.app.policy import Choices, Policy, Wishes
from standby.core.models.facts import LocalModel
from standby.core.policy.modes import Mode, SecondOpinion
from standby.core.policy.privacy import Border, Privacy, normal_remote
from standby.core.policy.verdicts import Machine, Rule
from standby.core.settings import Policy as PolicySettings
from standby.core.settings import Settings
from standby.ports import Clock

__all__ = ["borders_in", "policy_of", "wishes_of"]


async def policy_of(
    settings: Settings,
    preference: Preference,
    where: Paths,
    rules: Iterable[Rule],
    accounts: Accounts,
    engines: Engines,
    clock: Clock,
    speeds: Speeds | None = None,
    machine: Callable[[], Machine] = Machine,
    habits: Habits | None = None,
) -> Policy:
    """Return the policy of a gateway, with the choices that were made before its start."""
    choices = Choices(FileStore(where.choices_file, "what was chosen"), clock)
    await choices.restore()
    return Policy(
        *(rules, accounts, engines, clock, choices),
        wishes_of(settings, preference),
        remotes=git_remotes,
        machine=machine,
        wait_s=_unmeasured if speeds is None else speeds.until_it_begins,
        habits=habits,
    )


def _unmeasured(_model: LocalModel, _tokens: int, _session: str) -> float | None:
    return None


def borders_in(policy: PolicySettings) -> tuple[Border, ...]:
    """Return the borders that the settings draw."""
    return tuple(
        Border(Privacy(one.privacy), one.path, normal_remote(one.remote)) for one in policy.projects
    )


def wishes_of(settings: Settings, preference: Preference) -> Wishes:
    """Return what the settings say of who answers."""
    return Wishes(
        Mode(settings.policy.mode),
        borders_in(settings.policy),
        preference.model,
        at_once=settings.policy.returns == "at-once",
        second_opinion=SecondOpinion(settings.policy.second_opinion),
        notes_hand_back=settings.policy.handback_note == "brief",
        tiers={name: model for name, model in asdict(settings.tiers).items() if model},
    )
