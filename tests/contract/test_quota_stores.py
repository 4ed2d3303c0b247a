"""What every quota store must do."""

import pytest

from standby.adapters.quota_store.file import FileStore
from tests.fakes.memory_store import MemoryStore

pytestmark = pytest.mark.anyio

STATE = {"version": 1, "accounts": {"a1": {"quotas": [{"until": 1.5, "scope": "*"}]}}}


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path):
    return {"memory": MemoryStore, "file": lambda: FileStore(tmp_path / "state" / "quota.json")}[
        request.param
    ]()


async def test_nothing_was_saved_at_first(store):
    assert {} == await store.load()


async def test_what_was_saved_last_comes_back(store):
    await store.save({"version": 1, "accounts": {}})
    await store.save(STATE)

    assert STATE == await store.load()


async def test_what_is_loaded_is_a_copy(store):
    await store.save(STATE)
    dict(await store.load()).clear()

    assert STATE == await store.load()
