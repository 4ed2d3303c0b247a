"""A command that runs an event loop to its end."""

import asyncio
import threading

from standby.cli.gateway.serving import run_to_end


def test_the_end_waits_for_a_thread_that_ends_late(monkeypatch):
    pause, run = threading.Event(), threading.Thread.run

    def lingers(thread):
        run(thread)
        pause.wait(0.05)

    async def work():
        return await asyncio.to_thread(lambda: "done")

    monkeypatch.setattr(threading.Thread, "run", lingers)

    assert "done" == run_to_end(work())
