"""A relay that moves bytes and knows of HTTP no more than where a request ends: Python's own floor.

It takes a request whole, as the gateway and nginx do, and has no errors, no deadlines and no second
client on a connection. Started with the port of the upstream; prints its own.
"""

import asyncio
import re
import sys

import uvloop

LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class Upstream(asyncio.Protocol):
    """Hands every byte to the client."""

    def __init__(self, client: asyncio.Transport) -> None:
        self._client = client

    def data_received(self, data: bytes) -> None:
        self._client.write(data)


class Client(asyncio.Protocol):
    """Hands every whole request to an upstream connection of its own."""

    def __init__(self, upstream_port: int) -> None:
        self._port = upstream_port
        self._parts: list[bytes] = []
        self._missing = -1

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._upstream = asyncio.get_running_loop().create_task(self._connect(transport))

    async def _connect(self, client: asyncio.Transport) -> asyncio.Transport:
        loop = asyncio.get_running_loop()
        line, _ = await loop.create_connection(lambda: Upstream(client), "127.0.0.1", self._port)
        return line

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            head, _, body = data.partition(b"\r\n\r\n")  # a head comes in one read here
            self._missing = int(LENGTH.search(head)[1]) - len(body)
        else:
            self._missing -= len(data)
        self._parts.append(data)
        if not self._missing:
            whole, self._parts, self._missing = self._parts, [], -1
            if self._upstream.done():
                self._upstream.result().writelines(whole)
            else:
                self._upstream.add_done_callback(lambda line: line.result().writelines(whole))


async def serve(upstream_port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Client(upstream_port), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
