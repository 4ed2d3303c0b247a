"""A cloud that writes the time into each word: what it says shows how long it was under way.

A word in the request, ``tick-EVENTS-GAP_US``, says how many events to send, and how far apart; 0 is
as fast as the connection takes them. The first comes with the opening of the answer. Run as a
program, it prints its port.
"""

import asyncio
import itertools
import re
import time

import uvloop
from aiohttp import web

TICK = re.compile(rb"tick-(\d+)-(\d+)")
OPENING = (
    b"event: message_start\n"
    b'data: {"type":"message_start","message":{"id":"msg_%024d",'
    b'"type":"message","role":"assistant","model":"claude-sonnet-5-5","content":[],"stop_reason":null,'
    b'"stop_sequence":null,"usage":{"input_tokens":25000,"cache_creation_input_tokens":0,'
    b'"cache_read_input_tokens":0,"output_tokens":1}}    }\n\n'
    b"event: content_block_start\n"
    b'data: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}  }\n\n'
    b'event: ping\ndata: {"type": "ping"}\n\n'
)
DELTA = (
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta",'
    b'"text":"<%d> a few words of an answer"}       }\n\n'
)
CLOSING = (
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0 }\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
    b'"stop_sequence":null},"usage":{"output_tokens":1000}   }\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"      }\n\n'
)
HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "anthropic-ratelimit-unified-status": "allowed",
    "anthropic-ratelimit-unified-5h-status": "allowed",
    "anthropic-ratelimit-unified-5h-utilization": "0.25",
}


NUMBERS = itertools.count(1)


async def answer(request: web.Request) -> web.StreamResponse:
    body = await request.read()
    events, gap_us = map(int, TICK.search(body, max(0, body.rfind(b"tick-"))).groups())
    number = next(NUMBERS)
    response = web.StreamResponse(headers={**HEADERS, "request-id": f"req_{number:024}"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(OPENING % number)
    await tick(response, events, gap_us / 1e6)
    await response.write(CLOSING)
    await response.write_eof()
    return response


async def tick(response: web.StreamResponse, events: int, gap_s: float) -> None:
    began = time.monotonic()
    for number in range(events):
        if gap_s:
            await asyncio.sleep(max(0.0, began + gap_s * number - time.monotonic()))
        await response.write(DELTA % time.monotonic_ns())


async def serve() -> None:
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/messages", answer)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=600)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve())
