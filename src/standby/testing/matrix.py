"""The results of a run as a value, and how people and programs read it."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from standby.core.wire.json import JSON
from standby.testing.kit import Result
from standby.testing.modes import Mode

__all__ = ["BEGIN", "END", "Matrix", "UnmarkedError", "placed"]

BEGIN: Final = "<!-- faults:begin -->"
END: Final = "<!-- faults:end -->"
_TITLES: Final = {
    "cloud": "The cloud fails, the stand-in is well",
    "engine": "The cloud is at its limit, and the stand-in fails",
}

_TIMES: Final = {0: "never", 1: "once", 2: "twice"}


class UnmarkedError(Exception):
    """A page has no place for the matrix; its message says how to make one."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """What a gateway did, mode by mode."""

    gateway: str
    results: tuple[Result, ...]
    took_s: float
    at: float
    """Seconds since the epoch."""

    @property
    def wrong(self) -> tuple[Result, ...]:
        """The results that are not right."""
        return tuple(one for one in self.results if not one.right)

    @property
    def verdict(self) -> str:
        """Return the whole in one sentence."""
        right = len(self.results) - len(self.wrong)
        return f"{right} of {len(self.results)} right"

    def as_json(self) -> dict[str, JSON]:
        """Return the matrix for programs."""
        return {
            "gateway": self.gateway,
            "at": self.at,
            "took_s": round(self.took_s, 1),
            "right": len(self.results) - len(self.wrong),
            "of": len(self.results),
            "results": [_as_json(one) for one in self.results],
        }

    def as_markdown(self) -> str:
        """Return the matrix for a page: a row for each fault, a column for each way to ask."""
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(self.at))
        lines = [
            f"{when}; {self.gateway}; {self.took_s:.0f} s. **{self.verdict}.**",
            *_summary(self.results),
        ]
        for side, title in _TITLES.items():
            rows = [one for one in self.results if one.mode.side == side]
            if rows:
                lines += ["", f"### {title}", "", *_table(rows)]
        if self.wrong:
            lines += ["", "### What is wrong", ""]
            lines += [f"* `{one.mode.name}`: {'; '.join(one.wrongs)}" for one in self.wrong]
        return "\n".join(map(_cell_safe, lines))


def placed(page: str, matrix: Matrix) -> str:
    """Return a page with the matrix between its marks. Raise :class:`UnmarkedError`."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise UnmarkedError(f"the page needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{matrix.as_markdown()}\n\n{END}{after}"


def _as_json(one: Result) -> dict[str, JSON]:
    wrongs: list[JSON] = list(one.wrongs)
    return {
        "mode": one.mode.name,
        "right": one.right,
        "saw": one.finding.saw.name.lower(),
        "words": one.finding.words,
        "wrongs": wrongs,
        "took_s": round(one.took_s, 3),
        "asks": one.asks,
        "back_s": None if one.back_s is None else round(one.back_s, 2),
        "grew_mib": None if one.grew_mib is None else round(one.grew_mib, 1),
    }


def _summary(results: Sequence[Result]) -> Iterator[str]:
    took = [one.took_s for one in results]
    back = [one.back_s for one in results if one.back_s is not None]
    grew = [one.grew_mib for one in results if one.grew_mib is not None]
    said = [f"the longest answer took {max(took, default=0.0):.1f} s"]
    if back:
        said.append(f"the cloud was used again {max(back):.1f} s after a reset at most")
    if grew:
        said.append(f"the gateway grew by {max(grew):.0f} MiB at most in one mode")
    if said:
        yield ""
        yield f"{'; '.join(said)[:1].upper()}{'; '.join(said)[1:]}."


def _table(results: Iterable[Result]) -> Iterator[str]:
    rows: dict[str, dict[bool, Result]] = {}
    for one in results:
        rows.setdefault(one.mode.fault, {})[one.mode.shape.streamed] = one
    yield "| fault | plain | streamed |"
    yield "|---|---|---|"
    for fault, by_kind in rows.items():
        yield f"| `{fault}` | {_cell(by_kind.get(False))} | {_cell(by_kind.get(True))} |"


def _cell(one: Result | None) -> str:
    if one is None:
        return ""
    more = [f"asked {_TIMES.get(one.asks, one.asks)}"] if one.asks is not None else []
    more += [f"back after {max(one.back_s, 0.0):.1f} s"] if one.back_s is not None else []
    told = f"{one.finding.saw.value}{', ' if more else ''}{', '.join(more)}"
    return told if one.right else f"**wrong**: {told}"


def _cell_safe(line: str) -> str:
    return line.replace("\r", " ").rstrip()


def rights(mode: Mode) -> str:
    """Return in words what is right in a mode."""
    return ", or ".join(sorted(saw.value for saw in mode.right))
