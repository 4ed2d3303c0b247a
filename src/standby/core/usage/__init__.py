"""What was used: entries of the ledger, what they add up to, and the report that all faces show."""

from standby.core.usage.entries import Entry, Tokens, tokens_of

__all__ = ["Entry", "Tokens", "tokens_of"]
