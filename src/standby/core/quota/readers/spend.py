"""A contract's or an organisation's spending limit, or billing that is not available."""

from typing import Final

from standby.core.quota.reading import evidence, is_refusal
from standby.core.quota.reply import Reply
from standby.core.quota.signals import ALL_MODELS, PAYMENT, Billing, Signal

__all__ = ["RANK", "read"]

RANK: Final = 6

_CODES: Final = frozenset(
    {
        "contract_spend_limit_reached",
        "linked_organization_billing_unavailable",
        "linked_organization_spend_limit_reached",
    }
)
_PAYMENT_REQUIRED: Final = 402


def read(reply: Reply, now: float) -> Signal | None:
    """Read the error codes of these limits on any status, and every 402."""
    known = is_refusal(reply) and reply.fault.code in _CODES
    if not known and reply.meant != _PAYMENT_REQUIRED:
        return None
    return Billing(ALL_MODELS, PAYMENT, evidence(reply, reply.fault.code or reply.fault.kind))
