import asyncio
import hashlib
from dataclasses import replace

import pytest

from standby.adapters.host.models.catalogue_refresh import refresh
from standby.adapters.host.models.hub import Hub
from standby.core.models.catalogue import (
    Catalogue,
    CatalogueError,
    catalogue_json,
    read_catalogue,
)
from standby.core.wire.json import dumps, loads
from standby.ports import FetchError
from tests.core.models.test_catalogue import ENTRY
from tests.fakes.hub import COMMIT, REPO, hub

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

HERE = replace(ENTRY, name="here", repo=REPO, file="x.gguf", revision="main", sha256=None)
GONE = replace(ENTRY, name="gone", repo=REPO, file="gone.gguf")
DATA = b"bytes of a model"


async def written(path, *entries):
    text = dumps(catalogue_json(Catalogue("2020-01-01", entries)))
    await asyncio.to_thread(path.write_bytes, text)


async def test_facts_are_brought_up_to_date_and_judgements_stay(tmp_path):
    path = tmp_path / "catalogue.json"
    await written(path, HERE, GONE)
    async with hub({"x.gguf": DATA}, licence="mit") as fake:
        said = await refresh(path, Hub({"HF_ENDPOINT": fake.url}), "2026-11-22")

    found = read_catalogue(loads(await asyncio.to_thread(path.read_bytes)))
    expected = replace(
        HERE,
        revision=COMMIT,
        sha256=hashlib.sha256(DATA).hexdigest(),
        size_bytes=len(DATA),
        licence="mit",
    )
    assert Catalogue("2026-11-22", (expected, GONE)) == found
    assert any(line.startswith("here: sha256 None ->") for line in said)
    assert ["gone: kept as it was: maker/Small-GGUF no longer has gone.gguf"] == said[-1:]


async def test_without_a_hub_nothing_is_written(tmp_path):
    path = tmp_path / "catalogue.json"
    await written(path, HERE)
    before = await asyncio.to_thread(path.read_bytes)
    async with hub({}) as fake:
        gone = fake.url
    with pytest.raises(FetchError, match="cannot be reached"):
        await refresh(path, Hub({"HF_ENDPOINT": gone}), "2026-11-22")

    assert before == await asyncio.to_thread(path.read_bytes)


async def test_what_the_hub_says_that_no_catalogue_may_hold_is_not_written(tmp_path):
    path = tmp_path / "catalogue.json"
    await written(path, HERE)
    before = await asyncio.to_thread(path.read_bytes)
    async with hub({"x.gguf": b""}) as fake:
        with pytest.raises(CatalogueError, match="here: a size is not positive"):
            await refresh(path, Hub({"HF_ENDPOINT": fake.url}), "2026-11-22")

    assert before == await asyncio.to_thread(path.read_bytes)
