"""From the hub onto the shelf, with the real library, the real disk, and a hub that fails."""

import asyncio
import hashlib
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from standby.adapters.host.models.files import ModelFiles
from standby.adapters.host.models.hub import Hub
from standby.app.models import Intake, Models, Plan, Wanted
from standby.core.models.catalogue import Source
from standby.ports import FetchError
from tests.core.models.test_catalogue import ENTRY
from tests.fakes.clock import SetClock
from tests.fakes.gguf_files import TEXT, U32, changed, gguf
from tests.fakes.hub import COMMIT, REPO, Faults, hub

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

NAME = "small.gguf"
DATA = gguf(data=300_000)
OTHER = gguf(changed(tokenizer_chat_template=(TEXT, "{{ other }}")), data=300_000)
WANTED = Wanted("small", Source(REPO, NAME))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def catalogued(data, **changes):
    entry = replace(
        ENTRY,
        repo=REPO,
        file=NAME,
        revision=COMMIT,
        sha256=sha256(data),
        size_bytes=len(data),
        **changes,
    )
    return Wanted(entry.name, entry.source, entry)


@asynccontextmanager
async def at_hub(data=DATA, faults=None, **more):
    async with hub({NAME: data}, faults, **more) as fake:
        yield fake, Hub({"HF_ENDPOINT": fake.url})


@pytest.fixture
def shelf(tmp_path):
    return ModelFiles(tmp_path / "models")


@pytest.fixture
def models(shelf):
    return Models(shelf, SetClock())


def left(shelf):
    """Return all files but the record and its lock."""
    found = (path for path in shelf.folder.rglob("*") if path.is_file())
    return sorted(path.name for path in found if path.name not in {".lock", "models.json"})


aside = asyncio.to_thread


def served(shelf):
    return shelf.served().read_bytes()


async def pulled(models, client, wanted=WANTED):
    plan = await models.plan(client, wanted)
    assert isinstance(plan, Plan)
    return await models.pull(client, plan)


async def test_a_model_is_planned_fetched_checked_and_kept(models, shelf):
    told = []
    async with at_hub() as (_, client):
        models = replace(models, told=told.append)
        plan = await models.plan(client, WANTED)
        assert isinstance(plan, Plan)
        assert [] == left(shelf)
        intake = await models.pull(client, plan)

    assert (len(DATA), 0, "apache-2.0", False, sha256(DATA)) == (
        plan.size_bytes,
        plan.there_bytes,
        plan.licence,
        plan.pinned,
        plan.sha256,
    )
    now = intake.installed.current
    assert f"{REPO}/{NAME}@{COMMIT}" == now.origin == plan.origin
    assert ("apache-2.0", "Q4_K_M", 262144) == (now.licence, now.quantisation, now.context_tokens)
    assert DATA == await aside(served, shelf)
    assert ["small.gguf"] == left(shelf)
    assert {"fetching", "checking"} == {at.step for at in told}
    assert () == intake.remarks


async def test_what_is_there_is_not_fetched_again(models):
    async with at_hub() as (fake, client):
        await pulled(models, client)
        again = await models.plan(client, WANTED)

    assert isinstance(again, Intake)
    assert again.already
    assert 1 == len(fake.gets)


async def test_a_hash_of_the_catalogue_is_what_the_hub_must_have(models, shelf):
    async with at_hub() as (fake, client):
        wanted = catalogued(DATA)
        plan = await models.plan(client, wanted)
        assert isinstance(plan, Plan)
        assert plan.pinned
        with pytest.raises(FetchError, match=r"another small\.gguf than the catalogue names"):
            await models.plan(client, catalogued(OTHER))

    assert [] == fake.gets
    assert [] == left(shelf)


async def test_what_is_not_what_was_announced_is_thrown_away(models, shelf):
    wrong = DATA[:-1] + b"x"
    async with at_hub(faults=Faults(wrong=wrong)) as (_, client):
        with pytest.raises(FetchError, match=r"not what was announced.*thrown away"):
            await pulled(models, client)

    assert [] == left(shelf)
    assert await aside(shelf.named, "small") is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"MZ" + DATA, "is not a GGUF file, so it was thrown away"),
        (DATA[:-300_000], "bytes short of its tensor"),
        (gguf(key_count=2**60), "which no model has"),
        (gguf((*changed(), ("split.count", U32, 3))), "split into 3 files"),
        (gguf(changed(general_architecture=(TEXT, "clip"))), r"whole model \(clip\)"),
        (gguf((*changed(), ("general.type", TEXT, "adapter"))), r"whole model \(adapter\)"),
        (gguf((), ()), r"whole model \(empty\)"),
    ],
    ids=["a program", "cut", "hostile", "a part", "a projector", "an adapter", "nothing"],
)
async def test_a_file_that_no_engine_should_open_is_thrown_away(models, shelf, data, why):
    async with at_hub(data) as (_, client):
        with pytest.raises(FetchError, match=why):
            await pulled(models, client)

    assert [] == left(shelf)


async def test_a_fetch_that_was_broken_off_is_gone_on_with_by_the_next(models, shelf):
    data = gguf(data=3_000_000)
    async with at_hub(data, Faults(cut_after=[1_500_000], get_statuses=[0, 500])) as (fake, client):
        with pytest.raises(FetchError, match="could not be fetched"):
            await pulled(models, client)
        plan = await models.plan(client, WANTED)
        assert isinstance(plan, Plan)
        assert 1024 * 1024 == plan.there_bytes
        await models.pull(client, plan)

    assert ["", "bytes=1048576-", "bytes=1048576-"] == fake.gets
    assert data == await aside(served, shelf)


async def test_a_full_disk_is_noticed_before(models, shelf, monkeypatch):
    monkeypatch.setattr(ModelFiles, "room_bytes", lambda _self: 1_000_000)
    async with at_hub() as (fake, client):
        with pytest.raises(FetchError, match=r"needs 1\.0 GB of disk, and 1 MB are free"):
            await models.plan(client, WANTED)

    assert [] == fake.gets


async def test_an_update_replaces_only_what_passed_and_tells_of_a_new_template(models, shelf):
    async with at_hub() as (fake, client):
        await pulled(models, client)
        fake.files[NAME], fake.commit = OTHER, "d" * 40
        fake.faults.wrong = b"rubbish" + OTHER[7:]
        with pytest.raises(FetchError, match="thrown away"):
            await pulled(models, client)
        assert sha256(DATA) == (await aside(shelf.named, "small")).current.sha256

        fake.faults.wrong = b""
        intake = await pulled(models, client)

    assert sha256(OTHER) == (await aside(shelf.named, "small")).current.sha256
    assert sha256(DATA) == (await aside(shelf.named, "small")).previous.sha256
    assert ["its chat template is another"] == [words[:28] for words in intake.remarks]
    await aside(shelf.rollback, "small")
    assert DATA == await aside(served, shelf)


async def test_a_licence_that_nobody_names_is_empty_in_the_plan_and_the_files_own_later(models):
    async with at_hub(licence=None) as (_, client):
        plan = await models.plan(client, WANTED)
        assert isinstance(plan, Plan)
        intake = await models.pull(client, plan)

    assert "" == plan.licence
    assert "apache-2.0" == intake.installed.current.licence


async def test_a_persons_file_passes_the_same_checks(models, shelf, tmp_path):
    own = tmp_path / "own.gguf"
    own.write_bytes(DATA)
    intake = await models.add(own, "own")

    assert ("file", sha256(DATA)) == (
        intake.installed.current.origin,
        intake.installed.current.sha256,
    )
    assert (await models.add(own, "own")).already
    with pytest.raises(FetchError, match="not what was announced"):
        await models.add(own, "other", sha256="0" * 64)
    own.write_bytes(b"MZ")
    with pytest.raises(FetchError, match=r"own\.gguf is not a GGUF file"):
        await models.add(own, "third")
    with pytest.raises(FetchError, match="is not a name"):
        await models.add(own, "../third")
    assert ["own.gguf"] == left(shelf)


async def test_a_model_without_a_template_is_told(models, tmp_path):
    own = tmp_path / "own.gguf"
    own.write_bytes(gguf(changed(tokenizer_chat_template=None)))

    assert ["it brings no chat template"] == [
        words[:26] for words in (await models.add(own, "own")).remarks
    ]


async def test_a_file_that_changed_is_found(models, shelf, tmp_path):
    own = tmp_path / "own.gguf"
    own.write_bytes(DATA)
    installed = (await models.add(own, "own")).installed
    assert not await models.verify(installed)

    path = await aside(shelf.served)
    path.write_bytes(OTHER)
    assert "has changed" in await models.verify(installed)
    path.write_bytes(OTHER[:-300_000])
    assert "bytes short" in await models.verify(installed)
    path.unlink()
    assert "cannot be read" in await models.verify(installed)
