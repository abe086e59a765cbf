"""The p99 of tills beside greedy clients, against their p99 without them in the same run.

Twenty tills, each with a key of its own and a connection that it keeps, buy twice a second between them and 1,500
connections that take all they get (`greedy_clients.py`): once with four keys, once from one address without a key. The
machine needs a core for the server: where other work takes it, the greedy clients seem to be what slows the tills down.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import fetch
from bench.prepared_database import (
    PreparedDatabase,
    issue_till_keys,
    postgres_server,
    prepared_postgres,
    prepared_sqlite,
)
from bench.server_process import TROTH_SERVE, free_port, serving
from bench.workload import purchase_requests

MAX_RATIO = 5.0
"""The most that the p99 of a till beside greedy clients may be, as a multiple of its p99 without them."""

GREEDY_ADDRESS = "127.0.0.9"


@dataclass(frozen=True)
class Sizes:
    """The sizes of a run. A till buys so many times in a round, with `pause` seconds before each purchase on average."""

    rounds: int
    greedy: int
    places: int
    """Open connections that the server has places for."""
    tills: int = 20
    purchases: int = 15
    pause: float = 0.5
    settling_time: float = 2.0
    """Seconds until all greedy clients are connected."""
    customers: int = 20


FULL = Sizes(rounds=3, greedy=1_500, places=1_000)
SMALLEST = Sizes(rounds=1, greedy=20, places=15, tills=4, purchases=2, pause=0.1, settling_time=0.5, customers=4)


@dataclass
class Tills:
    """Tills that keep their connections; `ended` counts those that the server ended."""

    port: int
    tokens: list[str]
    sizes: Sizes
    ended: int = 0
    _connections: dict[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=dict)

    async def buy(self) -> list[float]:
        """Let each till buy; returns the seconds of every purchase. Raises RuntimeError when one is not recorded."""
        durations: list[float] = []
        await asyncio.gather(*(self._buy(token, durations) for token in self.tokens))
        return durations

    async def _buy(self, token: str, durations: list[float]) -> None:
        for request in purchase_requests(token, self.sizes.purchases, customers=self.sizes.customers):
            await asyncio.sleep(random.uniform(0.0, 2 * self.sizes.pause))
            began = time.perf_counter()
            head, body = await self._send(token, request)
            durations.append(time.perf_counter() - began)
            if b'"GRANTED"' not in body:
                raise RuntimeError(f"the server answered {head!r} {body[:600]!r}")

    async def _send(self, token: str, request: bytes) -> tuple[bytes, bytes]:
        while True:
            try:
                if token not in self._connections:
                    self._connections[token] = await asyncio.open_connection("127.0.0.1", self.port)
                return await fetch(*self._connections[token], request)
            except (OSError, asyncio.IncompleteReadError):
                self.ended += 1
                self._connections.pop(token)[1].close()

    def close(self) -> None:
        """Close the connections."""
        for _, writer in self._connections.values():
            writer.close()


@dataclass
class Greedy:
    """The answers that greedy clients got, by status, and the median seconds until an answer; empty until the clients end."""

    statuses: dict[str, int] = field(default_factory=dict)
    wait: float = 0.0


@contextmanager
def greedy_clients(port: int, connections: int, tokens: list[str]) -> Iterator[Greedy]:
    """Greedy clients until the block ends."""
    arguments = [str(port), str(connections), GREEDY_ADDRESS, *tokens]
    command = [sys.executable, "-m", "bench.greedy_clients", *arguments]
    greedy = Greedy()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield greedy
        finally:
            output, _ = process.communicate()
        answers = json.loads(output)
        greedy.statuses, greedy.wait = answers["statuses"], answers["wait"]


@dataclass(frozen=True)
class Round:
    """Seconds of each purchase without greedy clients and beside them, and the answers that the greedy clients got."""

    usual: list[float]
    beside: list[float]
    greedy: Greedy

    @property
    def ratio(self) -> float:
        """The p99 beside greedy clients as a multiple of the p99 without them."""
        return p99(self.beside) / p99(self.usual)


def p99(seconds: list[float]) -> float:
    """The 99th percentile: the most that all but one in a hundred take."""
    return sorted(seconds)[max(0, len(seconds) * 99 // 100 - 1)]


async def measure(prepared: PreparedDatabase, sizes: Sizes, *, keys: int) -> list[Round]:
    """Measure the rounds beside greedy clients with so many keys, without a key if 0. No connection of a till may be ended."""
    port = free_port()
    async with prepared.copy() as url:
        tokens = await issue_till_keys(url, prepared.program.program.id, sizes.tills + keys)
        settings = {"TROTH_MAX_CONNECTIONS": str(sizes.places)}
        with serving(TROTH_SERVE, port=port, database_url=url, settings=settings):
            tills = Tills(port, tokens[: sizes.tills], sizes)
            await tills.buy()  # warms the server up
            rounds = []
            for _ in range(sizes.rounds):
                usual = await tills.buy()
                with greedy_clients(port, sizes.greedy, tokens[sizes.tills :]) as greedy:
                    await asyncio.sleep(sizes.settling_time)
                    beside = await tills.buy()
                rounds.append(Round(usual, beside, greedy))
            tills.close()
            if tills.ended:
                raise RuntimeError(f"{tills.ended} connections of tills were ended")
    return rounds


def report(name: str, rounds: list[Round]) -> bool:
    """Print the medians of the rounds beside the target. Is it met?"""
    ratio = statistics.median(each.ratio for each in rounds)
    usual = statistics.median(p99(each.usual) for each in rounds) * 1e3
    beside = statistics.median(p99(each.beside) for each in rounds) * 1e3
    greedy = rounds[-1].greedy
    answers = ", ".join(f"{number:,} x {status}" for status, number in sorted(greedy.statuses.items()))
    print(f"greedy {name}: {answers}; their median wait {greedy.wait * 1e3:,.0f} ms")
    print(f"  p99 of a till {beside:,.0f} ms, usually {usual:,.0f} ms")
    met = ratio <= MAX_RATIO
    print(
        f"  p99 of a till beside greedy clients, x usual {ratio:6.2f}   at most {MAX_RATIO:g}   {'kept' if met else 'MISSED'}"
    )
    return met


async def measure_databases(folder: Path, sizes: Sizes, *, only: str | None) -> bool:
    """Measure and report both kinds of greedy clients on the chosen databases. Are the targets met?"""
    met = []
    if only != "postgres":
        async with prepared_sqlite(folder, customers=sizes.customers) as prepared:
            met += await measure_both_kinds("SQLite", prepared, sizes)
    if only != "sqlite":
        with postgres_server(folder, None) as server_url:
            async with prepared_postgres(server_url, folder, customers=sizes.customers) as prepared:
                met += await measure_both_kinds("PostgreSQL", prepared, sizes)
    return all(met)


async def measure_both_kinds(database: str, prepared: PreparedDatabase, sizes: Sizes) -> list[bool]:
    """Measure and report greedy clients with four keys and from one address. Is each target met?"""
    print(database)
    return [
        report(name, await measure(prepared, sizes, keys=keys))
        for name, keys in (("with four keys", 4), ("from one address", 0))
    ]


def main() -> None:
    """Measure, print, and exit with 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    parser.add_argument("--trial", action="store_true", help="the smallest run; targets are not judged")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="troth-bench-"))
    try:
        met = asyncio.run(measure_databases(folder, SMALLEST if options.trial else FULL, only=options.only))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not met and not options.trial:
        sys.exit("A target was missed.")


if __name__ == "__main__":
    main()
