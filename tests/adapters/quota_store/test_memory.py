import pytest

from standby.adapters.quota_store.memory import MemoryStore

pytestmark = pytest.mark.anyio


async def test_two_stores_share_nothing():
    await MemoryStore().save({"version": 1})

    assert {} == await MemoryStore().load()
