"""Small models that guess for a large one: which may, and that llama.cpp guesses with them."""

import asyncio
import json
import os
import shutil
from contextlib import aclosing
from dataclasses import replace

import pytest

from standby.adapters.engines import embedded, on_path
from standby.adapters.engines.drafting import drafter_of, drafters_of, with_drafter
from standby.adapters.engines.embedded import ModelFile
from standby.adapters.engines.tuner import AsComputed
from standby.adapters.net import http_client
from standby.core.models.fit import GB, Hardware
from standby.core.models.tuning import Drafts, Tuning
from tests.fakes.gguf_files import ARRAY, SOUND, TEXT, gguf
from tests.models.llama_server import EFFECT, put_on_path
from tests.models.tiny_gguf import SAY, tiny_model

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

HUNGRY = 64 * GB


def other_words():
    keys = [key for key in SOUND if key[0] != "tokenizer.ggml.tokens"]
    return (*keys, ("tokenizer.ggml.tokens", ARRAY, (TEXT, ["a", "bc", "d"])))


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a large model, three small ones, and what is none."""
    for name, data in {
        "large": gguf(data=20_000),
        "small": gguf(data=700),
        "smaller": gguf(),
        "other": gguf(other_words()),
        "broken": b"GGUF",
    }.items():
        (tmp_path / f"{name}.gguf").write_bytes(data)
    return tmp_path


def files(folder):
    return sorted(folder.glob("*.gguf"))


def test_much_smaller_models_with_the_same_tokens_may_guess_the_smallest_first(folder):
    large = folder / "large.gguf"

    assert ["smaller", "small"] == drafters_of(large, files(folder), 1_000, HUNGRY)
    assert [] == drafters_of(folder / "small.gguf", files(folder), 1_000, HUNGRY)


def test_of_two_files_with_one_name_the_first_is_meant(folder):
    other = folder / "other"
    other.mkdir()
    (other / "small.gguf").write_bytes(gguf(data=720))
    both = [other / "small.gguf", folder / "small.gguf"]

    assert ["small"] == drafters_of(folder / "large.gguf", both, 1_000, HUNGRY)
    assert other / "small.gguf" == drafter_of(folder / "large.gguf", "small", both)


def test_only_where_there_is_memory_for_both(folder):
    assert [] == drafters_of(folder / "large.gguf", files(folder), 1_000, 2 * GB)


def test_a_file_that_is_another_one_now_guesses_no_more(folder):
    large = folder / "large.gguf"
    assert folder / "small.gguf" == drafter_of(large, "small", files(folder))

    (folder / "small.gguf").write_bytes(gguf(other_words()))

    assert drafter_of(large, "small", files(folder)) is None


def test_where_the_small_model_is_gone_the_large_one_does_without_and_says_so(folder):
    wanted = Tuning(2, drafter="small", measured="drafts by small")
    large = folder / "large.gguf"
    assert (wanted, folder / "small.gguf") == with_drafter(wanted, large, lambda: files(folder))

    (folder / "small.gguf").unlink()
    without, file = with_drafter(wanted, large, lambda: files(folder))

    assert file is None
    assert ("", "drafts by small (but small is no longer there)") == (
        *(without.guessing, without.measured),
    )


def test_nobody_looks_at_files_where_no_small_model_is_wanted(folder):
    def never():
        raise AssertionError

    wanted = Tuning(2, drafts=Drafts.MOD)
    assert (wanted, None) == with_drafter(wanted, folder / "large.gguf", never)


# -- with the real engine -----------------------------------------------------------------------


class ByModel(AsComputed):
    """Has a small model guess."""

    def tuned(self, _model, _version, computed):
        return replace(computed, drafter="guesses", measured="drafts by guesses")


async def pair(folder):
    """Return a model, and beside it the same one that calls itself much smaller."""
    tiny = await asyncio.to_thread(tiny_model)
    small, large = folder / "guesses.gguf", folder / "large.gguf"
    shutil.copyfile(tiny, small)
    shutil.copyfile(tiny, large)
    os.truncate(large, 6 * tiny.stat().st_size)
    return large, lambda: [small, large]


async def asked(engine):
    """Have it say its sentence; return all that it sent, and the model as it was served."""
    (offered,) = await engine.models()
    served = await engine.start(offered)
    body = {"messages": [{"role": "user", "content": "Hi"}], "stream": False}
    async with aclosing(engine.chat(served, {**body, "timings_per_token": True})) as answer:
        return json.loads(b"".join([data async for data in answer])), served


async def test_the_embedded_engine_guesses_with_it(tmp_path):
    large, around = await pair(tmp_path)
    async with http_client() as client:
        engine = embedded.engine(
            *(client, lambda: ModelFile(large)), context=2048, tuner=ByModel(), files=around
        )
        try:
            said, served = await asked(engine)
        finally:
            await engine.stop()

    assert SAY == said["choices"][0]["message"]["content"]
    assert said["timings"]["draft_n"] == said["timings"]["draft_n_accepted"] > 0
    assert "drafts by guesses" in served.settings


@pytest.mark.skipif(os.name == "nt", reason="a script stands for llama-server")
async def test_llama_cpp_on_path_guesses_with_it(tmp_path):
    large, around = await pair(tmp_path)
    put_on_path(tmp_path)
    async with http_client() as client:
        engine = on_path.engine(
            *(client, large),
            context=2048,
            path=str(tmp_path),
            hardware=lambda: Hardware(16 * GB, 9 * GB, 8),
            tuner=ByModel(),
            files=around,
        )
        try:
            said, _ = await asked(engine)
        finally:
            await engine.stop()

    assert 1 in json.loads((tmp_path / EFFECT).read_text())["drafts"]
    assert SAY == said["choices"][0]["message"]["content"]
    assert said["timings"]["draft_n_accepted"] > 0
