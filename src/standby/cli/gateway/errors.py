"""What goes wrong between a command and the gateway."""

__all__ = ["NOT_RUNNING", "OTHER_RUNS", "GatewayError"]

NOT_RUNNING = 3
"""The exit code of a command that needs a gateway where none runs."""
OTHER_RUNS = 4
"""The exit code of ``serve`` when another gateway already has the folder."""


class GatewayError(Exception):
    """A sentence for a person, what to do about it, and the exit code it ends with."""

    def __init__(self, words: str, hint: str = "", code: int = 1) -> None:
        super().__init__(words)
        self.hint = hint
        self.code = code
