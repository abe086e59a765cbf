"""Imports of files into programs of a served database, in this process."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from app.domain.purchases.receipt_numbers import Numbering
from app.imports.csv_receipts import plan_import
from app.imports.execution import ImportCounts, import_target, run_plan
from app.imports.plan import Plan
from app.store.database.connect import open_database
from app.usecases.application import Application
from app.usecases.programs.create_program import CreateProgram, NewProgram
from tests.shop import Shop, new_id, real_now

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n"


def shop_in_berlin(url: str, *, numbering: Numbering | None = None) -> NewProgram:
    """A sandbox in euros with a point for each euro, whose terms are in force since 2000."""
    command = CreateProgram(
        name="Tea",
        template="points",
        kind=ProgramKind.SANDBOX,
        currency="EUR",
        zone="Europe/Berlin",
        region="DE",
        effective_from=datetime(2000, 1, 1, tzinfo=UTC),
        numbering=numbering or Numbering(),
    )

    async def run() -> NewProgram:
        database = open_database(url)
        await database.start()
        try:
            return await Application(database=database, clock=real_now, new_id=new_id).create_program(command)
        finally:
            await database.stop()

    return asyncio.run(run())


def import_file(shop: Shop, content: str | bytes, *, folder: Path) -> tuple[Plan, ImportCounts]:
    """Imports a file with this content as the command does; returns the plan and the result."""
    file = folder / "receipts.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    async def run() -> tuple[Plan, ImportCounts]:
        database = open_database(shop.url)
        await database.start()
        application = Application(database=database, clock=real_now, new_id=new_id)
        program = shop.program.program
        plan = plan_import(file, target=await import_target(program, application=application))
        done = await run_plan(plan, application=application, program=program, on_progress=lambda _: None)
        await database.stop()
        return plan, done

    return asyncio.run(run())


def rejections(plan: Plan) -> list[tuple[int, str]]:
    """Lines and reasons of the rejected receipts."""
    return [(rejected.file_line, rejected.reason.value) for rejected in plan.rejected_in_file_order()]


def points_of(shop: Shop, **by: str) -> int | None:
    """The points of a customer, None where there is none."""
    query = "query($by: CustomerBy!) { customer(by: $by) { wallet { balances { available } } } }"
    customer = shop.execute(query, role=Role.STAFF, by=by or {"externalId": "K-1"})["customer"]
    return None if customer is None else sum(balance["available"] for balance in customer["wallet"]["balances"])


def ledger_of(shop: Shop, **by: str) -> list[tuple[str, int]]:
    """Types and points of a customer's entries, oldest first."""
    query = "query($by: CustomerBy!) { customer(by: $by) { ledger(first: 100) { nodes { type points } } } }"
    nodes = shop.execute(query, role=Role.STAFF, by=by or {"externalId": "K-1"})["customer"]["ledger"]["nodes"]
    return [(node["type"], node["points"]) for node in reversed(nodes)]
