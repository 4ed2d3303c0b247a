"""The sections on who answers what: the mode, the borders of projects, and when to return."""

from dataclasses import dataclass, field
from typing import Final

from standby.core.settings.about import Section, Tables, about
from standby.core.settings.kinds import (
    AbsolutePath,
    Choice,
    Text,
)

__all__ = ["MODES", "PRIVACIES", "Policy", "Project"]

MODES: Final = ("auto", "spare", "cloud", "local")
"""How it is decided who answers; what each means stands in ``standby.core.policy.modes``."""

PRIVACIES: Final = ("local-only", "cloud-only", "ask")
"""Where a project's data may go; what each means stands in ``standby.core.policy.privacy``."""


@dataclass(frozen=True, slots=True)
class Project(Section):
    """Where the data of one project may go, one `[[policy.projects]]` for each."""

    privacy: str = field(
        metadata=about(
            "Where its data may go. `local-only`: a request is refused rather than sent to the "
            "cloud. `cloud-only`: no local model sees it. `ask`: neither does, until `standby use` "
            "with `--project` has said which may.",
            Choice(PRIVACIES),
        )
    )
    path: str = field(
        default="",
        metadata=about("The project's folder; all below it belongs to it.", AbsolutePath()),
    )
    remote: str = field(
        default="",
        metadata=about(
            "A git remote, or the beginning of one: `github.com/acme` is all that acme owns.",
            Text("host/owner/name"),
        ),
    )


@dataclass(frozen=True, slots=True)
class Policy(Section):
    """Who answers what."""

    mode: str = field(
        default="auto",
        metadata=about(
            "How it is decided who answers. `auto`: the cloud while it serves, then a local model. "
            "`spare`: the same, and what is of little value goes local early, so that the quota "
            "lasts. `cloud`, `local`: one side only. `standby use` changes it while the gateway "
            "runs.",
            Choice(MODES),
            live=True,
        ),
    )
    returns: str = field(
        default="turn",
        metadata=about(
            "When a conversation goes back to a cloud that serves again. `turn`: once the turn is "
            "over that a local model has begun. `at-once`: with its next request, which may be "
            "between a call of a tool and its result.",
            Choice(("turn", "at-once")),
            live=True,
        ),
    )
    handback_note: str = field(
        default="off",
        metadata=about(
            "What the cloud is told when a conversation comes back to it. `off`: nothing, its "
            "requests go out as they came. `brief`: a line behind what you say next, that the "
            "answers before it are by a local model, so that the cloud checks them.",
            Choice(("off", "brief")),
            live=True,
        ),
    )
    second_opinion: str = field(
        default="cloud",
        metadata=about(
            "Who goes on with a turn in which a local model goes round in circles: the same call "
            "again and again, the same error, nothing new. `cloud`: the cloud, if it has quota. "
            "`local`: another local model, where there is one. Either way the model is told of it, "
            "and so are you. `off`: nobody looks for it.",
            Choice(("cloud", "local", "off")),
            live=True,
        ),
    )
    projects: tuple[Project, ...] = field(
        default=(),
        metadata=about("Projects whose data may not go everywhere.", Tables(Project), live=True),
    )
