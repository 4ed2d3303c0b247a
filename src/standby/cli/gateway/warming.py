"""How warm the stand-in is, as the gateway says it, and in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from standby.cli.terminal import Row, Tone
from standby.core.wire.json import JSON

__all__ = ["Conversation", "Warming", "read_warming", "warming_rows"]

_TONES: dict[str, Tone] = {"warm": "good", "warming": "poor"}


@dataclass(frozen=True, slots=True)
class Conversation:
    """One live conversation."""

    name: str
    state: str
    """``warm``, ``warming`` or ``cold``."""
    percent: int
    tokens: int
    """Of its prompt; 0: nobody has counted."""


@dataclass(frozen=True, slots=True)
class Warming:
    """All of them, and what is done about them."""

    warm: bool
    why: str
    model: str
    problem: str
    conversations: tuple[Conversation, ...]

    @property
    def settled(self) -> bool:
        """Whether there is nothing to wait for."""
        if self.problem or not self.warm:
            return True
        # The first is what is warmed first; there need not be room for all.
        warm = any(each.state == "warm" for each in self.conversations)
        busy = any(each.state == "warming" for each in self.conversations)
        return bool(self.model) and not busy and (warm or not self.conversations)


def read_warming(said: JSON) -> Warming:
    """Return what a warming object says; a field that is not there is empty."""
    match said:
        case {"why": str(why), "conversations": [*conversations], **more}:
            model, problem = more.get("model"), more.get("problem")
            return Warming(
                more.get("warm") is True,
                why,
                model if isinstance(model, str) else "",
                problem if isinstance(problem, str) else "",
                tuple(_conversations(conversations)),
            )
        case _:
            return Warming(warm=False, why="", model="", problem="", conversations=())


def _conversations(said: list[JSON]) -> Iterator[Conversation]:
    for one in said:
        match one:
            case {
                "session": str(session),
                "agent": agent,
                "state": str(state),
                "percent": int(percent),
                "tokens": int(tokens),
            }:
                name = f"{session}/{agent}" if isinstance(agent, str) else session
                yield Conversation(name, state, percent, tokens)
            case _:
                pass


def warming_rows(warming: Warming) -> Iterator[Row]:
    """Yield how warm each conversation is, and why."""
    label = "warm"
    if warming.model and warming.warm:
        yield label, f"{warming.model} is kept warm: {warming.why}", "plain"
        label = ""
    for each in warming.conversations:
        words = f"{each.name}  {_words(each)}"
        yield label, words, _TONES.get(each.state, "plain")
        label = ""
    if warming.problem:
        yield label, warming.problem, "poor"
    elif not warming.conversations:
        yield label, "no conversation is live", "plain"


def _words(each: Conversation) -> str:
    of = f" of {each.tokens} tokens" if each.tokens > 1 else ""
    if each.state == "warming" or (each.state == "cold" and each.percent):
        return f"{each.state} {each.percent} %{of}"
    return each.state
