"""Reads a PDF from stdin and writes its text to stdout. Run as a process of its own."""

import io
import sys
from typing import Final

__all__ = ["main"]

_PAGES: Final = 500
_CHARACTERS: Final = 2_000_000
_MEMORY_BYTES: Final = 2 * 1024 * 1024 * 1024
_CPU_S: Final = 30


def main() -> int:
    """Write the text of each page, with its number; return 1 when there is none to be had."""
    _limit()
    from pypdf import PdfReader  # noqa: PLC0415 - an extra, and only here
    from pypdf.errors import PyPdfError  # noqa: PLC0415  # likewise

    try:
        pages = PdfReader(io.BytesIO(sys.stdin.buffer.read())).pages
        count, left = len(pages), _CHARACTERS
        for number in range(min(count, _PAGES)):
            text = pages[number].extract_text().strip()[:left]
            left -= len(text)
            if text:
                whole = f"[Page {number + 1} of {count}]\n{text}\n\n"
                sys.stdout.buffer.write(whole.encode(errors="replace"))
    except (PyPdfError, ValueError, TypeError, KeyError, RecursionError, MemoryError):
        return 1  # broken files show as any of these
    return 0


def _limit() -> None:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    for limit, most in ((resource.RLIMIT_AS, _MEMORY_BYTES), (resource.RLIMIT_CPU, _CPU_S)):
        _, hard = resource.getrlimit(limit)
        if hard == resource.RLIM_INFINITY or hard > most:
            resource.setrlimit(limit, (most, hard))


if __name__ == "__main__":
    sys.exit(main())
