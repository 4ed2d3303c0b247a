"""Tool calls, gathered from their pieces until they are whole.

A call is shown when it is whole, never before. One that is cut off can then still be left out: the
Python SDK hands over half of a call as if it were all of it, Claude Code puts it into the
conversation. And an answer that has shown nothing yet can be given by somebody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from standby.core.dialects.openai_chat.chunks import CallPart
from standby.core.wire.json import NotJSONError, loads

__all__ = ["Calls", "Gathered"]


@dataclass(slots=True)
class Gathered:
    """One call so far."""

    key: str
    name: str = ""
    _arguments: list[str] = field(default_factory=list[str])

    @property
    def arguments(self) -> str:
        """The arguments so far; an empty object for a call that has none."""
        said = "".join(self._arguments)
        return said if said.strip() else "{}"

    @property
    def whole(self) -> bool:
        """Whether the arguments are a complete object."""
        try:
            return isinstance(loads(self.arguments), dict)
        except NotJSONError:
            return False

    def take(self, part: CallPart) -> None:
        """Add a piece. A name may come in pieces, or again and again with each of them."""
        if part.name and not self._arguments and part.name != self.name:
            self.name += part.name
        if part.arguments:
            self._arguments.append(part.arguments)


@dataclass(slots=True)
class Calls:
    """The calls of one answer, in the order in which they began."""

    _by_index: dict[int, Gathered] = field(default_factory=dict[int, Gathered])
    _all: list[Gathered] = field(default_factory=list[Gathered])

    def take(self, part: CallPart) -> None:
        """Add a piece to the call it belongs to, which is told by its index and not by its id.

        Ids come again on later pieces, or never. Without an index, a name begins the next call.
        """
        self._find(part).take(part)

    def finished(self, *, cut: bool) -> Sequence[Gathered]:
        """Return the calls; without the last one if the answer was cut off inside it."""
        if cut and self._all and not self._all[-1].whole:
            return self._all[:-1]
        return self._all

    def _find(self, part: CallPart) -> Gathered:
        index = part.index
        if index is None:
            index = len(self._all) if part.name or not self._all else len(self._all) - 1
        known = self._by_index.get(index)
        if known is None or _is_another(known, part):
            known = Gathered(part.id)
            self._by_index[index] = known
            self._all.append(known)
        return known


def _is_another(known: Gathered, part: CallPart) -> bool:
    """Tell whether a piece with a known index begins a new call all the same.

    Older versions of Ollama number every call 0; each then comes whole, with an id of its own.
    """
    return bool(
        part.name and part.id and part.id != known.key and known.arguments != "{}" and known.whole
    )
