"""Nothing that others send makes a reader fail in a way that it has not declared."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import SEEDS, TARGETS


@st.composite
def spoiled(draw, seeds):
    """Sound bytes with a few places changed, left out, doubled, or filled with noise."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 40)))
        match draw(st.integers(0, 3)):
            case 0:
                data[at:end] = draw(st.binary(max_size=8))
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end]
            case _:
                data[at:at] = draw(
                    st.sampled_from((b"\xff", b'"', b"\\u", b"{", b"]", b"\r", b"1e999", b"null"))
                )
    return bytes(data)


def test_every_reader_has_something_to_begin_with():
    assert set(TARGETS) == set(SEEDS)


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_sound_is_read(name):
    for seed in SEEDS[name]:
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.timeout(60)
def test_what_is_spoiled_is_read_or_refused(name):
    @settings(
        max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(spoiled(SEEDS[name]) | st.binary(max_size=200))
    def tried(data):
        TARGETS[name](data)

    tried()
