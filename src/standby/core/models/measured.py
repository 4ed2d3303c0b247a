"""What a local model was measured at on this machine, and how that is kept."""

from dataclasses import asdict, dataclass
from typing import Final

from standby.core.models.speed import Timings
from standby.core.wire.json import JSON

__all__ = ["TURN", "Figures", "Measured", "prompt", "read_measured"]

TURN: Final = 300
"""Tokens that a turn of work writes, about: an edit, or a call with a sentence before it."""
_TEXT: Final = (
    "the gateway reads every file of a project once and keeps a list of what has changed since the "
    "last build so that a test which fails can be traced to one edit in one function of a module"
)
_WORDS: Final = _TEXT.split(" ")


@dataclass(frozen=True, slots=True)
class Figures:
    """How fast a cold prompt was read, and an answer behind it written."""

    cold: Timings
    first_token_s: float
    """As a client sees it."""

    @property
    def read_rate(self) -> float:
        """Tokens of a cold prompt that are read in a second."""
        return _rate(self.cold.read, self.cold.read_s)

    @property
    def write_rate(self) -> float:
        """Tokens that are written in a second, behind a prompt of this length."""
        return _rate(self.cold.written, self.cold.written_s)

    @property
    def turn_s(self) -> float:
        """How long a cold turn takes: the prompt, and :data:`TURN` tokens of an answer."""
        rate = self.write_rate
        return self.first_token_s + (TURN / rate if rate else 0.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement. Times are seconds, sizes bytes."""

    model: str
    """The model's key."""
    engine_version: str
    """Empty: the server does not say."""
    machine: str
    settings: str
    """How the engine ran it, in words; empty: a server of somebody else."""
    at: float
    load_s: float
    memory_bytes: int | None
    """What the engine took at the end; ``None``: nobody can say."""
    cold: Timings
    first_token_s: float
    """Of the cold prompt, as a client sees it."""
    warm: Timings
    warm_first_token_s: float
    """The same prompt with another question."""

    @property
    def figures(self) -> Figures:
        """What it is compared by."""
        return Figures(self.cold, self.first_token_s)

    def as_json(self) -> dict[str, JSON]:
        """Return it for a file, or for a program."""
        return {
            **asdict(self),
            "read_tokens_per_s": self.figures.read_rate,
            "write_tokens_per_s": self.figures.write_rate,
        }


def _rate(tokens: int, seconds: float) -> float:
    return tokens / seconds if seconds > 0 else 0.0


def read_measured(value: JSON) -> Measured | None:
    """Return a measurement that was kept; ``None``: it is none that we understand."""
    match value:
        case {
            "model": str(model),
            "engine_version": str(version),
            "machine": str(machine),
            "settings": str(settings),
            "at": float(at),
            "load_s": float(load_s),
            "memory_bytes": int() | None as memory,
            "cold": dict(cold),
            "first_token_s": float(first),
            "warm": dict(warm),
            "warm_first_token_s": float(warm_first),
        }:
            cold_t, warm_t = _timings(cold), _timings(warm)
            if cold_t is None or warm_t is None:
                return None
            return Measured(
                *(model, version, machine, settings, at, load_s, memory),
                *(cold_t, first, warm_t, warm_first),
            )
        case _:
            return None


def _timings(value: dict[str, JSON]) -> Timings | None:
    match value:
        case {
            "cached": int(cached),
            "read": int(read),
            "read_s": float(read_s),
            "written": int(written),
            "written_s": float(written_s),
        }:
            return Timings(cached, read, read_s, written, written_s)
        case _:
            return None


def prompt(words: int, mark: str) -> str:
    """Return a text of so many words that no server has read before: it begins with ``mark``.

    It is made up, and like nothing that a person wrote.
    """
    body = (f"{_WORDS[place * 7 % len(_WORDS)]}{place % 10}" for place in range(words))
    return f"{mark} {' '.join(body)}"
