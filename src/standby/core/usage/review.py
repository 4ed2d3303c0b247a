"""What local answers have changed in a conversation, and how to ask the cloud for a look at it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.usage.deeds import Deed
from standby.core.wire.json import JSON

__all__ = ["Changed", "Done", "Review", "prompt", "reviewed"]

_PROMPT: Final = """\
While the cloud's quota was spent, a local model stood in for you in this project{where}: it gave \
{answers} between {first} and {last}, and made calls that change files. Review its work as you \
would that of a new colleague, before anybody builds on it.

{files}
Read each of them as it is now, and what `git status` and `git diff` say of it where it is under \
git. A call may have been refused or have failed, and others may have changed the file since. Then \
say, the worst first: what is wrong, what is missing, what was changed and should not have been. \
Run the tests that concern it if there are any. Change nothing yourself before I say so.
"""


@dataclass(frozen=True, slots=True)
class Done:
    """A deed, and whose it was. ``at`` is seconds since the epoch."""

    at: float
    project: str
    model: str
    deed: Deed


@dataclass(frozen=True, slots=True)
class Changed:
    """A file, and how it was changed."""

    path: str
    tools: Mapping[str, int]
    """How often each tool was called for it."""
    last_at: float

    @property
    def words(self) -> str:
        """The calls in words."""
        return ", ".join(f"{tool} {count}" for tool, count in self.tools.items())


@dataclass(frozen=True, slots=True)
class Review:
    """What is to be reviewed of one conversation."""

    session: str
    project: str
    models: tuple[str, ...]
    answers: Mapping[str, int]
    """How many answers each side has given: ``local``, ``both``, ``cloud``."""
    first_at: float
    last_at: float
    files: tuple[Changed, ...]
    """In the order in which they were changed first."""
    commands: int
    """Commands of a shell that do not say what they change."""

    @property
    def local_answers(self) -> int:
        """How many answers a local model has given, or ended."""
        return self.answers.get("local", 0) + self.answers.get("both", 0)

    def near(self, path: str) -> str:
        """Return a path as seen from the project."""
        inside = f"{self.project.rstrip('/')}/"
        return path.removeprefix(inside) if self.project else path

    def as_json(self) -> dict[str, JSON]:
        """Return all of it as JSON."""
        return {
            "session": self.session,
            "project": self.project,
            "models": [*self.models],
            "answers": dict(self.answers),
            "first_at": self.first_at,
            "last_at": self.last_at,
            "files": [
                {"path": one.path, "calls": dict(one.tools), "last_at": one.last_at}
                for one in self.files
            ],
            "commands": self.commands,
        }


def reviewed(session: str, done: Iterable[Done], answers: Mapping[str, int]) -> Review | None:
    """Return what is to be reviewed, of deeds in order of time; ``None``: there are none."""
    deeds = [*done]
    if not deeds:
        return None
    files: dict[str, dict[str, int]] = {}
    last: dict[str, float] = {}
    for one in deeds:
        if path := one.deed.path:
            tools = files.setdefault(path, {})
            tools[one.deed.tool] = tools.get(one.deed.tool, 0) + 1
            last[path] = one.at
    return Review(
        session=session,
        project=next((one.project for one in deeds if one.project), ""),
        models=tuple(dict.fromkeys(one.model for one in deeds)),
        answers=answers,
        first_at=deeds[0].at,
        last_at=deeds[-1].at,
        files=tuple(Changed(path, tools, last[path]) for path, tools in files.items()),
        commands=sum(not one.deed.path for one in deeds),
    )


def prompt(review: Review, first: str, last: str) -> str:
    """Return what to ask the cloud. ``first`` and ``last`` are moments as a person says them."""
    listed = [f"* {review.near(one.path)} ({one.words})" for one in review.files]
    if review.commands:
        ran = _count(review.commands, "command")
        listed.append(f"* besides, {ran} that may have changed something, without saying what")
    return _PROMPT.format(
        where=f" ({review.project})" if review.project else "",
        answers=_count(review.local_answers, "answer"),
        first=first,
        last=last,
        files="\n".join(listed) + "\n",
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
