"""The settings as one value. What each one means stands beside it, and the reference is made of it.

Durations are seconds. A section is immutable; a reload replaces the whole. The sections on local
models and on the policy have files of their own.
"""

from dataclasses import dataclass, field
from typing import Final

from standby.core.settings.about import Section, about
from standby.core.settings.kinds import (
    HOUR_S,
    AbsolutePath,
    Choice,
    ProxyUrl,
    Seconds,
    Switch,
    Url,
    Whole,
)
from standby.core.settings.local import Local, Tiers
from standby.core.settings.policy import Policy

__all__ = ["Client", "Cloud", "Gateway", "Ledger", "Log", "Settings", "Telemetry"]


_DAY_S: Final = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class Gateway(Section):
    """Where clients find the gateway."""

    host: str = field(
        default="127.0.0.1",
        metadata=about(
            "The address to listen on. Only loopback: nobody but this machine can connect.",
            Choice(("127.0.0.1", "::1", "localhost")),
        ),
    )
    port: int = field(
        default=8484,
        metadata=about("The port to listen on; 0 picks a free one.", Whole(0, 65535)),
    )
    notify: str = field(
        default="off",
        metadata=about(
            "Notify you at 80 % and 95 % of a window, of a switch, and when a local engine is "
            "down: on the desktop, or with the terminal bell of `standby serve`.",
            Choice(("off", "desktop", "bell")),
            live=True,
        ),
    )


@dataclass(frozen=True, slots=True)
class Cloud(Section):
    """The Messages API that answers while the quota lasts."""

    url: str = field(
        default="https://api.anthropic.com",
        metadata=about(
            "Where requests go, and the only place where a client's credential is ever sent.",
            Url(loopback_only=False),
        ),
    )
    overage: str = field(
        default="use",
        metadata=about(
            "What to do when the plan's quota is spent and paid overage begins: use it, or treat "
            "the quota as exhausted and answer locally.",
            Choice(("use", "exhausted")),
            live=True,
        ),
    )
    burst_wait_s: float = field(
        default=5.0,
        metadata=about(
            "How long a request may wait for a short limit to pass before it is answered locally.",
            Seconds(0, 60),
            live=True,
        ),
    )
    first_byte_s: float = field(
        default=60.0,
        metadata=about(
            "How long the cloud may take for the head of its answer before it counts as down.",
            Seconds(0.1, HOUR_S),
            live=True,
        ),
    )
    idle_s: float = field(
        default=120.0,
        metadata=about(
            "How long the cloud may be silent between two reads before an answer counts as broken.",
            Seconds(0.1, HOUR_S),
            live=True,
        ),
    )
    probe_every_s: float = field(
        default=1800.0,
        metadata=about(
            "How often, while the quota is exhausted, a client's request is tried on the cloud, to "
            "see whether the quota came back early.",
            Seconds(1, _DAY_S),
            live=True,
        ),
    )
    probe_often_s: float = field(
        default=300.0,
        metadata=about(
            "The same, if the cloud gave no reset time or may well serve before it.",
            Seconds(1, _DAY_S),
            live=True,
        ),
    )
    reset_jitter_s: float = field(
        default=5.0,
        metadata=about(
            "After the reset, the cloud is tried again at a random moment within this time.",
            Seconds(0, 600),
            live=True,
        ),
    )
    ca_file: str = field(
        default="",
        metadata=about(
            "A file of certificate authorities to trust besides the system's, for a proxy that "
            "inspects TLS. Verification cannot be turned off.",
            AbsolutePath(),
        ),
    )
    proxy: str = field(
        default="",
        metadata=about(
            "The proxy on the way to the cloud. It opens a tunnel and learns only the host. Local "
            "engines are never reached through a proxy.",
            ProxyUrl(),
        ),
    )


@dataclass(frozen=True, slots=True)
class Ledger(Section):
    """What is written down of each request: never a prompt, an answer or a credential."""

    enabled: bool = field(default=True, metadata=about("Keep the ledger.", Switch()))
    keep_days: int = field(
        default=90,
        metadata=about("How many days a row is kept.", Whole(1, 36_500), live=True),
    )
    files: bool = field(
        default=True,
        metadata=about(
            "Record which files a local model changes: the tool and the path of each such call, "
            "and nothing of a file's content. `standby review` shows them.",
            Switch(),
        ),
    )


@dataclass(frozen=True, slots=True)
class Client(Section):
    """What `standby claude` adds to Claude Code for one run. No file is changed."""

    plugin: bool = field(
        default=True,
        metadata=about(
            "Add the plugin: the command `/standby`, and tools for the model. Never in print mode "
            "or with `--bare`.",
            Switch(),
            live=True,
        ),
    )
    status_line: bool = field(
        default=True,
        metadata=about(
            "Show the status line, unless you have one of your own.", Switch(), live=True
        ),
    )


@dataclass(frozen=True, slots=True)
class Log(Section):
    """The gateway's own log."""

    level: str = field(
        default="info",
        metadata=about(
            "The least important lines to write.",
            Choice(("debug", "info", "warning", "error")),
            live=True,
        ),
    )


@dataclass(frozen=True, slots=True)
class Telemetry(Section):
    """Where figures about each request are sent. Nowhere, unless you say so here."""

    otlp_endpoint: str = field(
        default="",
        metadata=about(
            "The URL of an OpenTelemetry collector, without `/v1/traces`. It gets traces and "
            "metrics: model names, counts and times, never any text. Empty: nothing is sent. "
            "Needs the extra `otel`.",
            Url(loopback_only=False, may_be_empty=True),
        ),
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, as one value."""

    gateway: Gateway = Gateway()
    cloud: Cloud = Cloud()
    local: Local = Local()
    tiers: Tiers = Tiers()
    policy: Policy = Policy()
    ledger: Ledger = Ledger()
    client: Client = Client()
    log: Log = Log()
    telemetry: Telemetry = Telemetry()
