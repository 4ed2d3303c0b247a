"""The sections on local models: which engines there are, and how the gateway uses them."""

from dataclasses import dataclass, field
from typing import Final

from standby.core.settings.about import Section, Tables, about
from standby.core.settings.kinds import (
    HOUR_S,
    AbsolutePath,
    Choice,
    Name,
    Seconds,
    Switch,
    Text,
    Url,
    Variable,
    Whole,
)

__all__ = ["OWN_ENGINES", "SERVER_KINDS", "Local", "Server", "Tiers"]


SERVER_KINDS: Final = (
    "lmstudio",
    "ollama",
    "llamacpp",
    "vllm",
    "sglang",
    "mlx",
    "openai_compatible",
)
"""The kinds of local server that are known, each the name of an engine's file."""

OWN_ENGINES: Final = ("on_path", "embedded")
"""The engines that are started rather than found, likewise."""


@dataclass(frozen=True, slots=True)
class Server(Section):
    """A local server that you name, one ``[[local.servers]]`` for each."""

    name: str = field(
        metadata=about("What it is called in `status`, in `engine` and in model names.", Name())
    )
    kind: str = field(metadata=about("Which program it is.", Choice(SERVER_KINDS)))
    url: str = field(metadata=about("Where it listens.", Url(loopback_only=True)))
    key_env: str = field(
        default="",
        metadata=about(
            "The environment variable that holds the server's own key, if it needs one.",
            Variable(),
        ),
    )
    model: str = field(
        default="",
        metadata=about(
            "The model to use there. Empty: one that is loaded.", Text("the id of a model")
        ),
    )


@dataclass(frozen=True, slots=True)
class Local(Section):
    """Who answers when the cloud does not."""

    engine: str = field(
        default="auto",
        metadata=about(
            "Which engine answers: `auto`, a kind of server, the name of one of `local.servers`, "
            "`on_path` (a llama.cpp server on `PATH`) or `embedded`.",
            Name(),
            live=True,
        ),
    )
    model: str = field(
        default="",
        metadata=about(
            "Which model answers. Empty: one that is loaded.", Text("the id of a model"), live=True
        ),
    )
    discover: bool = field(
        default=True,
        metadata=about("Look for servers on the usual ports of this machine.", Switch()),
    )
    embedded: bool = field(
        default=True,
        metadata=about("Start the engine that comes with standby when no server runs.", Switch()),
    )
    fetch: bool = field(
        default=True,
        metadata=about(
            "Download the rehearsal model (93 MB) if this machine has no model at all.", Switch()
        ),
    )
    model_path: str = field(
        default="",
        metadata=about("A GGUF file for the engine that comes with standby.", AbsolutePath()),
    )
    context: int = field(
        default=0,
        metadata=about(
            "The window, in tokens, to start the embedded engine with. 0: chosen from the model "
            "and the memory of this machine.",
            Whole(0, 16_777_216),
        ),
    )
    manage: bool = field(
        default=False,
        metadata=about(
            "Load the model that answers, with a window that suits Claude Code, even when a "
            "server of yours already holds another model. Off: only when it holds none.",
            Switch(),
            live=True,
        ),
    )
    sleep_after_s: int = field(
        default=900,
        metadata=about(
            "After how many seconds without a request the embedded engine frees the model's "
            "memory; the next request loads it again. 0: never.",
            Whole(0, 604_800),
        ),
    )
    stop_after_s: int = field(
        default=7200,
        metadata=about(
            "After how many seconds without a request an engine that standby started is stopped; "
            "the next request starts it again. 0: never.",
            Whole(0, 604_800),
        ),
    )
    notice: bool = field(
        default=True,
        metadata=about(
            "Begin the first local answer with a short thinking block that says who answers, why "
            "and until when. It is taken out when the conversation returns to the cloud.",
            Switch(),
            live=True,
        ),
    )
    first_byte_s: float = field(
        default=1800.0,
        metadata=about(
            "How long a local engine may read the prompt before its first word.",
            Seconds(0.1, 6 * HOUR_S),
        ),
    )
    idle_s: float = field(
        default=120.0,
        metadata=about(
            "How long a local engine may be silent within an answer before it counts as broken.",
            Seconds(0.1, HOUR_S),
        ),
    )
    continues: bool = field(
        default=True,
        metadata=about(
            "Let a local model continue a streamed answer that broke off after plain text, in the "
            "same message. Off: such an answer ends in an error, and the client asks again.",
            Switch(),
            live=True,
        ),
    )
    slots: int = field(
        default=0,
        metadata=about(
            "How many requests a local engine gets at once. 0: as many as its server says it can "
            "work on, or one if it does not say.",
            Whole(0, 64),
        ),
    )
    wait_s: float = field(
        default=1800.0,
        metadata=about(
            "How long a request may wait for its turn at a busy local engine.",
            Seconds(0.1, 6 * HOUR_S),
            live=True,
        ),
    )
    keep_alive_s: float = field(
        default=15.0,
        metadata=about(
            "How often a client that waits for a local answer gets a sign of life.",
            Seconds(0.1, 240),
            live=True,
        ),
    )
    warm: str = field(
        default="auto",
        metadata=about(
            "When the local engine reads the live conversations ahead, so that a switch costs no "
            "wait: `auto`, when the quota nears its end or the cloud shows trouble; `always`; "
            "`off`, only when you run `standby warm`.",
            Choice(("auto", "always", "off")),
            live=True,
        ),
    )
    warm_at: int = field(
        default=80,
        metadata=about(
            "At how many percent of a quota window its end counts as near. The cloud's own "
            "warnings count as well.",
            Whole(0, 100),
            live=True,
        ),
    )
    warm_on_battery: bool = field(
        default=False,
        metadata=about("Also read ahead on battery.", Switch(), live=True),
    )
    warm_busy: int = field(
        default=75,
        metadata=about(
            "Read ahead only while other programs use at most this many percent of the processors.",
            Whole(0, 100),
            live=True,
        ),
    )
    keep_warm: bool = field(
        default=False,
        metadata=about(
            "Keep on disk what an engine that standby starts has read of up to four conversations, "
            "for a day and in at most 2 GiB, so that it is warm after a restart. Such a file is "
            "the conversation in another form.",
            Switch(),
        ),
    )
    warm_hot_c: int = field(
        default=85,
        metadata=about(
            "Up to how many degrees Celsius of the processor a local model is kept warm. 0: at any"
            " temperature. Where the system does not report it, it counts as cool.",
            Whole(0, 120),
            live=True,
        ),
    )
    servers: tuple[Server, ...] = field(
        default=(), metadata=about("Local servers that are named.", Tables(Server))
    )


_STANDS_IN: Final = Text("the id of a model")


@dataclass(frozen=True, slots=True)
class Tiers(Section):
    """Which local model stands in for which cloud tier; empty: the one that answers.

    A request belongs to the tier whose name is part of its model's name, as `claude-opus-5-5`
    belongs to `opus`. A model that `standby use` names takes precedence.
    """

    opus: str = field(default="", metadata=about("Stands in for Opus.", _STANDS_IN, live=True))
    sonnet: str = field(default="", metadata=about("Stands in for Sonnet.", _STANDS_IN, live=True))
    haiku: str = field(default="", metadata=about("Stands in for Haiku.", _STANDS_IN, live=True))
    fable: str = field(default="", metadata=about("Stands in for Fable.", _STANDS_IN, live=True))
