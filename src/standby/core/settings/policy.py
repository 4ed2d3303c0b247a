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
            "cloud. `cloud-only`: no local model sees it. `ask`: neither does, until `standby use "
            "--project` has said which one may.",
            Choice(PRIVACIES),
        )
    )
    path: str = field(
        default="",
        metadata=about("The project's folder, with everything below it.", AbsolutePath()),
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
            "Who answers. `auto`: the cloud while it serves, then a local model. `spare`: the "
            "same, but work of little value goes local early, so that the quota lasts. `cloud`, "
            "`local`: one side only. `standby use` changes it while the gateway runs.",
            Choice(MODES),
            live=True,
        ),
    )
    returns: str = field(
        default="turn",
        metadata=about(
            "When a conversation returns to a cloud that serves again. `turn`: after the turn "
            "that a local model has begun. `at-once`: with its next request, which may be between "
            "a tool call and its result.",
            Choice(("turn", "at-once")),
            live=True,
        ),
    )
    handback_note: str = field(
        default="off",
        metadata=about(
            "What the cloud is told when a conversation returns to it. `off`: nothing; its "
            "requests go out as they came. `brief`: a line after what you say next, which tells "
            "the cloud to check the local model's answers before it.",
            Choice(("off", "brief")),
            live=True,
        ),
    )
    second_opinion: str = field(
        default="cloud",
        metadata=about(
            "Who continues a turn in which a local model goes round in circles: the same call "
            "again and again, the same error, nothing new. `cloud`: the cloud, if it has quota. "
            "`local`: another local model, if there is one. Either way the model is told, and so "
            "are you. `off`: nobody looks for circles.",
            Choice(("cloud", "local", "off")),
            live=True,
        ),
    )
    projects: tuple[Project, ...] = field(
        default=(),
        metadata=about("Projects whose data may not go everywhere.", Tables(Project), live=True),
    )
