"""The settings as one value. What each one means stands beside it, and the reference is made of it.

Durations are seconds. A section is immutable; a reload replaces the whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from standby.core.settings.kinds import (
    AbsolutePath,
    Choice,
    Kind,
    Name,
    ProxyUrl,
    Seconds,
    Switch,
    Text,
    Url,
    Variable,
    Whole,
)

__all__ = [
    "ABOUT",
    "MODES",
    "OWN_ENGINES",
    "PRIVACIES",
    "SERVER_KINDS",
    "About",
    "Client",
    "Cloud",
    "Gateway",
    "Ledger",
    "Local",
    "Log",
    "Policy",
    "Project",
    "Section",
    "Server",
    "Settings",
    "Tables",
    "Telemetry",
]

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

MODES: Final = ("auto", "spare", "cloud", "local")
"""How it is decided who answers; what each means stands in ``standby.core.policy.modes``."""

PRIVACIES: Final = ("local-only", "cloud-only", "ask")
"""Where a project's data may go; what each means stands in ``standby.core.policy.privacy``."""

OWN_ENGINES: Final = ("on_path", "embedded")
"""The engines that are started rather than found, likewise."""

ABOUT: Final = "about"
_HOUR_S: Final = 3600.0
_DAY_S: Final = 24 * _HOUR_S


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the settings."""


@dataclass(frozen=True, slots=True)
class Tables:
    """A list of tables of one form, written ``[[like.this]]``."""

    of: type[Section]


@dataclass(frozen=True, slots=True)
class About:
    """What a setting means, and which values it takes."""

    words: str
    kind: Kind | Tables


def _about(words: str, kind: Kind | Tables) -> Mapping[str, About]:
    return {ABOUT: About(words, kind)}


@dataclass(frozen=True, slots=True)
class Gateway(Section):
    """Where clients find the gateway."""

    host: str = field(
        default="127.0.0.1",
        metadata=_about(
            "The address to listen on. Only loopback: nobody but this machine can connect.",
            Choice(("127.0.0.1", "::1", "localhost")),
        ),
    )
    port: int = field(
        default=8484,
        metadata=_about("The port to listen on; 0 takes any free one.", Whole(0, 65535)),
    )
    notify: str = field(
        default="off",
        metadata=_about(
            "Tell of 80 % and 95 % of a window, of a switch and of a local engine that is down: on "
            "the desktop, or with the bell of the terminal of `standby serve`.",
            Choice(("off", "desktop", "bell")),
        ),
    )


@dataclass(frozen=True, slots=True)
class Cloud(Section):
    """The Messages API that answers while the quota lasts."""

    url: str = field(
        default="https://api.anthropic.com",
        metadata=_about(
            "Where requests go, and the only place a client's credential is ever sent to.",
            Url(loopback_only=False),
        ),
    )
    overage: str = field(
        default="use",
        metadata=_about(
            "What to do when the plan's quota is spent and paid overage begins: use it, or treat "
            "the quota as exhausted and answer locally.",
            Choice(("use", "exhausted")),
        ),
    )
    burst_wait_s: float = field(
        default=5.0,
        metadata=_about(
            "How long a request may wait for a short limit to pass before it is answered locally.",
            Seconds(0, 60),
        ),
    )
    first_byte_s: float = field(
        default=60.0,
        metadata=_about(
            "How long the cloud may take for the head of its answer before it counts as down.",
            Seconds(0.1, _HOUR_S),
        ),
    )
    idle_s: float = field(
        default=120.0,
        metadata=_about(
            "How long the cloud may be silent between two reads before an answer counts as broken.",
            Seconds(0.1, _HOUR_S),
        ),
    )
    probe_every_s: float = field(
        default=1800.0,
        metadata=_about(
            "While the quota is exhausted: how often a request of the client is tried on the "
            "cloud, to see whether the quota came back early.",
            Seconds(1, _DAY_S),
        ),
    )
    probe_often_s: float = field(
        default=300.0,
        metadata=_about(
            "The same where the cloud gave no time of reset, or may well serve before it.",
            Seconds(1, _DAY_S),
        ),
    )
    reset_jitter_s: float = field(
        default=5.0,
        metadata=_about(
            "After the reset the cloud is tried again within so many seconds, at a random moment.",
            Seconds(0, 600),
        ),
    )
    ca_file: str = field(
        default="",
        metadata=_about(
            "A file of certificate authorities to trust besides the system's, for a proxy that "
            "inspects TLS. Verification cannot be turned off.",
            AbsolutePath(),
        ),
    )
    proxy: str = field(
        default="",
        metadata=_about(
            "The proxy on the way to the cloud. It opens a tunnel and learns nothing but the "
            "host. What is on this machine, every local engine, is never reached through one.",
            ProxyUrl(),
        ),
    )


@dataclass(frozen=True, slots=True)
class Server(Section):
    """A local server that is named rather than found, one ``[[local.servers]]`` for each."""

    name: str = field(
        metadata=_about("What it is called in `status`, in `engine` and in model names.", Name())
    )
    kind: str = field(metadata=_about("Which program it is.", Choice(SERVER_KINDS)))
    url: str = field(metadata=_about("Where it listens.", Url(loopback_only=True)))
    key_env: str = field(
        default="",
        metadata=_about(
            "The environment variable that holds the server's own key, where it wants one.",
            Variable(),
        ),
    )
    model: str = field(
        default="",
        metadata=_about(
            "The model to use there; empty: one that is loaded.", Text("the id of a model")
        ),
    )


@dataclass(frozen=True, slots=True)
class Local(Section):
    """Who answers when the cloud does not."""

    engine: str = field(
        default="auto",
        metadata=_about(
            "Which engine answers: `auto`, a kind of server, the name of one of `local.servers`, "
            "`on_path` (a llama.cpp server of this machine) or `embedded`.",
            Name(),
        ),
    )
    model: str = field(
        default="",
        metadata=_about(
            "Which model answers; empty: one that is loaded.", Text("the id of a model")
        ),
    )
    discover: bool = field(
        default=True,
        metadata=_about("Look for servers on the usual ports of this machine.", Switch()),
    )
    embedded: bool = field(
        default=True,
        metadata=_about("Start the engine that comes with standby when no server runs.", Switch()),
    )
    fetch: bool = field(
        default=True,
        metadata=_about(
            "Fetch the rehearsal model (93 MB) when this machine has no model at all.", Switch()
        ),
    )
    model_path: str = field(
        default="",
        metadata=_about("A GGUF file for the engine that comes with standby.", AbsolutePath()),
    )
    context: int = field(
        default=0,
        metadata=_about(
            "The window, in tokens, to start the embedded engine with; 0: chosen by the model and "
            "the memory of this machine.",
            Whole(0, 16_777_216),
        ),
    )
    manage: bool = field(
        default=False,
        metadata=_about(
            "Load the model that answers with a window that suits Claude Code also where a server "
            "that you started holds another model. Off: only where it holds none.",
            Switch(),
        ),
    )
    sleep_after_s: int = field(
        default=900,
        metadata=_about(
            "After how many seconds without a request the embedded engine gives the model's memory "
            "back; the next request has it load again. 0: never.",
            Whole(0, 604_800),
        ),
    )
    stop_after_s: int = field(
        default=7200,
        metadata=_about(
            "After how many seconds without a request an engine that standby started is ended; the "
            "next request starts it again. 0: never.",
            Whole(0, 604_800),
        ),
    )
    notice: bool = field(
        default=True,
        metadata=_about(
            "Begin the first local answer with a short thinking block that says who answers, why "
            "and until when. It is taken out when the conversation returns to the cloud.",
            Switch(),
        ),
    )
    first_byte_s: float = field(
        default=1800.0,
        metadata=_about(
            "How long a local engine may read the prompt before its first word.",
            Seconds(0.1, 6 * _HOUR_S),
        ),
    )
    idle_s: float = field(
        default=120.0,
        metadata=_about(
            "How long a local engine may be silent within an answer before it counts as broken.",
            Seconds(0.1, _HOUR_S),
        ),
    )
    continues: bool = field(
        default=True,
        metadata=_about(
            "Let a local model go on with a streamed answer that broke off after plain text, from "
            "where it stopped and in the same message. Off: such an answer ends in an error, and "
            "the client asks again.",
            Switch(),
        ),
    )
    slots: int = field(
        default=0,
        metadata=_about(
            "How many requests a local engine gets at once; 0: as many as its server says that it "
            "works on, and one where it does not say.",
            Whole(0, 64),
        ),
    )
    wait_s: float = field(
        default=1800.0,
        metadata=_about(
            "How long a request may wait for its turn at a local engine that is busy.",
            Seconds(0.1, 6 * _HOUR_S),
        ),
    )
    keep_alive_s: float = field(
        default=15.0,
        metadata=_about(
            "How often a client that waits for a local answer gets a sign of life.",
            Seconds(0.1, 240),
        ),
    )
    warm: str = field(
        default="auto",
        metadata=_about(
            "When the local engine reads the live conversations ahead, so that a switch costs no "
            "wait: `auto`, when the quota nears its end or the cloud shows trouble; `always`; "
            "`off`, only on `standby warm`.",
            Choice(("auto", "always", "off")),
        ),
    )
    warm_at: int = field(
        default=80,
        metadata=_about(
            "From how many percent of a quota window on its end is near. The cloud's own warnings "
            "count as well.",
            Whole(0, 100),
        ),
    )
    warm_on_battery: bool = field(
        default=False,
        metadata=_about("Read ahead while this machine runs on its battery, too.", Switch()),
    )
    warm_busy: int = field(
        default=75,
        metadata=_about(
            "Read ahead while other programs use no more than so many percent of the processors.",
            Whole(0, 100),
        ),
    )
    servers: tuple[Server, ...] = field(
        default=(), metadata=_about("Local servers that are named.", Tables(Server))
    )


@dataclass(frozen=True, slots=True)
class Project(Section):
    """Where the data of one project may go, one `[[policy.projects]]` for each."""

    privacy: str = field(
        metadata=_about(
            "Where its data may go. `local-only`: a request is refused rather than sent to the "
            "cloud. `cloud-only`: no local model sees it. `ask`: neither does, until `standby use` "
            "with `--project` has said which may.",
            Choice(PRIVACIES),
        )
    )
    path: str = field(
        default="",
        metadata=_about("The project's folder; all below it belongs to it.", AbsolutePath()),
    )
    remote: str = field(
        default="",
        metadata=_about(
            "A git remote, or the beginning of one: `github.com/acme` is all that acme owns.",
            Text("host/owner/name"),
        ),
    )


@dataclass(frozen=True, slots=True)
class Policy(Section):
    """Who answers what."""

    mode: str = field(
        default="auto",
        metadata=_about(
            "How it is decided who answers. `auto`: the cloud while it serves, then a local model. "
            "`spare`: the same, and what is of little value goes local early, so that the quota "
            "lasts. `cloud`, `local`: one side only. `standby use` changes it while the gateway "
            "runs.",
            Choice(MODES),
        ),
    )
    returns: str = field(
        default="turn",
        metadata=_about(
            "When a conversation goes back to a cloud that serves again. `turn`: once the turn is "
            "over that a local model has begun. `at-once`: with its next request, which may be "
            "between a call of a tool and its result.",
            Choice(("turn", "at-once")),
        ),
    )
    projects: tuple[Project, ...] = field(
        default=(), metadata=_about("Projects whose data may not go everywhere.", Tables(Project))
    )


@dataclass(frozen=True, slots=True)
class Ledger(Section):
    """What is written down of each request: never a prompt, an answer or a credential."""

    enabled: bool = field(default=True, metadata=_about("Keep the ledger.", Switch()))
    keep_days: int = field(
        default=90,
        metadata=_about("How many days a row is kept.", Whole(1, 36_500)),
    )


@dataclass(frozen=True, slots=True)
class Client(Section):
    """What `standby claude` adds to Claude Code, for its run. No file is changed."""

    plugin: bool = field(
        default=True,
        metadata=_about(
            "Add the plugin: the command `/standby`, and tools for the model. Never in print mode "
            "or with `--bare`.",
            Switch(),
        ),
    )
    status_line: bool = field(
        default=True,
        metadata=_about("Show the status line, where the user has none of their own.", Switch()),
    )


@dataclass(frozen=True, slots=True)
class Log(Section):
    """What the gateway says of itself."""

    level: str = field(
        default="info",
        metadata=_about(
            "The least important lines that are written.",
            Choice(("debug", "info", "warning", "error")),
        ),
    )


@dataclass(frozen=True, slots=True)
class Telemetry(Section):
    """Where figures of each request are sent. Nowhere, unless it is said here."""

    otlp_endpoint: str = field(
        default="",
        metadata=_about(
            "An OpenTelemetry collector that gets traces and metrics, without `/v1/traces` at its "
            "end: names of models, counts and times, never a text. Empty: nothing is sent. Needs "
            "the extra `otel`.",
            Url(loopback_only=False, may_be_empty=True),
        ),
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, as one value."""

    gateway: Gateway = Gateway()
    cloud: Cloud = Cloud()
    local: Local = Local()
    policy: Policy = Policy()
    ledger: Ledger = Ledger()
    client: Client = Client()
    log: Log = Log()
    telemetry: Telemetry = Telemetry()
