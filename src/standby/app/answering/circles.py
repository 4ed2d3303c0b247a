"""Tells a local model within its prompt that it goes round in circles, where it does.

For whatever becomes a prompt of it: what is read ahead must be the same to the last token.
"""

from collections.abc import Callable
from dataclasses import replace

from standby.core.models.facts import LocalModel
from standby.core.policy.loops import told
from standby.core.wire.asked import Asked

__all__ = ["Circles"]


class Circles:
    """Puts what a model is told behind the results that showed it."""

    def __init__(self, wanted: Callable[[], bool]) -> None:
        """``wanted`` says whether circles are looked for."""
        self._wanted = wanted

    async def retold(self, asked: Asked, _model: LocalModel) -> Asked:
        """Return the request with what the model is told; the same where there is nothing."""
        if not self._wanted():
            return asked
        value = told(asked.value)
        return asked if value is asked.value else replace(asked, value=value)
