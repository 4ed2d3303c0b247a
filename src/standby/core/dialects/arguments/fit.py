"""Fits a value to a JSON schema where its meaning is plain: types, spelling of names, no more.

Models write ``"5"`` for 5, ``"[1, 2]"`` for a list, ``null`` for what they leave out, ``filePath``
for ``file_path``. Some formats have no types at all: there everything is a string until the schema
says what it is. What remains wrong is for the validator to name.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from standby.core.dialects.arguments.mend import whole
from standby.core.wire.json import JSON

__all__ = ["fitted"]

_DEEPEST: Final = 40
_INTEGER: Final = re.compile(r"[+-]?\d{1,18}")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_BOOLEANS: Final[Mapping[str, bool]] = {"true": True, "false": False}
_SPELLING: Final = re.compile(r"[\W_]+")
_UNIONS: Final = ("anyOf", "oneOf")
_FOREIGN: Final[Mapping[str, str]] = {
    "dict": "object",
    "list": "array",
    "str": "string",
    "float": "number",
    "int": "integer",
    "bool": "boolean",
}


def fitted(value: JSON, schema: JSON) -> JSON:
    """Return the value as the schema of a tool wants it; an object's text in place of it, too."""
    return _Fitting(schema).fit(value, schema, 0)


class _Fitting:
    def __init__(self, root: JSON) -> None:
        self._root = root

    def fit(self, value: JSON, schema: JSON, depth: int) -> JSON:
        """Return the value as this part of the schema wants it."""
        schema = self._resolved(schema)
        if schema is None or depth > _DEEPEST:
            return value
        kinds = frozenset(self._kinds(schema, 0))
        value = _typed(value, kinds) if kinds else value
        value = _listed(value, schema)
        match value:
            case dict(members):
                return self._object(members, schema, depth)
            case list(items):
                return [self.fit(item, schema.get("items"), depth + 1) for item in items]
            case _:
                return value

    def _object(self, members: dict[str, JSON], schema: dict[str, JSON], depth: int) -> JSON:
        known = dict(self._properties(schema, 0))
        required = schema.get("required")
        needed = required if isinstance(required, list) else []
        made: dict[str, JSON] = {}
        for name, member in _respelled(members, known, schema).items():
            part = self._resolved(known.get(name))
            if part is None:
                made[name] = member
                continue
            kinds = frozenset(self._kinds(part, 0))
            if name not in needed and _is_nothing(member, kinds):
                continue
            made[name] = self.fit(member, part, depth + 1)
        return made

    def _properties(self, schema: dict[str, JSON], depth: int) -> Iterator[tuple[str, JSON]]:
        """Yield the properties, those of parts that all hold or may hold too."""
        for part in self._parts(schema, (*_UNIONS, "allOf"), depth):
            yield from self._properties(part, depth + 1)
        match schema.get("properties"):
            case dict(named):
                yield from named.items()
            case _:
                pass

    def _kinds(self, schema: dict[str, JSON], depth: int) -> Iterator[str]:
        """Yield the names of the types that are allowed; none when all are."""
        match schema.get("type"):
            case str(name):
                yield _FOREIGN.get(name.lower(), name)
            case list(names):
                yield from (name for name in names if isinstance(name, str))
            case _:
                yield from self._implied(schema, depth)

    def _implied(self, schema: dict[str, JSON], depth: int) -> Iterator[str]:
        for part in self._parts(schema, (*_UNIONS, "allOf"), depth):
            yield from self._kinds(part, depth + 1)
        match schema:
            case {"enum": [*values]}:
                yield from (_kind(value) for value in values)
            case {"const": value}:
                yield _kind(value)
            case {"properties": dict()}:
                yield "object"
            case {"items": dict()}:
                yield "array"
            case _:
                pass

    def _parts(
        self, schema: dict[str, JSON], names: tuple[str, ...], depth: int
    ) -> Iterator[dict[str, JSON]]:
        if depth > _DEEPEST:
            return
        for name in names:
            parts = schema.get(name)
            for part in parts if isinstance(parts, list) else []:
                if (resolved := self._resolved(part)) is not None:
                    yield resolved

    def _resolved(self, schema: JSON) -> dict[str, JSON] | None:
        """Follow references into the same document; ``None`` for what is no schema."""
        for _ in range(_DEEPEST):
            match schema:
                case {"$ref": str(ref)}:
                    schema = self._target(ref)
                case dict():
                    return schema
                case _:
                    return None
        return None

    def _target(self, ref: str) -> JSON:
        if not ref.startswith("#"):
            return None
        here = self._root
        for step in ref.removeprefix("#").removeprefix("/").split("/"):
            if not step:
                continue
            match here:
                case dict(fields):
                    here = fields.get(step.replace("~1", "/").replace("~0", "~"))
                case _:
                    return None
        return here


def _typed(value: JSON, kinds: frozenset[str]) -> JSON:
    """Return the value as one of these types, if it plainly stands for one."""
    if _is_one_of(value, kinds):
        return value
    match value:
        case str(text):
            return _from_text(text, kinds)
        case bool():
            return ("true" if value else "false") if "string" in kinds else value
        case float() if "integer" in kinds and value.is_integer() and abs(value) < 2**63:
            return int(value)
        case int() | float() if "string" in kinds:
            return str(value)
        case _ if "array" in kinds and value is not None:
            return [value]
        case _:
            return value


def _from_text(text: str, kinds: frozenset[str]) -> JSON:
    plain = text.strip()
    if {"integer", "number"} & kinds and _INTEGER.fullmatch(plain):
        return int(plain)
    if "number" in kinds and _NUMBER.fullmatch(plain):
        return float(plain)
    if "integer" in kinds and _NUMBER.fullmatch(plain) and float(plain).is_integer():
        return int(float(plain))
    if "boolean" in kinds and plain.lower() in _BOOLEANS:
        return _BOOLEANS[plain.lower()]
    if "null" in kinds and plain in ("null", "None"):
        return None
    if {"object", "array"} & kinds and plain[:1] in ("{", "[", '"'):
        return _from_json(text, plain, kinds)
    return [text] if "array" in kinds and plain else text


def _from_json(text: str, plain: str, kinds: frozenset[str]) -> JSON:
    """Return the object or list that a string holds, also one that was turned to text twice."""
    for _ in range(3):
        read = whole(plain)
        match None if read is None else read.value:
            case dict(found) if "object" in kinds:
                return found
            case list(listed) if "array" in kinds:
                return listed
            case str(inner):
                plain = inner
            case _:
                break
    return text


def _listed(value: JSON, schema: dict[str, JSON]) -> JSON:
    """Return the value of an enumeration that this one is, but for its spelling."""
    match value, schema.get("enum"):
        case str(text), list(values) if text not in values:
            meant = [v for v in values if isinstance(v, str) and _spelt(v) == _spelt(text)]
            return meant[0] if len(meant) == 1 else value
        case _:
            return value


def _respelled(
    members: dict[str, JSON], known: Mapping[str, JSON], schema: Mapping[str, JSON]
) -> dict[str, JSON]:
    """Return the members under the names of the schema, where only the spelling differs."""
    if not known or isinstance(schema.get("additionalProperties"), dict):
        return members
    by_spelling: dict[str, list[str]] = {}
    for name in known:
        by_spelling.setdefault(_spelt(name), []).append(name)
    made: dict[str, JSON] = {}
    for name, member in members.items():
        match by_spelling.get(_spelt(name), []):
            case [meant] if name not in known and meant not in members and meant not in made:
                made[meant] = member
            case _:
                made[name] = member
    return made


def _spelt(name: str) -> str:
    return _SPELLING.sub("", name).casefold()


def _is_nothing(value: JSON, kinds: frozenset[str]) -> bool:
    """Tell whether a value stands for one that was left out."""
    if value is None:
        return bool(kinds) and "null" not in kinds
    return value == "" and bool(kinds) and kinds <= {"number", "integer", "boolean"}


def _is_one_of(value: JSON, kinds: frozenset[str]) -> bool:
    kind = _kind(value)
    return kind in kinds or (kind == "integer" and "number" in kinds)


def _kind(value: JSON) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
