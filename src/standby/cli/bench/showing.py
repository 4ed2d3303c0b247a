"""How a bench is shown: its progress while it lasts, its figures in the end."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

import click

from standby.cli import terminal
from standby.cli.terminal import Row
from standby.core.models.fit import gigabytes

if TYPE_CHECKING:
    from standby.core.models.measured import Measured
    from standby.wiring.bench import Outcome

__all__ = ["Showing", "rows"]


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
    yield "writing", f"{one.write_rate:.1f} tokens/s behind that prompt", "plain"
    label = "tried"
    for trial, found in outcome.tried:
        yield label, f"{trial.name}: {_beside(one, found)}", "dim"
        label = ""
    if outcome.tried:
        yield "proposal", _proposal(outcome), "good" if outcome.proposal else "plain"
        yield "", "no draft model is kept, so speculative decoding was not tried", "dim"


def _prompt(one: "Measured") -> str:
    return (
        f"{one.cold.read:,} tokens cold: first word after {one.first_token_s:.1f} s,"
        f" {one.read_rate:,.0f} tokens/s"
    )


def _cached(one: "Measured") -> str:
    return (
        f"{one.warm.cached:,} tokens from the cache, {one.warm.read:,} read: first word after"
        f" {one.warm_first_token_s:.2f} s"
    )


def _beside(chosen: "Measured", found: "Measured") -> str:
    change = found.turn_s / chosen.turn_s - 1 if chosen.turn_s else 0.0
    return (
        f"{found.read_rate:,.0f} tokens/s read, {found.write_rate:.1f} written; a turn takes"
        f" {found.turn_s:.1f} s ({change:+.0%})"
    )


def _proposal(outcome: "Outcome") -> str:
    if outcome.proposal is None:
        return "stay with the settings as they are: none of the others is better by 5 %"
    return f"{outcome.proposal.name}: {outcome.proposal.tuning.words}"
