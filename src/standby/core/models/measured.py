"""What a local model was measured at on this machine, what to try besides, and what to propose."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from standby.core.models.fit import Kv
from standby.core.models.speed import Timings
from standby.core.models.tuning import Tuning
from standby.core.wire.json import JSON

__all__ = ["TURN", "Measured", "Trial", "better", "prompt", "read_measured", "trials"]

TURN: Final = 300
"""Tokens that a turn of work writes, about: an edit, or a call with a sentence before it."""
# Less is the noise of a machine that does other things, too.
_WORTH: Final = 0.05
_LEAST_BATCH: Final = 128

_TEXT: Final = (
    "the gateway reads every file of a project once and keeps a list of what has changed since the "
    "last build so that a test which fails can be traced to one edit in one function of a module"
)
_WORDS: Final = _TEXT.split(" ")


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

    def as_json(self) -> dict[str, JSON]:
        """Return it for a file, or for a program."""
        return {
            **asdict(self),
            "read_tokens_per_s": self.read_rate,
            "write_tokens_per_s": self.write_rate,
        }


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings to try beside those that were chosen."""

    name: str
    tuning: Tuning


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


def trials(chosen: Tuning, cores: int) -> Iterator[Trial]:
    """Yield what to try: one thing at a time, so that a difference has one cause."""
    if chosen.flash_attention is not False:
        yield Trial("no flash attention", replace(chosen, flash_attention=False, kv=Kv.F16))
    if chosen.kv is Kv.F16:
        yield Trial("KV cache of 8 bits", replace(chosen, kv=Kv.Q8_0, flash_attention=True))
    else:
        yield Trial("KV cache of 16 bits", replace(chosen, kv=Kv.F16))
    for size in (chosen.micro_batch // 2, chosen.micro_batch * 2):
        if _LEAST_BATCH <= size <= chosen.batch:
            yield Trial(f"batches of {size}", replace(chosen, micro_batch=size))
    for threads in dict.fromkeys((max(cores // 2, 1), cores, 2 * cores)):
        if threads != chosen.threads:
            yield Trial(f"{threads} threads", replace(chosen, threads=threads))


def better(chosen: Measured, tried: Sequence[tuple[Trial, Measured]]) -> Trial | None:
    """Return the settings to propose; ``None``: none of them is better by more than noise."""
    fastest = min(tried, key=lambda one: one[1].turn_s, default=None)
    if fastest is None or fastest[1].turn_s > chosen.turn_s * (1 - _WORTH):
        return None
    return fastest[0]
