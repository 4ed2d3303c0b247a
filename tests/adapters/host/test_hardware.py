"""What tools say of graphics cards, as it is, bent, and not at all."""

import os
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.adapters.host.hardware import (
    amd_cards,
    ask_tool,
    intel_cards,
    nvidia_cards,
    read_hardware,
)
from standby.core.models.fit import Card

MIB = 1024 * 1024


def tools(**said):
    """Return what asks tools that say this, by the first word with ``_`` for ``-``."""

    def ask(command):
        found = said.get(command[0].replace("-", "_"), "")
        return found(command) if callable(found) else found

    return ask


def test_nvidias_cards_are_read_also_with_commas_in_their_names():
    said = "NVIDIA GeForce RTX 4090, 24564, 23000\nOdd, Name, 8192, 100\nnonsense\nX, [N/A], 1\n"

    assert [
        Card("NVIDIA GeForce RTX 4090", 24564 * MIB, 23000 * MIB),
        Card("Odd, Name", 8192 * MIB, 100 * MIB),
    ] == nvidia_cards(tools(nvidia_smi=said))


def test_amds_cards_are_read():
    said = (
        '{"card0": {"VRAM Total Memory (B)": "17163091968", "VRAM Total Used Memory (B)":'
        ' "1000000000", "Card Series": "RX 7800 XT"}, "system": {"Driver version": "6"}, "x": 3}'
    )

    assert [Card("RX 7800 XT", 17163091968, 16163091968)] == amd_cards(tools(rocm_smi=said))


def test_intels_cards_are_read():
    def said(command):
        if "-d" in command:
            return '{"device_name": "Arc A770", "memory_physical_size_byte": "16225243136"}'
        return '{"device_list": [{"device_id": 0}, {"odd": 1}]}'

    assert [Card("Arc A770", 16225243136, 16225243136)] == intel_cards(tools(xpu_smi=said))


@given(st.text(max_size=200))
def test_whatever_a_tool_says_is_no_error(text):
    for read in (nvidia_cards, amd_cards, intel_cards):
        read(lambda _command: text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    )
)
def test_whatever_json_a_tool_says_is_no_error(value):
    from standby.core.wire.json import dumps

    text = dumps({"card0": value, "device_list": [value], "memory_physical_size_byte": value})
    for read in (amd_cards, intel_cards):
        read(lambda _command: text.decode())


def test_the_machine_is_read_with_the_cards_of_the_first_maker(tmp_path):
    said = tools(
        nvidia_smi="RTX, 8192, 8000\n", rocm_smi='{"a": {"VRAM Total Memory (B)": 99999999999}}'
    )
    found = read_hardware(tmp_path / "not" / "made", said, "linux")

    assert (Card("RTX", 8192 * MIB, 8000 * MIB),) == found.cards
    assert found.ram_bytes >= found.ram_free_bytes > 0
    assert found.cores >= 1
    assert found.disk_free_bytes > 0
    assert not found.unified


def test_the_graphics_of_a_processor_are_no_card(tmp_path):
    small = '{"card0": {"VRAM Total Memory (B)": 536870912}}'

    assert () == read_hardware(tmp_path, tools(rocm_smi=small), "linux").cards


def test_apples_memory_is_shared(tmp_path, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    found = read_hardware(tmp_path, tools(sysctl="20480\n", nvidia_smi="RTX, 8192, 1\n"), "darwin")

    assert (True, 20480 * MIB, ()) == (found.unified, found.unified_limit_bytes, found.cards)


@pytest.mark.skipif(sys.platform == "win32", reason="writes a shell script")
def test_a_tool_that_is_not_there_or_fails_or_hangs_says_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary")
    for name, script in {
        "fails": "echo no; exit 3",
        "hangs": "exec sleep 30",
        "works": 'echo "said $1 $ANTHROPIC_API_KEY"',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o700)
    began = time.monotonic()

    assert ["", "", "", "said x "] == [
        ask_tool([name, "x"]).rstrip("\n") for name in ("absent", "fails", "hangs", "works")
    ]
    assert time.monotonic() - began < 15
