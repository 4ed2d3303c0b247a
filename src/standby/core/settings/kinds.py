"""The kinds of value a setting can have: what is allowed, and how one is read.

A kind never repeats a value that may be a secret in what it says is wrong.
"""

import re
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from standby.core.settings.faults import nearest

__all__ = [
    "HOUR_S",
    "AbsolutePath",
    "Choice",
    "Kind",
    "Name",
    "ProxyUrl",
    "Seconds",
    "Switch",
    "Text",
    "Url",
    "Value",
    "Variable",
    "Whole",
    "Wrong",
    "from_text",
]

HOUR_S: Final = 3600.0

Value: TypeAlias = str | int | float | bool

_WORDS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")
_LOOPBACK: Final = re.compile(
    r"localhost|127(\.(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}|\[::1\]", re.IGNORECASE
)
_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])"
    r"(?P<port>:[0-9]{1,5})?(?P<path>(/[a-z0-9._~%!$&'()*+,;=@:-]*)*)",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
# A cloud credential must not become the key of another server by a slip of the pen.
_CLOUD_CREDENTIAL: Final = re.compile(r"(ANTHROPIC|CLAUDE)_.*", re.IGNORECASE)
_ABSOLUTE: Final = re.compile(r"(/|~[/\\]|[A-Za-z]:[/\\]|\\\\).*")
_MAX_TEXT: Final = 1024
_MAX_PORT: Final = 65535
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that is not of its kind, and the allowed word that is near."""

    why: str
    nearest: str = ""


class Kind(Protocol):
    """What values a setting takes."""

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        ...

    def read(self, value: object) -> Value | Wrong:
        """Return the value in its final form, or what is wrong with it."""
        ...


def from_text(kind: Kind, text: str) -> Value:
    """Return what a word of the environment stands for; the word itself when that is not clear."""
    plain = text.strip()
    match kind:
        case Switch():
            return _WORDS.get(plain.lower(), text)
        case Whole() if _WHOLE.fullmatch(plain):
            return int(plain)
        case Seconds() if _NUMBER.fullmatch(plain):
            return float(plain)
        case _:
            return text


@dataclass(frozen=True, slots=True)
class Switch:
    """True or false."""

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        return "true, false"

    def read(self, value: object) -> Value | Wrong:
        """Return the value, or what is wrong with it."""
        return value if isinstance(value, bool) else Wrong(f"{_shown(value)} is not true or false")


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within limits."""

    least: int
    most: int

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        return f"a whole number from {self.least} to {self.most}"

    def read(self, value: object) -> Value | Wrong:
        """Return the value, or what is wrong with it."""
        match value:
            case bool():
                return Wrong(f"{_shown(value)} is not a whole number")
            case int() if self.least <= value <= self.most:
                return value
            case int():
                return Wrong(f"{_shown(value)} is out of range")
            case _:
                return Wrong(f"{_shown(value)} is not a whole number")


@dataclass(frozen=True, slots=True)
class Seconds:
    """A length of time in seconds, within limits."""

    least: float
    most: float

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        return f"seconds from {self.least:g} to {self.most:g}"

    def read(self, value: object) -> Value | Wrong:
        """Return the value as a float, or what is wrong with it."""
        match value:
            case bool():
                return Wrong(f"{_shown(value)} is not a number of seconds")
            case int() | float() if self.least <= value <= self.most:  # NaN is in no range
                return float(value)
            case int() | float():
                return Wrong(f"{_shown(value)} is out of range")
            case _:
                return Wrong(f"{_shown(value)} is not a number of seconds")


@dataclass(frozen=True, slots=True)
class Choice:
    """One word of a few."""

    words: tuple[str, ...]

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        return ", ".join(self.words)

    def read(self, value: object) -> Value | Wrong:
        """Return the word, or what is wrong with it."""
        if isinstance(value, str) and value in self.words:
            return value
        near = nearest(value, self.words) if isinstance(value, str) else ""
        return Wrong(f"{_shown(value)} is not allowed here", near)


@dataclass(frozen=True, slots=True)
class Text:
    """Text of one line; empty text means: not set."""

    what: str

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        return self.what

    def read(self, value: object) -> Value | Wrong:
        """Return the text, or what is wrong with it."""
        if not isinstance(value, str):
            return Wrong(f"{_shown(value)} is not text")
        if len(value) > _MAX_TEXT or not value.isprintable():
            return Wrong(f"{_shown(value)} is not one line of at most {_MAX_TEXT} letters")
        return value.strip()


@dataclass(frozen=True, slots=True)
class Name:
    """A short name in lower case."""

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        return "up to 32 lower-case letters, digits, '_' and '-'"

    def read(self, value: object) -> Value | Wrong:
        """Return the name, or what is wrong with it."""
        if isinstance(value, str) and _NAME.fullmatch(value):
            return value
        return Wrong(f"{_shown(value)} is not a name")


@dataclass(frozen=True, slots=True)
class Variable:
    """The name of an environment variable that holds a key; empty when there is none.

    A wrong one is not repeated: it may be the key itself.
    """

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        return "the name of an environment variable that holds the server's own key"

    def read(self, value: object) -> Value | Wrong:
        """Return the name, or what is wrong with it."""
        match value:
            case "":
                return ""
            case str() if _CLOUD_CREDENTIAL.fullmatch(value):
                return Wrong("a credential of the cloud is never given to another server")
            case str() if _VARIABLE.fullmatch(value):
                return value
            case _:
                return Wrong("this is not the name of an environment variable")


@dataclass(frozen=True, slots=True)
class AbsolutePath:
    """A file, by its whole path; empty when there is none. ``~/`` is the user's home.

    A relative path would depend on the folder that a command is started in.
    """

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        return "an absolute path"

    def read(self, value: object) -> Value | Wrong:
        """Return the path, or what is wrong with it."""
        if not isinstance(value, str):
            return Wrong(f"{_shown(value)} is not text")
        if not value or (
            _ABSOLUTE.fullmatch(value) and value.isprintable() and len(value) <= _MAX_TEXT
        ):
            return value
        return Wrong(f"{_shown(value)} is not an absolute path")


@dataclass(frozen=True, slots=True)
class Url:
    """Where a server is, without a slash at its end: on loopback, or by https wherever it is."""

    loopback_only: bool
    may_be_empty: bool = False

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        if self.loopback_only:
            return "http:// or https:// on loopback (127.0.0.1, [::1], localhost)"
        words = "https://, or http:// on loopback (127.0.0.1, [::1], localhost)"
        return f"{words}; or empty" if self.may_be_empty else words

    def read(self, value: object) -> Value | Wrong:
        """Return the URL with its scheme and host in lower case, or what is wrong with it."""
        if not isinstance(value, str) or len(value) > _MAX_TEXT:
            return Wrong("this is not a URL")
        if self.may_be_empty and not value:
            return value
        if "@" in value:  # not repeated: what stands before it may be a password
            return Wrong("a URL must not hold a name or a password")
        if (parts := _URL.fullmatch(value.strip())) is None:
            return Wrong(f"{_shown(value)} is not a plain http:// or https:// URL")
        scheme, host, path = parts["scheme"].lower(), parts["host"].lower(), parts["path"]
        port = parts["port"] or ""
        if port and not 0 < int(port[1:]) <= _MAX_PORT:
            return Wrong(f"{_shown(value)} has no valid port")
        if not _LOOPBACK.fullmatch(host):
            if self.loopback_only:
                return Wrong(f"{host!r} is another machine")
            if scheme == "http":
                return Wrong(f"http:// would send a credential in clear to {host!r}")
        return f"{scheme}://{host}{port}{path.rstrip('/')}"


@dataclass(frozen=True, slots=True)
class ProxyUrl:
    """A proxy, without a slash at its end; ``none``; or empty, for that of the environment."""

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        return "http://host:port, none, or empty for what HTTPS_PROXY and NO_PROXY say"

    def read(self, value: object) -> Value | Wrong:
        """Return the URL with its scheme and host in lower case, or what is wrong with it."""
        match value:
            case "" | "none":
                return value
            case str() if len(value) > _MAX_TEXT:
                return Wrong("this is not a URL")
            case str() if "@" in value:  # not repeated: what stands before it may be a password
                return Wrong("a name and a password belong into HTTPS_PROXY, not into the settings")
            case str() if parts := _URL.fullmatch(value.strip()):
                port = parts["port"] or ""
                if parts["scheme"].lower() != "http" or parts["path"].strip("/"):
                    return Wrong(f"{_shown(value)} is not http:// with a host and a port")
                if port and not 0 < int(port[1:]) <= _MAX_PORT:
                    return Wrong(f"{_shown(value)} has no valid port")
                return f"http://{parts['host'].lower()}{port}"
            case _:
                return Wrong(f"{_shown(value)} is not a proxy")


def _shown(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() if len(value) > _SHOWN:
            return f"{value[:_SHOWN]!r}…"
        case int() if not -(10**18) < value < 10**18:  # Python refuses to print the very longest
            return "a number so large"
        case str() | int() | float():
            return repr(value)
        case list() | tuple():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a value of that type"
