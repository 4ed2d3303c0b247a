r"""JSON schemas, made fit for servers that compile them to a grammar.

llama.cpp refuses the *whole request* with 400 because of one odd schema. Measured with two builds
of 2026: a ``pattern`` that is not anchored, or has ``\d`` or ``\w``; ``minLength`` 3000; a boolean
or a string where a schema belongs; a ``$ref`` that leads nowhere or out of the document; ``null``
for ``properties``; a type that JSON Schema does not know; a bound that is no number, as the
``exclusiveMinimum: true`` of older generators; a ``$ref`` that leads back to itself. At a
``minLength`` above its ``maxLength`` it computes for ever, and answers nobody any more. Clients
send all of these.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from standby.core.wire.json import JSON

__all__ = ["DEPTH", "bounded", "for_grammar", "object_schema", "self_contained"]

DEPTH: Final = 60
"""How deep a schema may nest. What lies deeper is of no use to a model, and orjson writes 254."""

_REPEATS: Final = 1000
"""The longest minimum that a grammar is asked to spell out: 3000 was too much, 300 was not."""

_WHOLE: Final = 2**63
"""A bound for whole numbers beyond this is none that they could reach."""

_NAMES: Final = ("object", "array", "string", "number", "integer", "boolean", "null")
_FOREIGN: Final[Mapping[str, str]] = {  # what generators of other languages write
    "dict": "object",
    "hashmap": "object",
    "map": "object",
    "list": "array",
    "tuple": "array",
    "str": "string",
    "char": "string",
    "float": "number",
    "double": "number",
    "int": "integer",
    "long": "integer",
    "bool": "boolean",
    "none": "null",
}
_TYPES: Final[Mapping[str, str]] = {**{name: name for name in _NAMES}, **_FOREIGN}
_OF_ONE: Final = frozenset({"not", "if", "then", "else", "contains", "propertyNames"})
_OF_MANY: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_OF_NAMED: Final = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
)
_MINIMA: Final = frozenset({"minLength", "minItems", "minProperties"})
_MAXIMA: Final = frozenset({"maxLength", "maxItems", "maxProperties"})
_BOUNDS: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_RANGES: Final = (
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minimum", "maximum"),
    ("exclusiveMinimum", "maximum"),
    ("minimum", "exclusiveMaximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
)
"""What bounds a value from both sides; where no value is between them, neither counts."""
_TYPED: Final = _MINIMA | _MAXIMA | _BOUNDS | _OF_ONE | _OF_MANY | _OF_NAMED | frozenset({"format"})
"""Keywords that count with a value of the right kind only."""
_LITERAL: Final = frozenset({"const", "default", "examples"})
"""Keywords whose value is data, not a schema: anything may stand there, ``null`` too."""


def object_schema(schema: JSON) -> dict[str, JSON]:
    """Return the schema if it is one of an object, else one that allows any object."""
    if not isinstance(schema, dict):
        return {"type": "object", "properties": {}}
    if schema.get("type") == "object":
        return schema
    return {**schema, "type": "object"}


def bounded(value: JSON, depth: int = DEPTH) -> JSON:
    """Return the value without what is nested deeper than ``depth``."""
    match value:
        case dict() | list() if depth <= 0:
            return None
        case dict(fields):
            return {key: bounded(item, depth - 1) for key, item in fields.items()}
        case list(items):
            return [bounded(item, depth - 1) for item in items]
        case _:
            return value


def for_grammar(schema: JSON) -> dict[str, JSON]:
    """Return a schema of an object that a grammar can be made of; looser, never stricter."""
    plain = _plain(bounded(schema))
    return object_schema(_without_dangling(plain, plain))


def self_contained(schema: JSON) -> dict[str, JSON]:
    """Return the schema as for a grammar, with no ``$ref`` at all, so that it can be nested."""
    whole = object_schema(_without_dangling(_plain(bounded(schema)), {}))
    return {key: item for key, item in whole.items() if key not in ("$defs", "definitions")}


def _plain(schema: JSON) -> dict[str, JSON]:
    """Return a schema less the keywords that break a grammar; ``{}`` for what is no schema."""
    if not isinstance(schema, dict):
        return {}
    kept = ((key, _keyword(key, value)) for key, value in schema.items())
    return _open({key: value for key, value in kept if value is not None or key in _LITERAL})


def _open(schema: dict[str, JSON]) -> dict[str, JSON]:
    """Return a schema less the bounds that leave nothing between them."""
    shut: set[str] = set()
    for least, most in _RANGES:
        match schema.get(least), schema.get(most):
            case int() | float() as low, int() | float() as high if low > high:
                shut |= {least, most}
            case _:
                pass
    return {key: value for key, value in schema.items() if key not in shut} if shut else schema


def _keyword(key: str, value: JSON) -> JSON:
    """Return what remains of a keyword's value; ``None``: nothing does."""
    match key, value:
        case _, _ if key in _LITERAL:
            return value
        case "pattern", _:
            return None
        case "type", _:
            return _type(value)
        case "enum", [_, *_]:
            return value
        case "required", list(names):
            return [name for name in names if isinstance(name, str)]
        case "$ref", str(ref):
            return ref if ref.startswith("#/") else None
        case "items", list(schemas):
            return [_plain(item) for item in schemas]
        case "items", dict():
            return _plain(value)
        case "additionalProperties", bool():
            return value
        case "additionalProperties", dict():
            return _plain(value)
        case "enum" | "required" | "$ref" | "items" | "additionalProperties", _:
            return None
        case _, int(count) if key in _MINIMA and not isinstance(value, bool):
            return count if 0 <= count <= _REPEATS else None
        case _, int(count) if key in _MAXIMA and not isinstance(value, bool):
            return count if count >= 0 else None
        case _, int(bound) | float(bound) if key in _BOUNDS and not isinstance(value, bool):
            return value if abs(bound) < _WHOLE else None
        case "format", str():
            return value
        case _, dict() if key in _OF_ONE:
            return _plain(value)
        case _, [_, *_] if key in _OF_MANY:
            return [_plain(item) for item in value]
        case _, dict(named) if key in _OF_NAMED:
            return {name: _plain(item) for name, item in named.items()}
        case _ if key in _TYPED:
            return None
        case _:
            return value


def _type(value: JSON) -> JSON:
    match value:
        case str(name):
            return _TYPES.get(name.lower()) or None
        case list(names):
            known = [_TYPES.get(name.lower(), "") for name in names if isinstance(name, str)]
            kept: list[JSON] = [name for name in dict.fromkeys(known) if name]
            return kept or None
        case _:
            return None


def _without_dangling(schema: dict[str, JSON], root: dict[str, JSON]) -> dict[str, JSON]:
    """Drop each ``$ref`` that leads nowhere, or back to itself before it says anything.

    Only the places where schemas stand are looked at.
    """
    kept: dict[str, JSON] = {}
    for key, value in schema.items():
        match key, value:
            case "$ref", str(ref):
                if _target(ref, root) is not None and not _leads_back(ref, root):
                    kept[key] = ref
            case _, dict(named) if key in _OF_NAMED:
                kept[key] = {
                    name: _without_dangling(item, root)
                    for name, item in named.items()
                    if isinstance(item, dict)
                }
            case _, dict(one) if key in _OF_ONE | {"items", "additionalProperties"}:
                kept[key] = _without_dangling(one, root)
            case _, list(many) if key in _OF_MANY | {"items"}:
                kept[key] = [_without_dangling(x, root) for x in many if isinstance(x, dict)]
            case _:
                kept[key] = value
    return kept


def _leads_back(ref: str, root: dict[str, JSON]) -> bool:
    """Whether a reference stands for itself, be it by way of others."""
    seen: set[str] = set()
    left = [ref]
    while left:
        for other in _stands_for(_target(left.pop(), root) or {}):
            if other == ref:
                return True
            if other not in seen:
                seen.add(other)
                left.append(other)
    return False


def _stands_for(schema: dict[str, JSON]) -> Iterator[str]:
    """Yield the references that a schema is the same as, or may be; not those of its parts."""
    for key, value in schema.items():
        match key, value:
            case "$ref", str(ref):
                yield ref
            case _, list(many) if key in _OF_MANY - {"prefixItems"}:
                for one in many:
                    yield from _stands_for(one) if isinstance(one, dict) else ()
            case _:
                pass


def _target(ref: str, root: dict[str, JSON]) -> dict[str, JSON] | None:
    """Return the schema that a reference into the same document names."""
    here: JSON = root
    for step in ref.removeprefix("#/").split("/"):
        match here:
            case dict(fields):
                here = fields.get(step.replace("~1", "/").replace("~0", "~"))
            case _:
                return None
    return here if isinstance(here, dict) else None
