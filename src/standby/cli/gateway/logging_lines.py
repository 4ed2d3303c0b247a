"""One entry of the log is one line, whatever words of others are in it."""

import logging

__all__ = ["FORMAT", "LineFormatter"]

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class LineFormatter(logging.Formatter):
    """Writes a record as one line; only a traceback of our own has more.

    Names of models come from clients, and reasons from the cloud and from engines: with a line
    break in them they could pass for an entry of their own.
    """

    def __init__(self) -> None:
        super().__init__(FORMAT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # type: ignore[explicit-override]  # noqa: N802  # logging's name
        """Return the line with what cannot be printed as an escape."""
        line = super().formatMessage(record)
        if line.isprintable():  # as nearly all are
            return line
        return "".join(
            sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line
        )
