"""Whoever watches is woken when something happens."""

import asyncio

import pytest

from standby.app.news import News

pytestmark = pytest.mark.anyio


async def test_all_who_wait_are_woken():
    news = News()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(news.wait(news.count, 60))
        await asyncio.sleep(0)
        news.tell()


async def test_what_happens_while_somebody_looks_is_not_missed():
    news = News()
    seen = news.count
    news.tell()
    async with asyncio.timeout(5):
        await news.wait(seen, 60)


async def test_who_has_seen_it_is_not_woken_by_it_again():
    news = News()
    news.tell()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await news.wait(news.count, 60)


async def test_nobody_waits_for_ever():
    news = News()
    async with asyncio.timeout(5):
        await news.wait(news.count, 0.01)
