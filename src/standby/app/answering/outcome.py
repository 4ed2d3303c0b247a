"""What an exchange came to, in the words of the books: who answered, how it ended, and why."""

from standby.app.answering.relay import Relay
from standby.app.answering.sidecalls import side_answer
from standby.app.answering.turn import Turn
from standby.core.exchange import Exchange, Stage
from standby.core.policy.thread import CLOUD
from standby.core.usage import tokens_of
from standby.core.wire import errors
from standby.core.wire.json import JSON, NotJSONError, loads

__all__ = ["book"]


def book(turn: Turn, exchange: Exchange, relay: Relay, why: str, *, limited: bool) -> None:
    """Write into the booking of a turn what came of it.

    ``why`` is the reason where it was the cloud; ``limited`` says that the cloud holds the account
    back, so that an answer of ours was one that would not have been.
    """
    booking, last = turn.booking, exchange.asked[-1] if exchange.asked else ""
    booking.done = exchange.stage in (Stage.LAST, Stage.DONE)
    booking.status = relay.out.status
    booking.answered = exchange.shown.model
    usage = exchange.shown.usage
    if relay.out.whole is not None:
        booking.answered, usage = _of_whole(relay.out.whole)
    booking.tokens = tokens_of(usage)
    side = _side(turn, exchange.speaker or last)
    if exchange.joined and side == "cloud":
        side = "both"
    if relay.out.gave_up is None:
        booking.by = side if relay.out.status else "nobody"
        booking.outcome = "client_error" if errors.is_error(relay.out.status) else "ok"
        booking.why = why if side == "cloud" else booking.why
        if exchange.joined:
            booking.why = f"begun, and gone on with by another: {exchange.cut}"
    else:
        booking.why = relay.out.gave_up
        booking.by = side if exchange.shown.blocks else "nobody"
        booking.outcome = "broken" if exchange.shown.blocks else "refused"
    here = booking.by in {"local", "both"} and booking.outcome == "ok" and not turn.by_hand
    booking.saved = here and (CLOUD in exchange.asked or limited)


def _side(turn: Turn, last: str) -> str:
    """Return which side it was that was asked last."""
    if last == CLOUD or not last:
        return "cloud"
    return "local" if side_answer(turn.body) is None else "gateway"


def _of_whole(plain: bytes) -> tuple[str, dict[str, JSON]]:
    """Return who gave a whole answer, and its usage."""
    try:
        value = loads(plain)
    except NotJSONError:
        return "", {}
    match value:
        case {"model": str(model), "usage": dict(usage)}:
            return model, usage
        case _:
            return "", {}
