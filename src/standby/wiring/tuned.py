"""What a bench found to be faster, where the engines of this machine are started."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from standby.adapters.host.paths import Paths
from standby.adapters.quota_store.file import FileStore
from standby.core.models.fit import Hardware
from standby.core.models.tuned import Proposal, read_tuned
from standby.core.models.tuning import Tuning, retuned
from standby.wiring.records import machine_of

__all__ = ["Adopted", "OneTuning", "adopted"]

log = logging.getLogger(__name__)


def adopted(where: Paths) -> tuple[Proposal, ...]:
    """Return all proposals that are in force in this installation. Blocks."""
    return read_tuned(FileStore(where.bench_file, "what was measured").look()).adopted


@dataclass(slots=True)
class Adopted:
    """What a person adopted with ``bench local --adopt``, looked up at each start of an engine."""

    where: Paths
    hardware: Callable[[], Hardware]
    _failed: set[str] = field(default_factory=set[str])

    def tuned(self, model: str, version: Callable[[], str], computed: Tuning) -> Tuning:
        """Return the settings for a model and a version of its engine on this machine."""
        if model in self._failed:
            return computed
        saved = read_tuned(FileStore(self.where.bench_file, "what was measured").look())
        if not saved.adopted:
            return computed
        found = saved.in_force(model, version(), machine_of(self.hardware()))
        return computed if found is None else retuned(computed, found.tuning)

    def failed(self, model: str) -> bool:
        """Note that an engine did not start with them: until the gateway ends, nor will others."""
        self._failed.add(model)
        log.warning(
            "%s did not start with the settings that were adopted for it: it runs with the computed"
            " ones; `standby bench local --forget` gives them up",
            model,
        )
        return True


@dataclass(slots=True)
class OneTuning:
    """The settings of one trial, or the computed ones; remembers what was computed."""

    trial: Tuning | None
    used: list[Tuning] = field(default_factory=list[Tuning])

    def tuned(self, _model: str, _version: Callable[[], str], computed: Tuning) -> Tuning:
        """Return what is to be tried."""
        used = computed if self.trial is None else retuned(computed, self.trial)
        self.used[:] = [used]
        return used

    def failed(self, _model: str) -> bool:
        """A trial that fails is a trial that failed."""
        return False
