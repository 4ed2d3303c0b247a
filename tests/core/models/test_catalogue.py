"""The catalogue: what is written is read again, and what is odd is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standby.core.models.catalogue import (
    Catalogue,
    CatalogueError,
    Entry,
    Source,
    catalogue_json,
    is_safe_name,
    read_catalogue,
    source_of,
)
from standby.core.wire.json import dumps, loads

ENTRY = Entry(
    name="small-1b",
    title="Small 1B",
    family="small",
    repo="maker/Small-1B-GGUF",
    revision="a" * 40,
    file="Small-1B-Q4_K_M.gguf",
    quantisation="Q4_K_M",
    size_bytes=700_000_000,
    sha256="0" * 64,
    licence="apache-2.0",
    context_tokens=131072,
    kv_values_per_token=4096,
    active_billions=1.0,
    mixture=False,
    vision=False,
    tools="fair",
    quality=10,
    ollama="small:1b",
    note="",
    sources=("https://example.com",),
)
CATALOGUE = Catalogue("2026-11-21", (ENTRY, replace(ENTRY, name="other", sha256=None)))


def test_what_is_written_is_read_again():
    assert read_catalogue(loads(dumps(catalogue_json(CATALOGUE)))) == CATALOGUE


def test_a_model_is_found_by_its_name_in_any_case():
    assert ENTRY == CATALOGUE.named("Small-1B")
    assert CATALOGUE.named("nobody") is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "../evil"}, "its name"),
        ({"name": "Small"}, "its name"),
        ({"name": ""}, "its name"),
        ({"repo": "maker"}, "repository"),
        ({"repo": "maker/../other"}, "repository"),
        ({"repo": "maker/a..b"}, "repository"),
        ({"repo": "maker/small?x=1"}, "repository"),
        ({"file": "../x.gguf"}, "its file"),
        ({"file": "folder/x.gguf"}, "its file"),
        ({"file": "x.bin"}, "its file"),
        ({"file": "x.pkl"}, "its file"),
        ({"revision": "dev"}, "revision"),
        ({"sha256": "abc"}, "sha256"),
        ({"size_bytes": 0}, "not positive"),
        ({"licence": ""}, "no licence"),
        ({"sources": []}, "no licence or no sources"),
        ({"tools": "great"}, "lacks a field"),
        ({"quality": None}, "lacks a field"),
        ({"mixture": 1}, "lacks a field"),
    ],
)
def test_an_entry_that_is_odd_is_refused_in_words(change, why):
    written = catalogue_json(CATALOGUE)
    written["models"][0] |= change

    with pytest.raises(CatalogueError, match=why):
        read_catalogue(written)


@pytest.mark.parametrize("value", [None, [], {"dated": "today", "models": []}, {"models": []}])
def test_what_is_no_catalogue_is_refused(value):
    with pytest.raises(CatalogueError, match="a date"):
        read_catalogue(value)


def test_two_of_one_name_are_refused():
    with pytest.raises(CatalogueError, match="one name"):
        read_catalogue(catalogue_json(Catalogue("2026-11-21", (ENTRY, ENTRY))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("maker/repo/file.gguf", Source("maker/repo", "file.gguf", "main")),
        (f"maker/repo/file.gguf@{'b' * 40}", Source("maker/repo", "file.gguf", "b" * 40)),
        ("maker/repo/file.bin", None),
        ("maker/repo/file.gguf@dev", None),
        ("maker/repo", None),
        ("https://example.com/file.gguf", None),
        ("maker/repo/../file.gguf", None),
        ("../repo/file.gguf", None),
        ("maker/repo/..gguf", None),
    ],
)
def test_a_file_of_the_hub_is_named_in_one_way(text, expected):
    assert expected == source_of(text)


@given(st.text(max_size=40))
def test_a_safe_name_leads_nowhere_else(name):
    if is_safe_name(name):
        assert "/" not in name
        assert "\\" not in name
        assert ".." not in name
        assert not name.startswith((".", "-"))
        assert name.isascii()
        assert name.isprintable()


@given(st.text(max_size=60))
def test_reading_a_source_never_fails(text):
    assert source_of(text) is None or text.startswith(source_of(text).repo)
