"""Write the reference from the code; with ``--check``, say whether it was written already.

To add a page, write a function that returns its text, and name it in ``PAGES``.
"""

import ast
import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Final, get_args

import click
import recordings

from standby.cli import main as cli
from standby.core.policy import rules
from standby.core.quota import readers
from standby.core.quota.machine import TABLE, QuotaRules, State
from standby.core.quota.signals import Signal
from standby.core.settings import settings_page, settings_schema
from standby.core.wire.json import JSON
from standby.server.api.openapi import CHANGES, PARAMETERS, PATHS, document
from standby.server.api.schemas import SCHEMAS

_HELP_COLUMNS: Final = 90
HERE: Final = Path(__file__).parent / "reference"


def quota() -> str:
    """Return the page on quota: what is read, what it means, and what follows."""
    signals = get_args(Signal)
    lines = [
        "# Quota",
        "",
        "Written by `make docs` from `standby.core.quota`.",
        "",
        "## From an answer to a signal",
        "",
        "The reader with the lowest rank that knows an answer decides what it means. An answer",
        "that none of them knows is served, or is the client's own business and is passed on.",
        "",
        "| rank | reader | knows | how |",
        "|---|---|---|---|",
    ]
    ranked = sorted(modules(readers), key=lambda found: found[1].RANK)
    lines += [
        f"| {module.RANK} | `{name}` | {summary(module)} | {prose(module.read)} |"
        for name, module in ranked
    ]
    lines += ["", "## Signals", "", *(f"* `{s.__name__}`: {summary(s)}" for s in signals)]
    lines += [
        "",
        "## States",
        "",
        "One for each account, and for all models or some.",
        "",
        *(f"* **{state.value}**: {documented(State)[state.name]}" for state in State),
        "",
        "## What follows",
        "",
        "A request that is sent as a try is judged by the rows *probing* and *trying*; while a try",
        "is under way, nothing but a reached limit is believed of other requests.",
        "",
        "| while | " + " | ".join(f"`{s.__name__}`" for s in signals) + " |",
        "|---" * (len(signals) + 1) + "|",
    ]
    for state in State:
        cells = " | ".join(TABLE[state][signal].value for signal in signals)
        lines.append(f"| **{state.value}** | {cells} |")
    lines += ["", "## Numbers", "", "| name | default | meaning |", "|---|---|---|"]
    meanings = documented(QuotaRules)
    lines += [
        f"| `{f.name}` | {f.default} | {meanings.get(f.name, '')} |" for f in fields(QuotaRules)
    ]
    return "\n".join([*lines, ""])


def policy() -> str:
    """Return the page on routing: the rules, in no order."""
    lines = [
        "# Who may answer",
        "",
        "Written by `make docs` from `standby.core.policy.rules`.",
        "",
        "Each rule may veto a candidate or give it points, with a reason in words; their order",
        "does not matter. Of those without a veto the one with the most points is asked first.",
        "",
    ]
    for name, module in modules(rules):
        about = summary(module).removeprefix("Rule: ")
        lines.append(f"* `{name}`: {about} {prose(module.rule)}")
    return "\n".join([*lines, ""])


def command_line() -> str:
    """Return the page on the commands: what each says of itself with ``--help``."""
    program = cli.group(cli.names())
    root = click.Context(
        program,
        info_name="standby",
        terminal_width=_HELP_COLUMNS,
        help_option_names=["-h", "--help"],
    )
    lines = ["# Command line", "", "Written by `make docs` from `standby.cli`."]
    for context in _contexts(root):
        lines += ["", f"## `{context.command_path}`", "", "```text", context.get_help(), "```"]
    return "\n".join([*lines, ""])


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """Yield a command and all below it."""
    yield context
    if isinstance(context.command, click.Group):
        for name, command in sorted(context.command.commands.items()):
            yield from _contexts(click.Context(command, info_name=name, parent=context))


def api() -> str:
    """Return the page on the API: its paths, their parameters, and what they answer with."""
    lines = [
        "# API",
        "",
        "Written by `make docs` from `standby.server.api`; the same as"
        " [OpenAPI 3.1](openapi.json), which the gateway serves at `/standby/api/v1/openapi.json`.",
        "",
        "Read with `GET` below `/standby/api/v1/`. Guarded by the gateway's token, in the header"
        " `x-standby-token` or as a bearer; a browser has the cookie that a link of"
        " `standby dashboard` opens, and may read the same; with the key that the link leaves in"
        " the page it may also choose a mode (`use`, with `POST`). Moments are seconds since the"
        " epoch, durations seconds, shares 0 to 1. What is not known is `null`. Within a version"
        " fields are added, never taken away or changed.",
        "",
        "```sh",
        'curl -H "x-standby-token: $(standby token)" http://127.0.0.1:8484/standby/api/v1/status',
        "```",
        "",
        "## Paths",
        "",
        "| path | answers with | parameters |",
        "|---|---|---|",
    ]
    for name, (schema, words) in PATHS.items():
        asked = ", ".join(f"`{key}`" for key in PARAMETERS.get(name, {})) or "none"
        lines.append(f"| `{name}` | {words} [{schema}](#{schema.lower()}) | {asked} |")
    lines += [
        "| `events` | Server-sent events: `status`, `usage`, `engines`, as they change. | none |",
        "| `openapi.json` | This description. | none |",
        "| `POST use` | Choose who answers all requests; what counts then. [Choice](#choice) |"
        f" {', '.join(f'`{key}`' for key in CHANGES['use'])} |",
        "",
        "An error has the shape of the Messages API: 400 for a parameter that is not understood,"
        " 401 without the token, 404, 405, 429 for more than 32 streams of events, 503 for a ledger"
        " that cannot be read.",
        "",
        "## Parameters",
        "",
        "| path | parameter | what | values | default |",
        "|---|---|---|---|---|",
    ]
    for name, parameters in {**PARAMETERS, **CHANGES}.items():
        for key, about in parameters.items():
            default = about.get("default", "")
            words = about.get("description", "")
            lines.append(f"| `{name}` | `{key}` | {words} | {_values(about)} | {default} |")
    for name, schema in SCHEMAS.items():
        lines += ["", f"## {name}", "", str(schema["description"]), "", "| field | type | what |"]
        lines += ["|---|---|---|", *_field_rows(schema, "")]
    return "\n".join([*lines, ""])


def _values(about: Mapping[str, JSON]) -> str:
    words = about.get("enum")
    if isinstance(words, list):
        return ", ".join(f"`{word}`" for word in words)
    if "minimum" in about and "maximum" in about:
        return f"{about['minimum']} to {about['maximum']}"
    return _type(about)


def _type(about: Mapping[str, JSON]) -> str:
    match about:
        case {"$ref": str(name)}:
            name = name.rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"anyOf": [dict(one), dict()]}:
            return f"{_type(one)} or null"
        case {"type": "array", "items": dict(item)}:
            return f"list of {_type(item)}"
        case {"type": "array"}:
            return "list of moment and share"
        case {"type": [str(kind), "null"]}:
            return f"{kind} or null"
        case {"type": str(kind)}:
            return kind
        case _:
            return ""


def _field_rows(schema: Mapping[str, JSON], before: str) -> Iterator[str]:
    """Yield a row for each field, and those of objects within below them."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return
    for name, about in properties.items():
        if not isinstance(about, dict):
            continue
        words = line(str(about.get("description", "")))
        enum = about.get("enum")
        if isinstance(enum, list):
            words = f"{words} One of {', '.join(f'`{word}`' for word in enum)}.".strip()
        yield f"| `{before}{name}` | {_type(about)} | {words} |"
        items = about.get("items")
        inner = items if isinstance(items, dict) else about
        yield from _field_rows(inner, f"{before}{name}{'[]' if inner is items else ''}.")


def openapi() -> str:
    """Return the description of the API for machines."""
    return json.dumps(document(version("standby")), indent=2) + "\n"


PAGES: Final[dict[str, Callable[[], str]]] = {
    "api.md": api,
    "openapi.json": openapi,
    "cli.md": command_line,
    "policy.md": policy,
    "quota.md": quota,
    "recordings.md": recordings.page,
    "settings.md": settings_page,
    "settings.schema.json": lambda: json.dumps(settings_schema(), indent=2) + "\n",
}


def modules(package: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    """Yield the name and the module of each file in a package, by name."""
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        yield info.name, importlib.import_module(f"{package.__name__}.{info.name}")


def summary(thing: object) -> str:
    """Return the first paragraph of a docstring as one line."""
    return line((inspect.getdoc(thing) or "").partition("\n\n")[0])


def prose(thing: object) -> str:
    """Return a whole docstring as one line."""
    return line(inspect.getdoc(thing) or "")


def line(text: str) -> str:
    """Return text as one line of Markdown that is fit for a cell of a table."""
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


def documented(of: type) -> dict[str, str]:
    """Return the docstrings that stand below the fields or members of a class, as single lines."""
    body = ast.parse(inspect.getsource(of)).body[0]
    found: dict[str, str] = {}
    for field, words in pairwise(body.body if isinstance(body, ast.ClassDef) else []):
        match field, words:
            case (
                ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)),
                ast.Expr(ast.Constant(str(said))),
            ):
                found[name] = line(said)
    return found


def main() -> int:
    """Write or compare every page; return how many were stale."""
    stale = 0
    for name, write in PAGES.items():
        page, text = HERE / name, write()
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        if "--check" in sys.argv:
            print(f"{page} is stale: run `make docs`", file=sys.stderr)
            stale += 1
        else:
            page.parent.mkdir(exist_ok=True)
            page.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
