"""The reference page of the settings, written from what stands beside each of them."""

from collections.abc import Iterator
from dataclasses import MISSING, fields

from standby.core.settings.about import ABOUT, About, Section, Tables
from standby.core.settings.kinds import Kind
from standby.core.settings.parse import PREFIX, SECTIONS, Known, known

__all__ = ["settings_page"]


def settings_page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "Written by `make docs` from `standby.core.settings`."
    yield ""
    yield (
        "Settings are in `config.toml` in the configuration folder; `standby config path` says"
        " where. Nothing is ever read from the folder that a command is started in. Each setting"
        f" can be overridden by an environment variable, `{PREFIX}<SECTION>_<SETTING>`. An unknown"
        " setting or a value that is not allowed is an error that names the file, the line and"
        " what was probably meant. A changed file is read again: `standby status` says which"
        " changes wait for a restart."
    )
    for name, section in SECTIONS.items():
        yield from ("", f"## `[{name}]`", "", _words(section))
        for one in known():
            if one.path[0] == name:
                yield from _setting(one)


def _setting(one: Known) -> Iterator[str]:
    match one.about.kind:
        case Tables(of):
            yield from ("", f"## `[[{one.dotted}]]`", "", _words(of), "", _counts(one.about))
            for entry in fields(of):
                about = entry.metadata[ABOUT]
                if isinstance(about, About) and not isinstance(about.kind, Tables):
                    default = None if entry.default is MISSING else entry.default
                    yield from _item(entry.name, about.words, about.kind, default, "")
        case kind:
            yield from _item(one.dotted, one.about.words, kind, one.default, one.variable)
            yield _counts(one.about)


def _item(name: str, words: str, kind: Kind, default: object, variable: str) -> Iterator[str]:
    yield from ("", f"### `{name}`", "", words, "")
    yield f"* allowed: {kind.allowed}"
    yield "* required" if default is None else f"* default: `{_toml(default)}`"
    if variable:
        yield f"* environment: `{variable}`"


def _counts(about: About) -> str:
    return f"* takes effect: {'at once' if about.live else 'after a restart'}"


def _words(section: type[Section]) -> str:
    words = (section.__doc__ or "").strip().replace("``", "`")
    return "\n".join(line.strip() for line in words.splitlines())


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"'
        case _:
            return str(value)
