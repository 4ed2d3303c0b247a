"""What failures of an engine of ours have taught about its models, until the gateway ends."""

from dataclasses import dataclass, field

from standby.adapters.engines.launch import Lesson
from standby.adapters.engines.tuner import Tuner
from standby.core.models.troubles import Retreat, Trouble, smaller

__all__ = ["Experience"]

_NOTHING = Retreat()


@dataclass(slots=True)
class Experience:
    """How a model is started after it has failed: never with what has failed before."""

    tuner: Tuner
    _retreats: dict[str, Retreat] = field(default_factory=dict[str, Retreat])

    def retreat(self, model: str) -> Retreat:
        """Return with how much less a model is started, by its key."""
        return self._retreats.get(model, _NOTHING)

    def remark(self, model: str) -> str:
        """Return what is less than it was asked for, in words; empty: nothing."""
        words = self.retreat(model).words
        return f"its memory ended, so it runs with {words}" if words else ""

    def learn(
        self, model: str, trouble: Trouble | None, *, tuned: bool, window: int, layers: int
    ) -> Lesson:
        """Take in a failure of a model that was run so; return what is done about it.

        ``window`` is what it would get with nothing less; ``layers`` how many there are for a card.
        """
        if tuned and self.tuner.failed(model):
            return Lesson("it runs with the computed settings instead of the measured ones")
        if trouble is Trouble.PORT:
            return Lesson("it is started on another port")
        if trouble is not Trouble.MEMORY:
            return Lesson()
        next_one = smaller(self.retreat(model), window, layers)
        if next_one is None:
            return Lesson()
        self._retreats[model] = next_one
        return Lesson(f"it runs with {next_one.words} from now on")
