"""Values held against JSON schemas, by the reference implementation of Python.

The schemas come from clients, and clients send odd ones. What cannot be checked is not held against
the model: a schema that is none, a reference that leads out of it (nothing is ever fetched), a
check that would take too long. Patterns are not checked at all, for one of them can take for ever:
whoever runs the tool does that. ``format`` is a remark, as the standard has it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, TypeAlias

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import SchemaRegistry

from standby.core.wire.json import JSON

__all__ = ["JsonSchemas"]

_MOST_FAULTS: Final = 8
_LONGEST_WORDS: Final = 200
_MOST_STEPS: Final = 20_000
"""Of an object's properties, a list's items and references followed; an ordinary call takes 20."""

_NOWHERE: Final[SchemaRegistry] = Registry()

_Keyword: TypeAlias = Callable[[Validator, JSON, JSON, JSON], Iterable[ValidationError] | None]


class _TooLongError(Exception):
    """The check takes more steps than it may."""


class JsonSchemas:
    """Holds values against schemas: draft 2020-12, or the one that a schema names."""

    def __init__(self) -> None:
        self._made: dict[type[Validator], type[Validator]] = {}
        self._steps_left = 0

    def faults(self, schema: JSON, value: JSON) -> tuple[str, ...]:
        """Return what is wrong with a value, in words; nothing for a schema that is odd."""
        if not isinstance(schema, dict):
            return ()
        self._steps_left = _MOST_STEPS
        try:
            kind = self._kind(schema)
            if kind is None:
                return ()
            found = kind(schema, registry=_NOWHERE).iter_errors(value)
            return tuple(_words(error) for error in islice(found, _MOST_FAULTS))
        except (Unresolvable, _TooLongError, RecursionError):
            return ()

    def _kind(self, schema: Mapping[str, JSON]) -> type[Validator] | None:
        """Return the validator of the schema's draft, made safe; ``None`` for what is no schema."""
        known = isinstance(schema.get("$schema"), str)
        draft = validator_for(schema, Draft202012Validator) if known else Draft202012Validator
        # Not ``check_schema``: that holds patterns to Python's own, and clients write JavaScript's.
        if next(iter(draft(draft.META_SCHEMA).iter_errors(schema)), None) is not None:
            return None
        if draft not in self._made:
            made: type[Validator] = extend(draft, self._keywords(draft))  # type: ignore[no-untyped-call]  # it has no types
            self._made[draft] = made
        return self._made[draft]

    def _keywords(self, draft: type[Validator]) -> dict[str, _Keyword]:
        safe: dict[str, _Keyword] = {
            "pattern": _unchecked,
            "patternProperties": _unchecked,
            "unevaluatedProperties": _unchecked,
            "unevaluatedItems": _unchecked,
        }
        for name, check in draft.VALIDATORS.items():
            match name:
                case "additionalProperties":
                    safe[name] = _without_patterns(check)
                case "$ref" | "$dynamicRef" | "$recursiveRef" | "properties" | "items":
                    safe[name] = self._counted(check)
                case "anyOf" | "oneOf" | "allOf":
                    safe[name] = self._counted(check)
                case _:
                    pass
        return safe

    def _counted(self, check: _Keyword) -> _Keyword:
        """Return the keyword's check, which takes a step, and follows no reference that is lost."""

        def counted(
            validator: Validator, wanted: JSON, value: JSON, schema: JSON
        ) -> Iterator[ValidationError]:
            self._steps_left -= 1 + (len(value) if isinstance(value, dict | list) else 0)
            if self._steps_left < 0:
                raise _TooLongError
            try:
                yield from check(validator, wanted, value, schema) or ()
            except Unresolvable:
                return

        return counted


def _unchecked(
    validator: Validator,
    wanted: JSON,
    value: JSON,
    schema: JSON,
) -> Iterator[ValidationError]:
    return iter(())


def _without_patterns(check: _Keyword) -> _Keyword:
    """Return the check of further properties, for schemas that tell them by name only."""

    def checked(
        validator: Validator, wanted: JSON, value: JSON, schema: JSON
    ) -> Iterator[ValidationError]:
        if isinstance(schema, dict) and "patternProperties" in schema:
            return
        yield from check(validator, wanted, value, schema) or ()

    return checked


def _words(error: ValidationError) -> str:
    """Return where a fault is, and what; of a long value only the end of what is said of it."""
    where = ".".join(str(step) for step in error.absolute_path)
    said = error.message
    if len(said) > _LONGEST_WORDS:
        said = f"…{said[-_LONGEST_WORDS:]}"
    return f"{where}: {said}" if where else said
