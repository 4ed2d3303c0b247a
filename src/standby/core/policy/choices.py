"""What a person has chosen while the gateway runs: for all, for a project, or for one session."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from standby.core.policy.modes import Mode
from standby.core.policy.names import chosen, is_local_name
from standby.core.wire.json import JSON

__all__ = [
    "LONGEST_S",
    "NONE",
    "SETTINGS",
    "Choice",
    "binding",
    "from_json",
    "lasting",
    "put",
    "to_json",
    "wanted",
]

MOST: Final = 64
LONGEST_S: Final = 30 * 86_400.0
"""The longest that a choice can be made for; without an end it lasts until the next one."""
SETTINGS: Final = "settings"
"""The word that ends a choice: what the settings say counts again."""
_MOST_LETTERS: Final = 1024


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice. The narrowest one that holds for a request counts: session, project, all."""

    mode: Mode | None = None
    """``None``: nothing was chosen, the settings say."""
    model: str = ""
    """A local model to use, by any of its names; with the mode ``local``."""
    until: float | None = None
    """When it ends by itself, in seconds since the epoch; ``None``: never."""
    session: str = ""
    project: str = ""

    @property
    def narrowness(self) -> int:
        """How special it is."""
        return 2 if self.session else 1 if self.project else 0

    @property
    def words(self) -> str:
        """What it says, in words."""
        what = self.model or (self.mode.value if self.mode else "as the settings say")
        if self.session:
            return f"{what} for session {self.session}"
        return f"{what} for {self.project}" if self.project else what

    def holds(self, session: str, project: str, now: float) -> bool:
        """Whether it counts for a request."""
        if self.until is not None and now >= self.until:
            return False
        if self.session and self.session != session.partition("/")[0]:
            return False
        return not self.project or project == self.project or project.startswith(f"{self.project}/")


NONE: Final = Choice()


def wanted(fields: Mapping[str, str], now: float) -> Choice | str:
    """Return the choice that a person asks for, or what is wrong with it, in words.

    ``what`` is a mode, a local model or :data:`SETTINGS`; ``for_s`` how long it lasts, in seconds;
    ``session`` and ``project`` for which requests it counts.
    """
    what = fields.get("what", "").strip()
    session, project = fields.get("session", ""), fields.get("project", "").rstrip("/")
    if session and project:
        return "a choice is for a session or for a project, not for both"
    until = None
    if length := fields.get("for_s", ""):
        if not length.isdecimal() or not 0 < int(length[:9]) <= LONGEST_S:
            return f"it can last from 1 s to {LONGEST_S / 86_400:.0f} days"
        until = now + int(length)
    if not what or len(what) > _MOST_LETTERS or not (what + session + project).isprintable():
        return f"name a mode, a local model, or {SETTINGS!r} for what the settings say"
    if what == SETTINGS:
        return Choice(None, "", until, session, project)
    if what in {mode.value for mode in Mode}:
        return Choice(Mode(what), "", until, session, project)
    model = what.lower()
    if model.startswith("claude-") and not is_local_name(model):
        return f"{what!r} is a model of the cloud: choose it in the client, with `/model`"
    return Choice(Mode.LOCAL, chosen(model) or what, until, session, project)


def binding(choices: Iterable[Choice], session: str, project: str, now: float) -> Choice:
    """Return the choice that counts for a request; :data:`NONE` where none does."""
    holding = [choice for choice in choices if choice.holds(session, project, now)]
    return max(holding, key=lambda one: (one.narrowness, len(one.project)), default=NONE)


def put(choices: Iterable[Choice], new: Choice, now: float) -> tuple[Choice, ...]:
    """Return the choices with a new one in the place of that for the same requests."""
    same = (new.session, new.project)
    kept = [one for one in lasting(choices, now) if (one.session, one.project) != same]
    return (*kept, *((new,) if new.mode is not None else ()))[-MOST:]


def lasting(choices: Iterable[Choice], now: float) -> tuple[Choice, ...]:
    """Return those that have not ended."""
    return tuple(one for one in choices if one.until is None or now < one.until)


def to_json(choices: Iterable[Choice]) -> dict[str, JSON]:
    """Return them as they are saved."""
    kept: list[JSON] = [
        {
            "mode": one.mode.value,
            "model": one.model,
            "until": one.until,
            "session": one.session,
            "project": one.project,
        }
        for one in choices
        if one.mode is not None
    ]
    return {"version": 1, "choices": kept}


def from_json(saved: Mapping[str, JSON], now: float) -> tuple[Choice, ...]:
    """Return what was saved; what cannot be understood or has ended is left out."""
    match saved:
        case {"version": 1, "choices": list(kept)}:
            found = tuple(one for each in kept[:MOST] if (one := _choice(each)) is not None)
            return lasting(found, now)
        case _:
            return ()


def _choice(value: JSON) -> Choice | None:
    match value:
        case {
            "mode": str(mode),
            "model": str(model),
            "until": (float() | int() | None) as until,
            "session": str(session),
            "project": str(project),
        } if mode in {each.value for each in Mode}:
            texts = (model[:_MOST_LETTERS], session[:_MOST_LETTERS], project[:_MOST_LETTERS])
            return Choice(Mode(mode), texts[0], until, texts[1], texts[2])
        case _:
            return None
