"""What is known of one model on one local engine."""

from dataclasses import dataclass

__all__ = ["LocalModel"]


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model that could answer, as its server describes it; ``None``: it does not say."""

    engine: str
    """The engine's name, such as ``lmstudio``."""
    id: str
    """What the server calls the model."""
    base_url: str
    """Where the server listens, without a trailing slash: ``http://127.0.0.1:1234``."""
    context_tokens: int | None = None
    """The window that a request can use now; for a model that is not loaded, what it would get."""
    loaded: bool = True
    tools: bool | None = None
    """Whether the chat template knows tools. ``False``: tools are asked for in words and held to a
    JSON schema."""
    vision: bool | None = None
    reasoning: bool | None = None
    grammar: bool = False
    """Whether the server compiles tool schemas to a grammar, and refuses odd ones (llama.cpp)."""
    counts: bool = False
    """Whether the server counts the tokens of a chat request."""
    continues: bool = False
    """Whether the server goes on with an unfinished turn of the assistant, and begins none."""
    truncates: bool = False
    """Whether the server silently cuts a prompt that does not fit (Ollama), and so its count of
    tokens may be too low."""
    rehearsal: bool = False
    """Good for a rehearsal, not for work: the tiny default model."""

    slots: int | None = None
    """How many requests the server works on at once."""
    pins: bool = False
    """Whether a request may name the slot that it wants (llama.cpp's ``id_slot``), and does."""

    settings: str = ""
    """How it is run, in words; only an engine of our own says so."""
    tuned: str = ""
    """Which trial of a bench these settings come from; empty: they were computed."""
    remark: str = ""
    """What is not as it was asked for or announced, in words; empty: nothing."""

    @property
    def key(self) -> str:
        """The name by which a person and a request choose it: ``engine/id``."""
        return f"{self.engine}/{self.id}"

    @property
    def title(self) -> str:
        """What it is called where people read it."""
        return f"{self.id} on {self.engine}"

    @property
    def window(self) -> str:
        """The window in words."""
        return "unknown window" if self.context_tokens is None else f"{self.context_tokens} tokens"
