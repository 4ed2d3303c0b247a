"""The marks by which what a local model said can be told for ever.

A thinking block of ours carries a signature that begins with :data:`SIGNATURE`: clients keep any
signature and return it unchanged (measured with Claude Code 2.1.330), the cloud refuses one that is
not its own. Ids of ours follow the cloud's pattern, ``^[a-zA-Z0-9_-]+$``, and need no cleaning.
"""

from typing import Final

__all__ = ["ID_LENGTH", "MESSAGE", "NOTICE", "REASONING", "SIGNATURE", "TOOL", "ours"]

SIGNATURE: Final = "~standby.1."
"""Begins with a byte that code and prose seldom have and JSON never escapes: it is found fast."""
NOTICE: Final = SIGNATURE + "notice"
"""Signs the block that says who answers, why, and until when."""
REASONING: Final = SIGNATURE + "reasoning"
"""Signs what a local model thought."""

MESSAGE: Final = "msg_sb"
TOOL: Final = "toolu_sb"
ID_LENGTH: Final = 22
"""Random letters and digits behind the prefix: with ``toolu_sb`` as long as the cloud's own ids."""


def ours(signature: str) -> bool:
    """Tell whether a signature is a mark of ours."""
    return signature.startswith(SIGNATURE)
