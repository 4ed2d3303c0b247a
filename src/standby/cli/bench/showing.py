"""How a bench is shown: its progress while it lasts, its figures in the end."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

import click

from standby.cli import terminal
from standby.cli.terminal import Row
from standby.core.models.fit import gigabytes

if TYPE_CHECKING:
    from standby.app.comparing import Outcome
    from standby.core.models.measured import Figures, Measured
    from standby.core.models.trials import Tried
    from standby.core.wire.json import JSON

__all__ = ["Showing", "outcome_json", "rows"]


class Showing:
    """Tells the steps: a bar on a terminal, a line for each step elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._terminal = terminal.is_terminal(stream)
        self._step = ""
        self._drawn = False

    def __enter__(self) -> Callable[[str, float], None]:
        return self._told

    def __exit__(self, *_: object) -> None:
        self._leave()

    def _told(self, step: str, part: float) -> None:
        new, self._step = step != self._step, step
        if self._terminal and part:
            click.echo(f"\r\x1b[K{step:<14} {terminal.bar(part)}", nl=False, err=True)
            self._drawn = True
        elif new:
            self._leave()
            terminal.say(step)

    def _leave(self) -> None:
        if self._drawn:
            click.echo("", err=True)
            self._drawn = False


def rows(outcome: "Outcome") -> Iterator[Row]:
    """Yield the figures of a bench."""
    one = outcome.measured
    version = f" ({one.engine_version})" if one.engine_version else ""
    yield "model", f"{one.model}{version}", "plain"
    yield "machine", one.machine, "plain"
    if one.settings:
        yield "settings", one.settings, "dim"
    yield "load", f"{one.load_s:.1f} s", "plain"
    if one.memory_bytes is not None:
        yield "memory", gigabytes(one.memory_bytes), "plain"
    yield "prompt", _prompt(one), "plain"
    yield "cached", _cached(one), "plain"
    yield "writing", f"{one.figures.write_rate:.1f} tokens/s behind that prompt", "plain"
    label = "tried"
    for tried in outcome.tried:
        yield label, f"{tried.trial.name}: {_came_of(tried, one.figures)}", "dim"
        label = ""
    if outcome.left:
        yield label, f"no time for: {', '.join(outcome.left)}", "dim"
    if outcome.tried or outcome.left:
        yield "proposal", _proposal(outcome), "good" if outcome.proposal else "plain"


def outcome_json(outcome: "Outcome") -> dict[str, "JSON"]:
    """Return the figures of a bench for a program."""
    proposal = outcome.proposal
    return {
        **outcome.measured.as_json(),
        "tried": [_tried_json(one) for one in outcome.tried],
        "no_time_for": [*outcome.left],
        "proposal": None if proposal is None else proposal.as_json(),
        "doubt": outcome.doubt,
        "done": outcome.done,
    }


def _tried_json(one: "Tried") -> dict[str, "JSON"]:
    found = one.figures
    figures: dict[str, JSON] = (
        {}
        if found is None
        else {
            "first_token_s": found.first_token_s,
            "read_tokens_per_s": found.read_rate,
            "write_tokens_per_s": found.write_rate,
            "turn_s": found.turn_s,
        }
    )
    return {
        "trial": one.trial.name,
        "settings": one.trial.tuning.words,
        "ended": one.ended,
        **figures,
    }


def _prompt(one: "Measured") -> str:
    return (
        f"{one.cold.read:,} tokens cold: first word after {one.first_token_s:.1f} s,"
        f" {one.figures.read_rate:,.0f} tokens/s"
    )


def _cached(one: "Measured") -> str:
    return (
        f"{one.warm.cached:,} tokens from the cache, {one.warm.read:,} read: first word after"
        f" {one.warm_first_token_s:.2f} s"
    )


def _came_of(one: "Tried", chosen: "Figures") -> str:
    found = one.figures
    if found is None:
        return one.ended
    change = found.turn_s / chosen.turn_s - 1 if chosen.turn_s else 0.0
    return (
        f"{found.read_rate:,.0f} tokens/s read, {found.write_rate:.1f} written; a turn takes"
        f" {found.turn_s:.1f} s ({change:+.0%})"
    )


def _proposal(outcome: "Outcome") -> str:
    if outcome.proposal is not None:
        return outcome.proposal.words
    if outcome.doubt:
        return f"stay with the settings as they are: {outcome.doubt}"
    if not outcome.done:
        return "none yet"
    if not outcome.tried:
        return "none: there was no time to try anything; `--for` gives it more"
    return "stay with the settings as they are: none of the others is better by 5 %"
