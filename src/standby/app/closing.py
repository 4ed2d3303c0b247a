"""Generators that hold a connection open, closed with the block that reads them."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import TypeVar

__all__ = ["closing"]

T = TypeVar("T")


def closing(items: AsyncIterator[T]) -> AbstractAsyncContextManager[AsyncIterator[T]]:
    """Give the items, and close them at the end of the block: not when they are collected."""
    # A generator for this would take ten times the memory, several times for each open stream.
    return aclosing(items) if isinstance(items, AsyncGenerator) else nullcontext(items)
