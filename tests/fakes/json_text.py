"""JSON values, and texts that stand for them, as oddly spelled as JSON allows."""

from hypothesis import strategies as st

SPACES = st.text(" \t\r\n", max_size=2)
WORDS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ['"', "\\", "]},{[", 'a"b\\', "\\\\", "\\u0022", "😀", "messages", "content"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)

_SHORT = {"\n": "n", "\t": "t", "\r": "r", "\b": "b", "\f": "f", '"': '"', "\\": "\\", "/": "/"}


@st.composite
def texts(draw, value):
    """Draw a JSON text of a value, with odd spaces and escapes."""
    return "".join(_pieces(draw, value)).encode()


def _pieces(draw, value):
    yield draw(SPACES)
    match value:
        case dict():
            yield "{" + draw(SPACES)
            for at, (name, inner) in enumerate(value.items()):
                yield "," + draw(SPACES) if at else ""
                yield _string(draw, name) + draw(SPACES) + ":"
                yield from _pieces(draw, inner)
            yield "}"
        case list():
            yield "["
            for at, inner in enumerate(value):
                yield "," if at else ""
                yield from _pieces(draw, inner)
            yield draw(SPACES) + "]"
        case str():
            yield _string(draw, value)
        case bool() | None:
            yield {True: "true", False: "false", None: "null"}[value]
        case _:
            yield repr(value)
    yield draw(SPACES)


def _string(draw, text):
    odd = draw(st.sampled_from(["plain", "short", "long"]))
    return '"' + "".join(_character(odd, one) for one in text) + '"'


def _character(odd, one):
    if odd == "short" and one in _SHORT:
        return "\\" + _SHORT[one]
    # Every third character; none of those that our mark is made of, which no client escapes.
    if (odd == "long" and ord(one) % 3 == 0 and one != "~") or one in '"\\' or ord(one) < 0x20:
        units = one.encode("utf-16-be")
        return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
    return one
