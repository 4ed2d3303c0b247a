"""Which conversation is meant: people name it by the beginning of its id, as they see it."""

from pathlib import Path
from typing import Final

from standby.cli import terminal

__all__ = ["whole_session"]

_MOST_NAMED: Final = 5


def whole_session(ledger: Path, said: str) -> str:
    """Return the id that begins as was said, if one conversation of the ledger alone does.

    What none begins with stays as it is: it may be of one that is still to come. Raise ``Problem``
    where several do.
    """
    if not said:
        return said
    from standby.adapters.ledger.looking import Looks

    found = Looks(ledger).sessions(said, _MOST_NAMED + 1)
    if said in found or not found:
        return said
    if len(found) == 1:
        return found[0]
    more = ", and more" if len(found) > _MOST_NAMED else ""
    names = ", ".join(map(terminal.printable, found[:_MOST_NAMED]))
    raise terminal.Problem(
        f"several conversations have an id that begins with {said!r}: {names}{more}",
        "Give more of the id.",
    )
