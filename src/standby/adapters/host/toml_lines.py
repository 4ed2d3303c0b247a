"""On which line of a TOML text each key stands: ``tomllib`` does not say."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from standby.core.settings import Path

__all__ = ["key_lines", "line_of"]

_TOKEN: Final = re.compile(
    r"""
    (?P<comment>\#[^\n]*)
    |(?P<string>\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    |(?P<newline>\n)|(?P<open>[\[{])|(?P<close>[\]}])|(?P<equals>=)
    |(?P<word>[A-Za-z0-9_-]+)|(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def key_lines(text: str) -> Mapping[Path, int]:
    """Return the line of each table and key of a valid text; of keys inside a value, none."""
    reader = _Reader()
    for kind, token, line in _tokens(text):
        reader.take(kind, token, line)
    return reader.lines


def line_of(path: Path, lines: Mapping[Path, int]) -> int:
    """Return the line of a setting, or of the nearest table that it would stand in; 0 is none."""
    prefixes = (path[:length] for length in range(len(path), 0, -1))
    return next((lines[prefix] for prefix in prefixes if prefix in lines), 0)


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    line = 1
    for found in _TOKEN.finditer(text):
        yield found.lastgroup or "", found[0], line
        line += found[0].count("\n")


@dataclass(slots=True)
class _Reader:
    """Reads tokens as statements: ``[table]``, ``[[table]]`` and ``key = value``."""

    lines: dict[Path, int] = field(default_factory=dict[Path, int])
    _last: dict[Path, int] = field(default_factory=dict[Path, int])
    """The place of the newest table of each list."""
    _table: Path = ()
    _parts: list[str] = field(default_factory=list[str])
    _brackets: int = 0
    """How many opened the header we are in; 0: not in one."""
    _depth: int = 0
    _in_value: bool = False

    def take(self, kind: str, token: str, line: int) -> None:
        """Take the next token."""
        if self._in_value:
            self._skip(kind)
            return
        match kind:
            case "word" | "string":
                self._parts.append(_plain(token))
            case "open":
                self._brackets += 1
            case "close" if self._parts:
                self._begin_table(line)
            case "equals":
                self.lines[(*self._table, *self._parts)] = line
                self._parts.clear()
                self._in_value = True
            case "newline":
                self._brackets = 0
            case _:
                pass

    def _skip(self, kind: str) -> None:
        match kind:
            case "open":
                self._depth += 1
            case "close":
                self._depth -= 1
            case "newline" if self._depth == 0:
                self._in_value = False
            case _:
                pass

    def _begin_table(self, line: int) -> None:
        *above, name = self._parts
        path: Path = ()
        for part in above:
            path = self._newest((*path, part))
        path = (*path, name)
        if self._brackets > 1:
            self._last[path] = self._last.get(path, -1) + 1
            self.lines.setdefault(path, line)
        self._table = self._newest(path)
        self.lines.setdefault(self._table, line)
        self._parts.clear()

    def _newest(self, path: Path) -> Path:
        return (*path, self._last[path]) if path in self._last else path


def _plain(token: str) -> str:
    if token[0] not in "\"'":
        return token
    return str(tomllib.loads(f"key = {token}")["key"])
