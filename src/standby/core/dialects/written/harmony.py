"""Answers in harmony, the format of gpt-oss: channels, for a server that does not take them apart.

``<|channel|>analysis<|message|>…<|end|>`` is thinking, ``final`` is the answer, ``commentary`` is
talk between calls, or with ``to=functions.Name`` a call.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from standby.core.dialects.arguments.mend import value_at
from standby.core.dialects.written.format import Written
from standby.core.dialects.written.said import Said, Thought, Voiced, without_partial

__all__ = ["BEGINNING", "Harmony"]

BEGINNING: Final = re.compile(
    r"\s*(?:<\|start\|>assistant[^<]{0,80})?<\|channel\|>\s*(?:analysis|commentary|final)\b"
)
_TOKENS: Final = tuple(
    f"<|{name}|>" for name in ("start", "channel", "message", "end", "call", "return", "constrain")
)
_TOKEN: Final = re.compile(r"<\|(start|channel|message|end|call|return|constrain)\|>")
_RECIPIENT: Final = re.compile(r"\bto=([\w.:/-]+)")


@dataclass(slots=True)
class Harmony:
    """Reads an answer in harmony. Changes in place."""

    _held: str = ""
    _header: str | None = ""
    """What stands before a message; ``None`` inside one."""
    _name: str = ""
    """Whom the message is for."""
    _thinks: bool = False
    _body: list[str] = field(default_factory=list[str])
    _calls: list[Written] = field(default_factory=list[Written])
    _said: bool = False
    _fresh: bool = False

    def hear(self, text: str) -> list[Voiced]:
        """Take in text; return what it says."""
        self._held += text
        out: list[Voiced] = []
        at = 0
        for token in _TOKEN.finditer(self._held):
            out += self._take(self._held[at : token.start()])
            self._turn(token[1])
            at = token.end()
        sure = without_partial(self._held, _TOKENS, at)
        out += self._take(self._held[at:sure])
        self._held = self._held[sure:]
        return out

    def end(self, *, cut: bool) -> tuple[list[Voiced], tuple[Written, ...]]:
        """Return what is left, and the calls; without one that was cut off."""
        out = [] if cut else self._take(self._held)
        self._held = ""
        if self._name:
            self._close(closed=not cut)
        return out, tuple(self._calls)

    def _take(self, text: str) -> list[Voiced]:
        if not text:
            return []
        if self._header is not None:
            self._header += text
            return []
        if self._name:
            self._body.append(text)
            return []
        if self._thinks:
            return [Thought(text)]
        parted = "\n\n" if self._said and self._fresh else ""
        self._said, self._fresh = True, False
        return [Said(parted + text)]

    def _turn(self, token: str) -> None:
        match token:
            case "message" if self._header is not None:
                recipient = _RECIPIENT.search(self._header)
                self._name = "" if recipient is None else recipient[1]
                self._thinks = "analysis" in self._header and not self._name
                self._header, self._fresh = None, True
            case "constrain" if self._header is not None:
                self._header += " "
            case "message" | "constrain":
                pass
            case _:
                if self._header is None:
                    if self._name:
                        self._close(closed=True)
                    self._header = ""
                self._header += " "

    def _close(self, *, closed: bool) -> None:
        """End a call. What cannot be read of one that was cut off is left out."""
        body = "".join(self._body)
        found = value_at(body, len(body) - len(body.lstrip()))
        whole = found is not None and not body[found.end :].strip(" \t\r\n}")
        if found is not None and whole and (closed or found.closed):
            self._calls.append(Written(self._name, found.value))
        elif closed:
            self._calls.append(Written(self._name, {} if not body.strip() else None))
        self._name = ""
        self._body = []
