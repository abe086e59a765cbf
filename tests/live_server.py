"""A real server for tests: uvicorn on a free port of the loopback address."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from tests.time_limits import HANGS


class StoppableServer(uvicorn.Server):
    """A uvicorn server that stops as soon as `stop` is called: its own pauses of 0.1 s add up over thousands of tests."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts the application, then accepts connections."""
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        """Serves until `stop`; the `Date` header changes each second."""
        while not self._stopping.is_set():
            await self.on_tick(0)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), timeout=1)

    def stop(self) -> None:
        """Stops the server. May be called from another thread, once it has started."""
        self._loop.call_soon_threadsafe(self._stopping.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes idle connections, waits for what is under way, then ends the application."""
        for listening in [*self.servers, *(sockets or [])]:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.002)
        await self.lifespan.shutdown()


@contextmanager
def serving(app: ASGIApp, *, http: str | type[asyncio.Protocol] = "auto") -> Iterator[str]:
    """Serves the application in a thread; yields its address such as http://127.0.0.1:40123."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        port = listening.getsockname()[1]
        server = StoppableServer(
            uvicorn.Config(
                app,
                http=http,
                log_config=None,
                log_level="critical",
                access_log=False,
                lifespan="auto",
                proxy_headers=False,
            )
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + HANGS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the server did not start")
            time.sleep(0.002)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.stop()
            thread.join(timeout=HANGS)
            assert not thread.is_alive()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
