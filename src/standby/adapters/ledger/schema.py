"""The schema of the ledger: the steps that lead to it, found by walking their package."""

import contextlib
import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, cast

from standby.adapters.ledger import migrations

__all__ = [
    "NewerSchemaError",
    "OlderSchemaError",
    "Step",
    "migrate",
    "refuse_newer",
    "refuse_older",
    "steps",
    "transaction",
]

_NAME: Final = re.compile(r"m(?P<number>[0-9]{4})_[a-z0-9_]+")


class NewerSchemaError(Exception):
    """The ledger was written by a later version, which this one would damage."""


class OlderSchemaError(Exception):
    """The ledger has not been brought to the schema that a reader counts on."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step from a schema to the next."""

    number: int
    """The schema that it leads to."""
    name: str
    up: Callable[[sqlite3.Connection], None]


def steps() -> tuple[Step, ...]:
    """Return all steps in order; their files are numbered from 1 without gaps."""
    found = []
    for info in pkgutil.iter_modules(migrations.__path__):
        if name := _NAME.fullmatch(info.name):
            module = importlib.import_module(f"{migrations.__name__}.{info.name}")
            # The tests run every file's `up` from blank, and from every schema released.
            up = cast("Callable[[sqlite3.Connection], None]", module.up)
            found.append(Step(int(name["number"]), info.name, up))
    return tuple(sorted(found, key=lambda step: step.number))


def refuse_newer(connection: sqlite3.Connection) -> None:
    """Raise :class:`NewerSchemaError` when a ledger has taken more steps than we know."""
    if (version := _version(connection)) > (known := len(steps())):
        raise NewerSchemaError(
            f"the ledger has schema {version}, written by a later version of standby; this one"
            f" knows {known} and leaves it alone"
        )


def refuse_older(connection: sqlite3.Connection) -> None:
    """Raise :class:`OlderSchemaError` when a ledger lacks a step that a reader counts on."""
    if (version := _version(connection)) < (known := len(steps())):
        raise OlderSchemaError(
            f"the ledger has schema {version}, of an earlier version of standby; the gateway brings"
            f" it to schema {known} at its next start"
        )


def migrate(connection: sqlite3.Connection) -> None:
    """Take the steps that a ledger has not taken yet, each whole or not at all."""
    for step in steps()[_version(connection) :]:
        with transaction(connection):
            if _version(connection) < step.number:  # another process may have been faster
                step.up(connection)
                connection.execute(f"PRAGMA user_version = {step.number}")


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all that is done inside, or nothing.

    It begins as a writer: a reader that turns writer is refused at once when another one wrote.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    match connection.execute("PRAGMA user_version").fetchone():
        case (int(version),):
            return version
        case _:
            return 0
