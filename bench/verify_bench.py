"""How long `troth verify` takes for a program of a million entries: `python -m bench.verify_bench [ENTRIES]`.

A shop of customers who buy, redeem and return over two years, recorded by the verbs of the till into a file; then the
command as anybody runs it, one process per processor. Ends with status 1 above the limit.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
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
from app.usecases.purchases.new_receipts import RecordPurchase
from app.usecases.purchases.new_refund import RecordRefund
from app.usecases.rewards import redeem_reward
from app.usecases.rewards.book_redemption import RedeemReward

LIMIT = 120.0
"""Seconds for a million entries."""

EACH = 50
"""Entries of one customer."""

START = datetime(2024, 1, 1, 9, 0, tzinfo=UTC)


def _new_id() -> str:
    return str(uuid_utils.uuid7())


async def _shop(url: str, *, entries: int) -> None:
    """Record the shop, some customers to a transaction."""
    database = open_database(url)
    await database.start()
    dice = random.Random(7)
    application = Application(database=database, clock=lambda: START + timedelta(days=900), new_id=_new_id)
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
    plain = CommandContext(program, "bench", "", "", None, START + timedelta(days=900), _new_id)

    async def customers(session: Session, first: int, last: int) -> None:
        for number in range(first, last):
            await _customer(session, context=plain, number=number, dice=dice)

    for first in range(0, entries // EACH, 20):

        async def work(session: Session, first: int = first) -> None:
            await customers(session, first, first + 20)

        await database.write(work, program_id=program.id, turn=str(first))
    await database.stop()


async def _customer(session: Session, *, context: CommandContext, number: int, dice: random.Random) -> None:
    """One customer with so many entries: mostly purchases, some refunds, some coffees."""
    card = CustomerReference(f"C{number:07}", IdentityKind.CARD)
    done = await enrol_customer.run(
        session,
        context=replace(context, key=f"e{number}"),
        command=EnrolCustomer(identities=((IdentityKind.CARD, card.value),), locale=None),
    )
    assert not isinstance(done, Problem), done
    at, receipt = START + timedelta(minutes=dice.randrange(100_000)), ""
    for place in range(EACH):
        at += timedelta(hours=dice.randrange(20, 400))
        keyed = replace(context, key=f"{number}-{place}")
        kind = dice.random()
        if receipt and kind < 0.1:
            back = RecordRefund(None, ReceiptReference(receipt), None, at, f"F{number}-{place}", None, "bench")
            answer = await record_refund.run(session, context=keyed, command=back)
            receipt = ""
        elif place > 5 and kind < 0.2:
            facts = PurchaseFacts(occurred_at=at, zone="Europe/London", currency="GBP", lines=())
            answer = await redeem_reward.run(session, context=keyed, command=RedeemReward(card, None, "coffee", facts))
        else:
            receipt = f"R{number}-{place}"
            lines = tuple(
                Line(
                    number=each_number,
                    sku=f"{each_number}",
                    quantity=Decimal(dice.randrange(1, 9)),
                    unit_price=dice.randrange(99, 999),
                )
                for each_number in range(1, dice.randrange(2, 5))
            )
            facts = PurchaseFacts(occurred_at=at, zone="Europe/London", currency="GBP", lines=lines)
            answer = await record_purchase.run(session, context=keyed, command=RecordPurchase(card, receipt, facts))
        assert not isinstance(answer, Problem), answer


def main() -> None:
    """Record, prove, and say how long it took."""
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="troth-proof-") as folder:
        url = f"sqlite:///{folder}/proof.db"
        asyncio.run(migrate(url))
        began = time.perf_counter()
        asyncio.run(_shop(url, entries=entries))
        recorded = time.perf_counter() - began
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", "from app.cli import main; main()", "verify", "--json"],
            env={**os.environ, "TROTH_DATABASE_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )
        proved = time.perf_counter() - began
        assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
        said = json.loads(done.stdout.splitlines()[-1])
        size = Path(folder, "proof.db").stat().st_size / 1e6
    limit = LIMIT * said["entries"] / 1_000_000
    print(f"recorded {said['entries']:,} entries of {said['accounts']:,} accounts in {recorded:.0f} s ({size:.0f} MB)")
    print(f"proved in {proved:.1f} s (at most {limit:.1f}): {said['entries'] / proved:,.0f} entries a second")
    if proved > limit:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
