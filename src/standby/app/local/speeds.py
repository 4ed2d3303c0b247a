"""What was seen of the speed of each local model, since the gateway started."""

from standby.app.recent import Recent
from standby.core.models.facts import LocalModel
from standby.core.models.speed import Speed, Timings

__all__ = ["Speeds"]


class Speeds:
    """Learns from each answer how long the next one will take."""

    def __init__(self) -> None:
        self._speeds: Recent[str, Speed] = Recent(64)
        self._lengths: Recent[tuple[str, str], int] = Recent()

    def of(self, model: LocalModel) -> Speed:
        """Return what was seen of a model."""
        return self._speeds.get(model.key) or Speed()

    def learn(self, model: LocalModel, timings: Timings, session: str = "") -> None:
        """Take in what an answer took. Its conversation's prompt is now in the server's memory."""
        self._speeds.put(model.key, self.of(model).took(timings))
        if session:
            self._lengths.put((model.key, session), timings.cached + timings.read)

    def cached(self, model: LocalModel, session: str) -> int:
        """Return how many tokens of a conversation the server has probably in memory."""
        return self._lengths.get((model.key, session)) or 0

    def until_it_begins(self, model: LocalModel, tokens: int, session: str) -> float | None:
        """Return the seconds until an answer to a conversation begins; ``None``: unknown.

        What the server has in memory of it need not be read again.
        """
        return self.expected(model, tokens, self.cached(model, session) if session else 0)

    def expected(self, model: LocalModel, prompt_tokens: int, cached: int = 0) -> float | None:
        """Return the seconds to read a prompt of which so much is cached; ``None``: unknown."""
        return self.of(model).expected_s(min(cached, prompt_tokens), prompt_tokens)
