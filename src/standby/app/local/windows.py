"""The windows that local servers really have, where a refusal has shown another than they said."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from standby.core.models.facts import LocalModel

__all__ = ["Windows"]


@dataclass(frozen=True, slots=True)
class _Learnt:
    said: int | None
    """What the server said of itself at the time."""
    real: int


class Windows:
    """Remembers what servers refused by, until they say something else or are gone."""

    def __init__(self) -> None:
        self._learnt: dict[tuple[str, str], _Learnt] = {}

    def refused(self, model: LocalModel, limit: int) -> LocalModel | None:
        """Note by which window a prompt was refused; return the model with it.

        ``None``: it is what is known already.
        """
        said = model.context_tokens
        if limit <= 0 or (said is not None and limit >= said):
            return None
        self._learnt[_place(model)] = _Learnt(said, limit)
        return self._corrected(model)

    def corrected(self, found: Iterable[LocalModel]) -> list[LocalModel]:
        """Return what servers say of themselves, with the windows that they really have."""
        if not self._learnt:
            return [*found]
        models = [*found]
        there = {_place(model) for model in models}
        self._learnt = {place: one for place, one in self._learnt.items() if place in there}
        return [self._corrected(model) for model in models]

    def _corrected(self, model: LocalModel) -> LocalModel:
        one = self._learnt.get(_place(model))
        if one is None or one.said != model.context_tokens:
            return model  # it was loaded anew, with another window
        said = "does not say its window" if one.said is None else f"says {one.said:,} tokens"
        remark = f"its server {said}, and refuses what is longer than {one.real:,}"
        return replace(model, context_tokens=one.real, remark=remark)


def _place(model: LocalModel) -> tuple[str, str]:
    return model.key, model.base_url
