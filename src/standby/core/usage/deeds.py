"""What a call of a tool changes: which file, as far as the call says so. No content is looked at.

Of a command in a shell only the plain cases are read: where its output goes, and the programs that
change the files that they are given. What it changes otherwise nobody can tell from its words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from standby.core.wire.json import JSON

__all__ = ["MOST", "Deed", "deeds_of"]

MOST: Final = 50
"""So many deeds are kept of one answer."""
_LONGEST: Final = 1000

# Tools of Claude Code by what names their file, then what other clients call theirs.
_FILES: Final = {
    "Write": ("file_path",),
    "Edit": ("file_path",),
    "MultiEdit": ("file_path",),
    "NotebookEdit": ("notebook_path",),
}
_CHANGES: Final = re.compile(r"write|edit|patch|create_?file|replace|insert", re.IGNORECASE)
_NAMES: Final = ("file_path", "path", "filename", "file", "notebook_path")
_SHELLS: Final = frozenset({"bash", "shell", "run_command", "execute_command"})

_WORD: Final = re.compile(
    r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s;|&<>"'\\])+|&&|\|\||>>?|[;|&\n<]"""
)
_HERE: Final = re.compile(
    r"<<-?\s*(['\"]?)(\w+)\1([^\n]*)\n(?:.*?\n)??\s*\2[^\S\n]*(?=\n|$)", re.DOTALL
)
_ENDS: Final = frozenset({"&&", "||", ";", "|", "&", "\n"})
_NO_FILES: Final = ("/dev/", "&")
_UNKNOWN: Final = re.compile(r"[$`]")
_BEFORE: Final = frozenset({"sudo", "env", "command", "time", "nohup"})
_ASSIGNS: Final = re.compile(r"\w+=")
# Programs by which of the files that they are given they change.
_ALL: Final = frozenset({"rm", "mv", "touch", "tee", "truncate", "unlink", "shred"})
_LAST: Final = frozenset({"cp", "ln", "install"})


@dataclass(frozen=True, slots=True)
class Deed:
    """A call that changes something."""

    tool: str
    path: str = ""
    """The file, as the call names it; empty: a command that does not say."""


def deeds_of(tool: str, given: JSON) -> Iterator[Deed]:
    """Yield what a call changes; nothing for one that only looks."""
    if not isinstance(given, dict):
        return
    if tool.lower() in _SHELLS:
        command = given.get("command")
        yield from _of_command(tool, command if isinstance(command, str) else "")
        return
    names = _FILES.get(tool) or (_NAMES if _CHANGES.search(tool) else ())
    if path := _first(given, names):
        yield Deed(tool[:_LONGEST], path[:_LONGEST])


def _first(given: Mapping[str, JSON], names: Sequence[str]) -> str:
    found = (value for name in names if isinstance(value := given.get(name), str) and value)
    return next(found, "")


def _of_command(tool: str, command: str) -> Iterator[Deed]:
    paths = dict.fromkeys(path for words in _simple(command) for path in _paths(words))
    if not paths:
        yield Deed(tool)
    for path in paths:
        yield Deed(tool, path[:_LONGEST])


def _simple(command: str) -> Iterator[list[str]]:
    """Yield the words of each simple command; what a here-document holds is none."""
    words: list[str] = []
    for found in _WORD.finditer(_HERE.sub(r"\3", command)):
        if (word := found.group()) in _ENDS:
            yield words
            words = []
        else:
            words.append(word)
    yield words


def _paths(words: Sequence[str]) -> Iterator[str]:
    plain: list[str] = []
    into = False
    for word in words:
        if into:
            yield from _path(word)
        elif word not in {">", ">>", "<"}:
            plain.append(word)
        into = word in {">", ">>"}
    while plain and (plain[0] in _BEFORE or _ASSIGNS.match(plain[0])):
        plain.pop(0)
    program, *arguments = plain or [""]
    if program == "git" and arguments[:1] in (["mv"], ["rm"]):
        program, *arguments = arguments
    for path in _changed(program.rpartition("/")[2], arguments):
        yield from _path(path)


def _changed(program: str, arguments: Sequence[str]) -> Sequence[str]:
    files = [word for word in arguments if not word.startswith("-")]
    if program in _ALL:
        return files
    in_place = any(word.startswith(("-i", "--in-place")) for word in arguments)
    if program in _LAST or (program in {"sed", "perl"} and in_place):
        return files[-1:]
    return ()


def _path(word: str) -> Iterator[str]:
    plain = word[1:-1] if word[:1] in {'"', "'"} and word[-1:] == word[:1] else word
    if plain and not plain.startswith(_NO_FILES) and not _UNKNOWN.search(plain):
        yield plain
