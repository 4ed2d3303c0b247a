"""What is to become of a call that a model has made: it is sound, faulty, or of no tool at all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from standby.core.dialects.arguments.fit import fitted
from standby.core.dialects.arguments.mend import whole
from standby.core.dialects.arguments.names import meant
from standby.core.dialects.openai_chat.plan import Plan
from standby.core.dialects.openai_chat.text import as_json
from standby.core.wire.json import JSON, NotJSONError, loads

__all__ = ["Faults", "Faulty", "NotOffered", "Sound", "Verdict", "judged", "no_faults"]

Faults = Callable[[JSON, JSON], tuple[str, ...]]
"""Returns what is wrong with a value by a schema, in words; see ``ports.Schemas``."""

_NO_OBJECT: Final = "the arguments are not a JSON object"


@dataclass(frozen=True, slots=True)
class Sound:
    """A call that can be shown: under the client's name for the tool."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Faulty:
    """A call of an offered tool, with arguments that it does not take."""

    sent: str
    """The name under which the tool was offered."""
    said: str
    """The arguments as the model wrote them."""
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotOffered:
    """A call of something that was not offered."""

    name: str
    said: str


Verdict = Sound | Faulty | NotOffered


def no_faults(schema: JSON, value: JSON) -> tuple[str, ...]:
    """Find nothing wrong, ever."""
    return ()


def judged(name: str, given: JSON, plan: Plan, faults: Faults, *, near: bool = True) -> Verdict:
    """Return what is to become of a call.

    A string is the text of the arguments; it stays as it is, to the letter, if nothing is wrong
    with it. ``None``: they cannot be read.
    """
    said = given if isinstance(given, str) else "" if given is None else as_json(given)
    sent = meant(name, plan.tools, near=near)
    if sent is None:
        return NotOffered(name, said or "{}")
    schema = plan.schemas.get(sent)
    value = _object(given)
    if value is None:
        return Faulty(sent, said, (_NO_OBJECT,))
    fit = fitted(value, schema)
    wrong = faults(schema, fit) if schema is not None else ()
    if wrong:
        return Faulty(sent, said, wrong)
    as_it_was = isinstance(given, str) and fit == value and _is_strict(given)
    return Sound(plan.tools[sent], said if as_it_was else as_json(fit))


def _object(given: JSON) -> dict[str, JSON] | None:
    """Return the object that arguments stand for; they may be text, also of text."""
    for _ in range(3):
        match given:
            case dict():
                return given
            case [dict(only)]:
                return only
            case str(text) if not text.strip():
                return {}
            case str(text):
                read = whole(text)
                given = None if read is None else read.value
            case _:
                return None
    return given if isinstance(given, dict) else None


def _is_strict(text: str) -> bool:
    try:
        return isinstance(loads(text), dict)
    except NotJSONError:
        return False
