"""Greedy clients in a process of their own: connections that send as much as they can, or only occupy a connection.

    python -m bench.greedy_clients PORT CONNECTIONS FROM [TOKEN ...]

They connect from the loopback address `FROM`; each uses one of the tokens, or none. Of twenty connections one sends nothing,
one half a head, one requests whose answers it does not read, and the others requests without a pause. Whoever is turned
away comes back at once. They end when standard input does, or after `LONGEST` seconds, and print as JSON how many answers
came with each status and the median seconds until an answer.
"""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.load import fetch, graphql_request

LONGEST = 300.0
"""Seconds after which the clients end in any case."""

QUERY = "{ program { id } rewards { nodes { id reward { name } } } }"
LARGE_QUERY = "{ __schema { types { name description fields { name description type { name } } } } }"


@dataclass
class Greed:
    """The server and the address of the clients; the statuses of their answers, and the seconds that they waited for each."""

    port: int
    source: str
    statuses: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)

    async def ask_without_pause(self, token: str | None) -> None:
        """Send requests one after the other."""
        request = _request(QUERY, token=token)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(self.source, 0))
        try:
            while True:
                began = time.perf_counter()
                head, _ = await fetch(reader, writer, request)
                self.waits.append(time.perf_counter() - began)
                self.statuses[head[9:12].decode()] += 1
        finally:
            writer.close()

    async def send(self, data: bytes) -> None:
        """Send `data` and read no answer, until the connection ends."""
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            sock.bind((self.source, 0))
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
            _, writer = await asyncio.open_connection(sock=sock, limit=1)
            try:
                writer.write(data)
                await writer.wait_closed()
            finally:
                writer.close()

    async def be_greedy(self, number: int, token: str | None) -> None:
        """Connect, and connect again whenever the connection ends."""
        slow = _request(LARGE_QUERY, token=token) * 5
        stalled_requests = {0: b"", 1: slow[:20], 2: slow}
        while True:
            try:
                if number % 20 in stalled_requests:
                    await self.send(stalled_requests[number % 20])
                else:
                    await self.ask_without_pause(token)
            except (OSError, asyncio.IncompleteReadError):
                self.statuses["ended"] += 1
                await asyncio.sleep(0.001)


def _request(query: str, *, token: str | None) -> bytes:
    request = graphql_request(token=token or "", query=query, variables=None)
    return request if token is not None else request.replace(b"Authorization: Bearer \r\n", b"")


async def run(greed: Greed, connections: int, tokens: list[str]) -> None:
    """Run the clients until standard input ends."""
    tasks = [
        asyncio.create_task(greed.be_greedy(number, tokens[number % len(tokens)] if tokens else None))
        for number in range(connections)
    ]
    reading = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait([reading], timeout=LONGEST)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    """Run the clients, and print the answers that they got."""
    port, connections, source, *tokens = sys.argv[1:]
    files = int(connections) + 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, max(files, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    greed = Greed(int(port), source)
    asyncio.run(run(greed, int(connections), tokens))
    print(json.dumps({"statuses": greed.statuses, "wait": statistics.median(greed.waits or [0.0])}))


if __name__ == "__main__":
    main()
