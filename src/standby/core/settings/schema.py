"""The settings as a JSON schema, for editors that complete and check TOML by one."""

from dataclasses import MISSING, Field, fields

from standby.core.settings.about import ABOUT, About, Section, Tables
from standby.core.settings.kinds import Choice, Kind, Name, Seconds, Switch, Whole
from standby.core.settings.parse import SECTIONS
from standby.core.wire.json import JSON

__all__ = ["settings_schema"]


def settings_schema() -> dict[str, JSON]:
    """Return the schema of the whole file.

    It says of each value what a schema can say; what the gateway checks besides, such as that two
    servers have different names, it says itself.
    """
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "standby",
        "description": "The settings of standby, in config.toml.",
        **_table(dict(SECTIONS)),
    }


def _table(sections: dict[str, type[Section]]) -> dict[str, JSON]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _section(section) for name, section in sections.items()},
    }


def _section(section: type[Section]) -> dict[str, JSON]:
    entries = fields(section)
    required: list[JSON] = [entry.name for entry in entries if entry.default is MISSING]
    schema: dict[str, JSON] = {
        "type": "object",
        "description": (section.__doc__ or "").strip().replace("``", "`"),
        "additionalProperties": False,
        "properties": {entry.name: _entry(entry) for entry in entries},
    }
    return {**schema, "required": required} if required else schema


def _entry(entry: "Field[object]") -> dict[str, JSON]:
    about = entry.metadata[ABOUT]
    if not isinstance(about, About):
        raise TypeError(f"the setting {entry.name!r} does not say what it is about")
    schema: dict[str, JSON] = {"description": about.words}
    if isinstance(about.kind, Tables):
        return {**schema, "type": "array", "items": _section(about.kind.of)}
    match entry.default:
        case bool() | int() | float() | str() as default:
            schema["default"] = default
        case _:
            pass
    return {**schema, **_kind(about.kind)}


def _kind(kind: Kind) -> dict[str, JSON]:
    match kind:
        case Switch():
            return {"type": "boolean"}
        case Whole(least, most):
            return {"type": "integer", "minimum": least, "maximum": most}
        case Seconds(least, most):
            return {"type": "number", "minimum": least, "maximum": most}
        case Choice(words):
            return {"type": "string", "enum": [*words]}
        case Name():
            return {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,31}$"}
        case _:
            return {"type": "string", "maxLength": 1024}
