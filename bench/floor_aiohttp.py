"""A relay that does nothing but relay, with aiohttp on both sides: what the library itself costs.

Started with the port of the upstream; prints its own.
"""

import asyncio
import socket
import sys

import uvloop
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from yarl import URL

READ_BYTES = 256 * 1024


async def serve(upstream: str) -> None:
    client = ClientSession(
        connector=TCPConnector(limit=0),
        auto_decompress=False,
        read_bufsize=READ_BYTES,
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None),
        skip_auto_headers=("User-Agent", "Accept-Encoding", "Accept", "Content-Type"),
    )

    async def pass_on(request: web.BaseRequest) -> web.StreamResponse:
        body = b"".join([part async for part in request.content.iter_any()])
        headers = {
            key: value
            for key, value in request.headers.items()
            if key.lower() not in ("host", "content-length")
        }
        url = URL(upstream + request.raw_path, encoded=True)
        async with client.request(request.method, url, data=body, headers=headers) as answer:
            kept = {k: v for k, v in answer.headers.items() if k.lower() != "transfer-encoding"}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            async for data in answer.content.iter_any():
                await response.write(data)
            await response.write_eof()
            return response

    runner = web.ServerRunner(web.Server(pass_on, access_log=None, read_bufsize=READ_BYTES))
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listening).start()
    print(listening.getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(f"http://127.0.0.1:{sys.argv[1]}"))
