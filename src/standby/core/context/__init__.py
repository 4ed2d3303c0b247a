"""How large a conversation is, and what becomes of one that is too large."""
