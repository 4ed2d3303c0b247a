"""The rules that the Messages API holds a request to, as far as they were published or reported.

Sources: platform.claude.com ("Messages", "Tool use", "Extended thinking", "Errors"), the types of
the official SDK, and public reports of the wording. The open parts stay open: unknown fields,
headers and tool types pass; an unknown kind of block does not, as the API refuses one.
"""

from collections.abc import Iterator, Mapping

from standby.core.wire.json import JSON
from standby.core.wire.rules import blocks, options, turns
from standby.core.wire.rules.turns import Binds, Known, Marks

__all__ = ["Binds", "Known", "Marks", "violations"]


def violations(
    value: Mapping[str, JSON],
    *,
    signature_ok: Known,
    binds: Binds | None = None,
    redacted_ok: Known | None = None,
    counting: bool = False,
) -> tuple[str, ...]:
    """Return what the API would refuse in a request, worded as it does, what it meets first first.

    ``signature_ok`` knows the signatures of thinking blocks, ``redacted_ok`` the data of redacted
    ones. ``binds`` says whether a signature belongs behind the messages that precede its block.
    ``counting`` is for ``count_tokens``, which needs no ``max_tokens`` and answers nothing.
    """
    marks = Marks(signature_ok, binds, redacted_ok)
    return tuple(_violations(value, marks, counting=counting))


def _violations(value: Mapping[str, JSON], marks: Marks, *, counting: bool) -> Iterator[str]:
    yield from options.violations(value, counting=counting)
    match value.get("messages"):
        case [_, *_] as messages:
            yield from blocks.violations(messages)
            yield from turns.violations(messages, str(value.get("model")), marks)
        case []:
            yield "messages: at least one message is required"
        case None:
            yield "messages: Field required"
        case _:
            yield "messages: Input should be a valid list"
