"""Speed over HTTP and GraphQL, measured beside a raw loop of the same SQL in the same run.

R0 is a raw loop of the SQL of `recordPurchase` alone with a durable commit for each purchase; R1 is the same with a
commit for every 32. Rounds are interleaved and medians printed. Trust the ratios, not the absolute figures.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pickle
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.access import Role
from app.store.database.connect import open_database
from bench.load import TICKS_PER_SECOND, Measurement, send
from bench.prepared_database import (
    PreparedDatabase,
    application_on,
    postgres_server,
    prepared_postgres,
    prepared_sqlite,
)
from bench.raw_sql_floor import raw_floor
from bench.server_process import TROTH_SERVE, free_port, serving
from bench.statement_recorder import Statement, StatementRecorder
from bench.workload import (
    card_requests,
    execute_purchase,
    look_up_card,
    purchase_command,
    purchase_requests,
    redemption_requests,
)

CLIENTS = 32
GROUP = 32
CLOCK_TICK = 1 / TICKS_PER_SECOND
"""Seconds: the least CPU that can be measured. A trial may take less."""

WRITES_PER_R0 = {"SQLite": 0.4, "PostgreSQL": 0.3}
"""The least rate of purchases and redemptions, as a part of the rate of R0."""


@dataclass(frozen=True)
class Sizes:
    """The sizes of a run: rounds, requests of each kind in a round, and customers who send them."""

    rounds: int
    requests: int
    customers: int


SMALLEST = Sizes(rounds=1, requests=20, customers=10)


@dataclass(frozen=True)
class RecordedStatements:
    """The recorded statements of purchases, one list for each purchase, and those of one card look-up."""

    purchases: list[list[Statement]]
    look_up: list[Statement]


@dataclass(frozen=True)
class Round:
    """The measurements of one round; `statements` is their number in a purchase."""

    statements: int
    r0: Measurement
    r1: Measurement
    purchases: Measurement
    redemptions: Measurement
    single_redemptions: Measurement
    cards: Measurement
    bare: Measurement

    @property
    def single_p50(self) -> float:
        """Median seconds of a redemption when nothing else runs."""
        return statistics.median(self.single_redemptions.durations)

    @property
    def single_p99(self) -> float:
        """99th percentile of the seconds of a redemption when nothing else runs."""
        return statistics.quantiles(self.single_redemptions.durations, n=100)[98]


async def record(prepared: PreparedDatabase, sizes: Sizes) -> RecordedStatements:
    """Record the statements of a round's purchases and of one card look-up."""
    program = prepared.program.program
    async with prepared.copy() as url:
        recorder = StatementRecorder(open_database(url))
        await recorder.start()
        application = application_on(recorder)
        for number in range(sizes.requests):
            command = purchase_command(number % sizes.customers, receipt=f"floor-{number}")
            await execute_purchase(application, program, command)
        purchases = list(recorder.operations)
        recorder.operations.clear()
        await look_up_card(application, program, 0)
        await recorder.stop()
    look_up = [statement for operation in recorder.operations for statement in operation]
    return RecordedStatements(purchases, look_up)


async def measure(prepared: PreparedDatabase, sizes: Sizes) -> list[Round]:
    """Measure the rounds on one database."""
    recorded = await record(prepared, sizes)
    file = prepared.folder / "look-up.pickle"
    file.write_bytes(pickle.dumps(recorded.look_up))
    return [await _measure_round(prepared, recorded, file, sizes) for _ in range(sizes.rounds)]


async def _measure_round(
    prepared: PreparedDatabase, recorded: RecordedStatements, look_up: Path, sizes: Sizes
) -> Round:
    token, customers, count = prepared.program.token(Role.TILL), sizes.customers, sizes.requests
    granted_text, card_text = b'"GRANTED"', b'"available"'
    async with prepared.copy() as url:
        r0 = await raw_floor(url, recorded.purchases, group=1)
    async with prepared.copy() as url:
        r1 = await raw_floor(url, recorded.purchases, group=GROUP)
    port = free_port()
    async with prepared.copy() as url:
        with serving(TROTH_SERVE, port=port, database_url=url) as pid:
            requests = purchase_requests(token, count // 10, customers=customers)
            await send(port, pid=pid, requests=requests, clients=CLIENTS, expected=granted_text)  # warms the server up
            requests = purchase_requests(token, count, customers=customers)
            purchases = await send(port, pid=pid, requests=requests, clients=CLIENTS, expected=granted_text)
            requests = redemption_requests(token, count, customers=customers)
            redemptions = await send(port, pid=pid, requests=requests, clients=CLIENTS, expected=granted_text)
            requests = redemption_requests(token, count // 5, customers=customers)
            single_redemptions = await send(port, pid=pid, requests=requests, clients=1, expected=granted_text)
            requests = card_requests(token, count, customers=customers)
            cards = await send(port, pid=pid, requests=requests, clients=8, expected=card_text)
    port = free_port()
    async with prepared.copy() as url:
        bare_app = ("-m", "bench.bare_app", url, str(port), str(look_up))
        with serving(bare_app, port=port, database_url=url) as pid:
            bare = await send(port, pid=pid, requests=requests, clients=8, expected=b'"data"')
    statements = len(recorded.purchases[0])
    return Round(statements, r0, r1, purchases, redemptions, single_redemptions, cards, bare)


def report(database: str, rounds: Sequence[Round]) -> bool:
    """Print the medians of a database beside their targets. Are all targets met?"""

    def median(figure: Callable[[Round], float]) -> float:
        return statistics.median(figure(each_round) for each_round in rounds)

    r0, r1 = median(lambda each: each.r0.rate), median(lambda each: each.r1.rate)
    purchases, redemptions = median(lambda each: each.purchases.rate), median(lambda each: each.redemptions.rate)
    card_cpu, bare_cpu = median(lambda each: each.cards.cpu_each), median(lambda each: each.bare.cpu_each)
    single_p50, single_p99 = median(lambda each: each.single_p50), median(lambda each: each.single_p99)
    r0_p50 = median(lambda each: statistics.median(each.r0.durations))
    print(f"\n{database}")
    print(f"  R0 {r0:,.0f}/s ({rounds[0].statements} statements), R1 {r1:,.0f}/s")
    print(
        f"  recordPurchase {purchases:,.0f}/s, {median(lambda each: each.purchases.cpu_each) * 1e6:,.0f} us CPU"
        f" (R1: {median(lambda each: each.r1.cpu_each) * 1e6:,.0f}); redeemReward {redemptions:,.0f}/s,"
        f" {median(lambda each: each.redemptions.cpu_each) * 1e6:,.0f} us CPU"
    )
    print(
        f"  card look-up {median(lambda each: each.cards.rate):,.0f}/s, {card_cpu * 1e6:,.0f} us CPU"
        f" (bare: {bare_cpu * 1e6:,.0f});"
        f" one redemption at a time p50 {single_p50 * 1e3:.2f} ms, p99 {single_p99 * 1e3:.2f} ms"
    )
    least = WRITES_PER_R0[database]
    verdicts = [
        _verdict("recordPurchase, 32 clients, x R0", purchases / r0, least=least),
        _verdict("redeemReward, 32 clients, x R0", redemptions / r0, least=least),
        _verdict("card look-up, CPU x a bare route", card_cpu / (bare_cpu or CLOCK_TICK), most=4.0),
        _verdict("one redemption, p99 x p50 of R0", single_p99 / r0_p50, most=10.0),
    ]
    return all(verdicts)


def _verdict(name: str, ratio: float, *, least: float = 0.0, most: float | None = None) -> bool:
    """Print a ratio beside its target. Is the target met?"""
    met = ratio >= least if most is None else ratio <= most
    target = f"at least {least:g}" if most is None else f"at most {most:g}"
    print(f"  {name:36} {ratio:6.2f}   {target}   {'met' if met else 'MISSED'}")
    return met


def fsync_seconds(folder: Path) -> float:
    """Median seconds of a durable write of 4 KiB."""
    durations = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(200):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            durations.append(time.perf_counter() - began)
    return statistics.median(durations)


def require_disk(folder: Path) -> None:
    """Exit with a message on a memory file system, where a durable commit costs nothing."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    mounts_of_folder = [(mount, kind) for mount, kind in mounts if folder.resolve().is_relative_to(mount)]
    _, kind = max(mounts_of_folder, key=lambda mount_and_kind: len(mount_and_kind[0]))
    if kind in ("tmpfs", "ramfs"):
        sys.exit(f"{folder} is a memory file system ({kind}): choose a disk with --folder")


async def measure_databases(folder: Path, sizes: Sizes, *, only: str | None, server_url: str | None) -> bool:
    """Measure and report the chosen databases; PostgreSQL is started unless the URL of a server is given.

    Are all targets met?
    """
    met = []
    if only != "postgres":
        async with prepared_sqlite(folder, customers=sizes.customers) as prepared:
            met.append(report("SQLite", await measure(prepared, sizes)))
    if only != "sqlite":
        with postgres_server(folder, server_url) as url:
            async with prepared_postgres(url, folder, customers=sizes.customers) as prepared:
                met.append(report("PostgreSQL", await measure(prepared, sizes)))
    return all(met)


def main() -> None:
    """Measure, print, and exit with 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=2000, help="requests of each kind in a round")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the databases go")
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    parser.add_argument("--server", metavar="URL", help="a PostgreSQL server to use instead of starting one")
    parser.add_argument("--trial", action="store_true", help="the smallest run, on any folder; targets are not judged")
    options = parser.parse_args()
    if not options.trial:
        require_disk(options.folder)
    sizes = SMALLEST if options.trial else Sizes(rounds=options.rounds, requests=options.requests, customers=500)
    folder = Path(tempfile.mkdtemp(prefix="troth-bench-", dir=options.folder))
    try:
        fsync = fsync_seconds(folder) * 1e6
        print(f"fsync of 4 KiB: {fsync:,.0f} us; {sizes.rounds} rounds of {sizes.requests} requests of each kind")
        met = asyncio.run(measure_databases(folder, sizes, only=options.only, server_url=options.server))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not met and not options.trial:
        sys.exit("A target was missed.")


if __name__ == "__main__":
    main()
