"""From what stands in a file and in the environment to the settings, or to all that is wrong."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Final, TypeVar

from standby.core.settings.about import ABOUT, About, Section, Tables
from standby.core.settings.faults import Fault, Faults, Path, dotted, nearest
from standby.core.settings.kinds import Kind, Value, Wrong, from_text
from standby.core.settings.local import OWN_ENGINES, SERVER_KINDS, Local, Tiers
from standby.core.settings.policy import Policy
from standby.core.settings.values import Client, Cloud, Gateway, Ledger, Log, Settings, Telemetry

__all__ = ["PREFIX", "SECTIONS", "Known", "changed", "known", "parse", "with_environment"]

PREFIX: Final = "STANDBY_"
"""What the environment variables that override a setting begin with."""

SECTIONS: Final[Mapping[str, type[Section]]] = {
    "gateway": Gateway,
    "cloud": Cloud,
    "local": Local,
    "tiers": Tiers,
    "policy": Policy,
    "ledger": Ledger,
    "client": Client,
    "log": Log,
    "telemetry": Telemetry,
}

# A server may not be called what has a meaning of its own where engines and models are named.
_RESERVED: Final = frozenset({"auto", "cloud", "local", *OWN_ENGINES})

S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class Known:
    """One setting that exists."""

    path: Path
    about: About
    default: object
    """``None`` when it must be given."""

    @property
    def dotted(self) -> str:
        """Its name, such as ``gateway.port``."""
        return dotted(self.path)

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return PREFIX + "_".join(str(part) for part in self.path).upper()


def known() -> tuple[Known, ...]:
    """Return every setting of a section; those of a list of tables are not among them."""
    return tuple(
        Known((name, entry.name), _about(entry), _default(entry))
        for name, section in SECTIONS.items()
        for entry in fields(section)
    )


def changed(before: Settings, after: Settings) -> tuple[Known, ...]:
    """Return the settings that differ."""
    return tuple(one for one in known() if _value(before, one) != _value(after, one))


def _value(settings: Settings, one: Known) -> object:
    section, name = (str(part) for part in one.path)
    return getattr(getattr(settings, section), name)


def parse(mapping: Mapping[str, object]) -> Settings | Faults:
    """Return the settings that a mapping stands for, or everything that is wrong with it."""
    reading = _Reading()
    reading.unknown((), mapping, SECTIONS)
    settings = Settings(
        reading.section(Gateway, ("gateway",), mapping.get("gateway", {})),
        reading.section(Cloud, ("cloud",), mapping.get("cloud", {})),
        reading.section(Local, ("local",), mapping.get("local", {})),
        reading.section(Tiers, ("tiers",), mapping.get("tiers", {})),
        reading.section(Policy, ("policy",), mapping.get("policy", {})),
        reading.section(Ledger, ("ledger",), mapping.get("ledger", {})),
        reading.section(Client, ("client",), mapping.get("client", {})),
        reading.section(Log, ("log",), mapping.get("log", {})),
        reading.section(Telemetry, ("telemetry",), mapping.get("telemetry", {})),
    )
    # Whether settings agree with each other is only to be seen when each is sound.
    faults = tuple(reading.faults) or (
        *_disagreements(settings.local),
        *_homeless(settings.policy),
    )
    return Faults(faults) if faults else settings


def with_environment(
    mapping: Mapping[str, object], environment: Mapping[str, str]
) -> tuple[Mapping[str, object], Mapping[Path, str], tuple[Fault, ...]]:
    """Return the mapping with what the environment overrides, the variables used, and faults.

    An empty variable counts as not set. A variable that begins like those of a section but names
    none of its settings is a fault: it is a typing error that would otherwise go unseen.
    """
    settable = {one.variable: one for one in known()}
    prefixes = tuple(f"{PREFIX}{name.upper()}_" for name in SECTIONS)
    merged = dict(mapping)
    used: dict[Path, str] = {}
    faults: list[Fault] = []
    for variable in sorted(environment):
        text = environment[variable]
        if not text or not variable.startswith(prefixes):
            continue
        if (one := settable.get(variable)) is None:
            near = nearest(variable, settable)
            faults.append(Fault((), f"{variable}: no such setting", nearest=near))
        elif isinstance(kind := one.about.kind, Tables):
            faults.append(Fault((), f"{variable}: a list of tables is set in the file only"))
        else:
            _put(merged, one.path, from_text(kind, text))
            used[one.path] = variable
    return merged, used, tuple(faults)


def _put(mapping: dict[str, object], path: Path, value: Value) -> None:
    section, name = (str(part) for part in path)
    match mapping.get(section, {}):
        case dict() as table:
            mapping[section] = {**table, name: value}
        case _:
            pass  # the section is no table: parse says so, with its place in the file


@dataclass(slots=True)
class _Reading:
    """What was found wrong so far."""

    faults: list[Fault] = field(default_factory=list[Fault])

    def unknown(self, path: Path, table: Mapping[str, object], names: Mapping[str, object]) -> None:
        """Note each key that is none of the names."""
        for key in table:
            if key not in names:
                self.faults.append(
                    Fault((*path, key), "no such setting", nearest=nearest(key, names))
                )

    def section(self, make: type[S], path: Path, value: object) -> S:
        """Return the section that a table stands for; what is wrong keeps its default."""
        build: Callable[..., S] = make
        entries = {entry.name: entry for entry in fields(make)}
        if not isinstance(value, dict):
            self.faults.append(Fault(path, "this is not a table"))
            return build(**{name: _default(entry) for name, entry in entries.items()})
        table: Mapping[str, object] = value
        self.unknown(path, table, entries)
        return build(
            **{name: self._entry(entry, (*path, name), table) for name, entry in entries.items()}
        )

    def _entry(self, entry: "Field[object]", path: Path, table: Mapping[str, object]) -> object:
        about = _about(entry)
        if entry.name in table:
            return self._value(about.kind, path, table[entry.name], _default(entry))
        if entry.default is MISSING:
            allowed = "" if isinstance(about.kind, Tables) else about.kind.allowed
            self.faults.append(Fault(path, "this must be given", allowed))
        return _default(entry)

    def _value(self, kind: Kind | Tables, path: Path, value: object, default: object) -> object:
        if isinstance(kind, Tables):
            return self._tables(kind, path, value)
        match kind.read(value):
            case Wrong(why, near):
                self.faults.append(Fault(path, why, kind.allowed, near))
                return default
            case sound:
                return sound

    def _tables(self, kind: Tables, path: Path, value: object) -> tuple[Section, ...]:
        match value:
            case list() as tables:
                return tuple(
                    self.section(kind.of, (*path, place), table)
                    for place, table in enumerate(tables)
                )
            case _:
                self.faults.append(Fault(path, f"write it as [[{dotted(path)}]], once for each"))
                return ()


def _disagreements(local: Local) -> Iterator[Fault]:
    names = [server.name for server in local.servers]
    for place, server in enumerate(local.servers):
        path: Path = ("local", "servers", place, "name")
        if server.name in names[:place]:
            yield Fault(path, f"{server.name!r} is the name of another server, too")
        if server.name in _RESERVED or server.name in {*SERVER_KINDS} - {server.kind}:
            yield Fault(path, f"{server.name!r} means something else; choose another name")
    engines = ("auto", *OWN_ENGINES, *SERVER_KINDS, *names)
    if local.engine not in engines:
        yield Fault(
            ("local", "engine"),
            f"there is no engine {local.engine!r}",
            ", ".join(dict.fromkeys(engines)),
            nearest(local.engine, engines),
        )


def _homeless(policy: Policy) -> Iterator[Fault]:
    for place, project in enumerate(policy.projects):
        if not project.path and not project.remote:
            path: Path = ("policy", "projects", place)
            yield Fault(path, "it says neither path nor remote, and so is about no project")


def _about(entry: "Field[object]") -> About:
    match entry.metadata.get(ABOUT):
        case About() as about:
            return about
        case _:
            raise TypeError(f"the setting {entry.name!r} does not say what it is about")


def _default(entry: "Field[object]") -> object:
    return None if entry.default is MISSING else entry.default
