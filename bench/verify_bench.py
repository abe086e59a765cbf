"""How long `troth verify` takes for a ledger with a given number of entries, a million by default.

Customers buy, return and redeem over two years, recorded by the use cases into a SQLite file; then the command runs as
it does in a shell, with one process for each processor. Exits with 1 above the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import uuid_utils

from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.problems import Problem
from app.domain.programs.program import ProgramKind
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.lines import Line
from app.domain.purchases.receipt_numbers import ReceiptReference
from app.store.database.connect import open_database
from app.store.database.migrations import migrate
from app.store.database.session import Session
from app.usecases.application import Application
from app.usecases.command import CommandContext
from app.usecases.customers import enrol_customer
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.programs.create_program import CreateProgram
from app.usecases.purchases import record_purchase, record_refund
from app.usecases.purchases.commands import RecordPurchase, RecordRefund
from app.usecases.rewards import redeem_reward
from app.usecases.rewards.commands import RedeemReward

LIMIT = 120.0
"""The most seconds for a million entries."""

ENTRIES_PER_CUSTOMER = 50
"""Entries of one customer."""

CUSTOMERS_AT_ONCE = 20
"""Customers recorded in one transaction."""

TRIAL_ENTRIES = 100
"""Entries of a trial."""

START = datetime(2024, 1, 1, 9, 0, tzinfo=UTC)
NOW = START + timedelta(days=900)


def _new_id() -> str:
    return str(uuid_utils.uuid7())


async def record_shop(url: str, *, entries: int) -> None:
    """Record a program with so many ledger entries."""
    await migrate(url)
    database = open_database(url)
    await database.start()
    random_numbers = random.Random(7)
    application = Application(database=database, clock=lambda: NOW, new_id=_new_id)
    command = CreateProgram(
        name="Bench",
        template="points",
        kind=ProgramKind.SANDBOX,
        currency="GBP",
        zone="Europe/London",
        region="GB",
        effective_from=START - timedelta(days=1),
    )
    program = (await application.create_program(command)).program
    context = CommandContext(
        program_id=program.id,
        now=program.now(NOW),
        new_id=_new_id,
        program=program,
        name="bench",
        idempotency_key="",
        fingerprint="",
        actor=None,
        received_at=NOW,
    )
    customers = entries // ENTRIES_PER_CUSTOMER
    for first in range(0, customers, CUSTOMERS_AT_ONCE):
        numbers = range(first, min(first + CUSTOMERS_AT_ONCE, customers))

        async def work(session: Session, numbers: range = numbers) -> None:
            for number in numbers:
                await _record_customer(session, context=context, number=number, random_numbers=random_numbers)

        await database.write(work, program_id=program.id, lock_key=str(first))
    await database.stop()


async def _record_customer(
    session: Session, *, context: CommandContext, number: int, random_numbers: random.Random
) -> None:
    """One customer with `ENTRIES_PER_CUSTOMER` entries: mostly purchases, some refunds, some redeemed coffees."""
    card = CustomerReference(f"C{number:07}", IdentityKind.CARD)
    enrolled = await enrol_customer.run(
        session,
        context=context,
        command=EnrolCustomer(identities=((IdentityKind.CARD, card.value),), locale=None),
    )
    assert not isinstance(enrolled, Problem), enrolled
    occurred_at, receipt = START + timedelta(minutes=random_numbers.randrange(100_000)), ""
    for visit in range(ENTRIES_PER_CUSTOMER):
        occurred_at += timedelta(hours=random_numbers.randrange(20, 400))
        choice = random_numbers.random()
        if receipt and choice < 0.1:
            refund = RecordRefund(
                purchase_id=None,
                receipt=ReceiptReference(receipt),
                lines=None,
                occurred_at=occurred_at,
                external_id=f"F{number}-{visit}",
                reason=None,
                fingerprint="bench",
            )
            refunded = await record_refund.run(session, context=context, command=refund)
            assert not isinstance(refunded, Problem), refunded
            receipt = ""
        elif visit > 5 and choice < 0.2:
            facts = PurchaseFacts(occurred_at=occurred_at, zone="Europe/London", currency="GBP", lines=())
            redeemed = await redeem_reward.run(
                session, context=context, command=RedeemReward(card, None, "coffee", facts)
            )
            assert not isinstance(redeemed, Problem), redeemed
        else:
            receipt = f"R{number}-{visit}"
            facts = _random_purchase(occurred_at, random_numbers)
            recorded = await record_purchase.run(session, context=context, command=RecordPurchase(card, receipt, facts))
            assert not isinstance(recorded, Problem), recorded


def _random_purchase(occurred_at: datetime, random_numbers: random.Random) -> PurchaseFacts:
    lines = tuple(
        Line(
            number=number,
            sku=f"{number}",
            quantity=Decimal(random_numbers.randrange(1, 9)),
            unit_price=random_numbers.randrange(99, 999),
        )
        for number in range(1, random_numbers.randrange(2, 5))
    )
    return PurchaseFacts(occurred_at=occurred_at, zone="Europe/London", currency="GBP", lines=lines)


def run_verify(url: str) -> tuple[float, dict[str, int]]:
    """Seconds of the command, and its result: the numbers of entries and accounts."""
    began = time.perf_counter()
    process = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", "verify", "--json"],
        env={**os.environ, "TROTH_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    assert process.returncode == 0, process.stdout[-500:] + process.stderr[-500:]
    result: dict[str, int] = json.loads(process.stdout.splitlines()[-1])
    return seconds, result


def main() -> None:
    """Record, verify, and print how long each took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("entries", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--trial", action="store_true", help="the smallest run; the limit is not judged")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="troth-bench-") as folder:
        file = Path(folder, "shop.db")
        url = f"sqlite:///{file}"
        began = time.perf_counter()
        asyncio.run(record_shop(url, entries=TRIAL_ENTRIES if options.trial else options.entries))
        recording_seconds = time.perf_counter() - began
        seconds, result = run_verify(url)
        megabytes = file.stat().st_size / 1e6
    entries = result["entries"]
    limit = LIMIT * entries / 1_000_000
    print(
        f"recorded {entries:,} entries of {result['accounts']:,} accounts in {recording_seconds:.0f} s ({megabytes:.0f} MB)"
    )
    print(f"verified in {seconds:.1f} s (at most {limit:.1f}): {entries / seconds:,.0f} entries a second")
    if seconds > limit and not options.trial:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
