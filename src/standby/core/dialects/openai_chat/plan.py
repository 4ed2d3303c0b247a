"""What is to be known of a request when its reply is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from standby.core.wire.json import JSON

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a reply is to be read."""

    tools: Mapping[str, str] = field(default_factory=dict[str, str])
    """The tools that may be called: the name that was sent, and the client's name for it."""
    schemas: Mapping[str, JSON] = field(default_factory=dict[str, "JSON"])
    """What each of them takes, by the name that was sent; no schema allows everything."""
    in_words: bool = False
    """The model knows no tools: its answer is JSON, a call or an answer."""
    thinks: bool = False
    """The client takes thinking blocks."""
    must_call: bool = False
    """The client has demanded a call; not every server enforces it."""
    formed: bool = False
    """The client has demanded JSON: then an object is the answer, and no call."""
    opened: bool = False
    """The chat template begins the thinking: of a server that does not know, only its end comes."""
    stops: tuple[str, ...] = ()
    """The client's stop sequences."""
