"""The `troth` command: composition root for everything that is started from a shell."""

from __future__ import annotations

import asyncio
import csv
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
import uuid_utils
from rich.console import Console
from rich.progress import Progress

from app.api.export import print_sdl
from app.api.schema import schema as graphql_schema
from app.config import Settings
from app.domain.access import Role
from app.domain.amounts import DECIMALS
from app.domain.calendar import day_start, zone
from app.domain.identities import IdentityKind
from app.domain.ledger import EntryType
from app.domain.templates import TEMPLATES
from app.importing.carrying_out import ImportRefused, Imported, carry_out
from app.importing.receipts import REASONS, Plan, planned
from app.main import serve_forever
from app.queries.books import Fault, prove_page, prove_whole
from app.queries.cards import card
from app.queries.programs import every_program, one_program
from app.queries.records import CustomerBy, Program, ProgramKind
from app.store.migrating import migrate as migrate_database
from app.store.opening import open_database
from app.store.unit import Unavailable
from app.usecases.desk import Desk
from app.usecases.start import NewProgram, Wish

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Troth, a loyalty-program backend that keeps its word.")
importing = typer.Typer(no_args_is_help=True, help="Bring in what another system recorded.")
app.add_typer(importing, name="import")
out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)

ProgramOption = Annotated[str | None, typer.Option("--program", help="The program's id; needed when there are several.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def main() -> None:
    """Run the command."""
    app()


def now() -> datetime:
    """The server's time."""
    return datetime.now(UTC)


def new_id() -> str:
    """A new time-ordered id (UUIDv7)."""
    return str(uuid_utils.uuid7())


def stop(message: str) -> typer.Exit:
    """Say what is wrong on standard error and end with status 1."""
    err.print(f"troth: {message}", style="red", markup=False)
    return typer.Exit(1)


def at_desk(work: Callable[[Desk], Awaitable[T]], *, settings: Settings) -> T:
    """Open the database, migrated, do the work, and close it."""

    async def run() -> T:
        await migrate_database(settings.database_url)
        database = open_database(settings.database_url)
        await database.start()
        try:
            return await work(Desk(database=database, clock=now, new_id=new_id))
        finally:
            await database.stop()

    try:
        return asyncio.run(run())
    except Unavailable as error:
        raise stop(str(error)) from error


async def chosen(desk: Desk, program_id: str | None) -> Program:
    """The program that is meant."""
    if program_id is not None:
        found = await desk.ask(one_program, program_id=program_id)
        if found is None:
            raise stop(f"there is no program {program_id}")
        return found
    programs = await desk.ask(every_program)
    if len(programs) != 1:
        raise stop("say which program: --program ID" if programs else "there is no program yet: troth init")
    return programs[0]


@app.command()
def init(
    name: Annotated[str, typer.Option(help="What the program is called.")] = "Our shop",
    template: Annotated[str, typer.Option(help=f"What to start from: {', '.join(TEMPLATES)}.")] = "points",
    currency: Annotated[str, typer.Option(help="ISO 4217.")] = "EUR",
    time_zone: Annotated[str, typer.Option("--zone", help="IANA zone whose wall clock the rules go by.")] = "Europe/Berlin",
    region: Annotated[str, typer.Option(help="ISO 3166, for phone numbers without a country code.")] = "DE",
    sandbox: Annotated[bool, typer.Option("--sandbox", help="For trying things out.")] = False,
    effective_from: Annotated[
        str | None, typer.Option(help="First day of the terms, YYYY-MM-DD; in the past in a sandbox only.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Start a program from a template; prints its id and its keys, which are shown once."""
    wish = _wish(
        name=name,
        template=template,
        currency=currency,
        time_zone=time_zone,
        region=region,
        sandbox=sandbox,
        effective_from=effective_from,
    )

    async def work(desk: Desk) -> NewProgram:
        return await desk.start_program(wish)

    started = at_desk(work, settings=Settings())
    tokens = {new.key.role.value.lower(): new.token for new in started.keys}
    if as_json:
        print(json.dumps({"program": started.program.id, "keys": tokens}))
        return
    out.print(f"Program {started.program.id}: {name}", markup=False)
    out.print("Keys, shown once:")
    for role, token in tokens.items():
        out.print(f"  {role:6} {token}", markup=False, highlight=False)


def _wish(
    *, name: str, template: str, currency: str, time_zone: str, region: str, sandbox: bool, effective_from: str | None
) -> Wish:
    if template not in TEMPLATES:
        raise stop(f"there is no template {template!r}; there are {', '.join(TEMPLATES)}")
    if currency not in DECIMALS:
        raise stop(f"{currency!r} is no currency in use (ISO 4217)")
    if len(region) != 2 or not region.isascii() or not region.isupper():
        raise stop(f"{region!r} is no region (ISO 3166, two capitals)")
    try:
        zone(time_zone)
        start = day_start(date.fromisoformat(effective_from), zone_name=time_zone) if effective_from else None
    except ValueError as error:
        raise stop(str(error)) from error
    if start is not None and start < now() and not sandbox:
        raise stop("terms start in the past in a sandbox only: --sandbox")
    return Wish(
        name=name,
        template=template,
        kind=ProgramKind.SANDBOX if sandbox else ProgramKind.LIVE,
        currency=currency,
        zone=time_zone,
        region=region,
        effective_from=start,
    )


@app.command()
def key(
    role: Annotated[Role, typer.Option(case_sensitive=False, help="What the key may do.")],
    customer: Annotated[str | None, typer.Option(help="The customer's external id, for a key of the role CUSTOMER.")] = None,
    label: Annotated[str, typer.Option(help="Who or what holds it.")] = "",
    program: ProgramOption = None,
) -> None:
    """Hand out one more access key; it is shown once."""
    if (customer is not None) != (role is Role.CUSTOMER):
        raise stop("a key of the role CUSTOMER, and no other, is for a --customer")

    async def work(desk: Desk) -> str:
        found = await chosen(desk, program)
        return await _customer_key(desk, program=found, external_id=customer, role=role, label=label)

    print(at_desk(work, settings=Settings()))


async def _customer_key(desk: Desk, *, program: Program, external_id: str | None, role: Role, label: str) -> str:
    customer_id = None
    if external_id is not None:
        row = await desk.ask(card, program_id=program.id, by=CustomerBy(external_id, IdentityKind.EXTERNAL_ID))
        if row is None:
            raise stop(f"no customer has the external id {external_id!r}")
        customer_id = row.id
    new = await desk.hand_out_key(program_id=program.id, role=role, label=label, customer_id=customer_id)
    return new.token


@app.command()
def serve() -> None:
    """Serve the API on TROTH_HOST and PORT until it is told to stop. Migrates the database first."""
    serve_forever(Settings())


@app.command()
def migrate() -> None:
    """Bring the tables of the database up to date; safe to run twice and beside others."""
    applied = asyncio.run(migrate_database(Settings().database_url))
    for name in applied:
        out.print(name, markup=False)
    out.print(f"{len(applied)} migrations applied; the database is up to date.")


@app.command()
def schema() -> None:
    """Print the GraphQL schema."""
    print(print_sdl(graphql_schema), end="")


@importing.command("purchases")
def import_purchases(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV of receipt lines.")],
    program: ProgramOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report; write nothing.")] = False,
    errors: Annotated[Path | None, typer.Option(help="Where to write the lines that were left out, as CSV.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Record the invoices of a file as purchases and its returns as refunds. See docs/import.md."""

    async def work(desk: Desk) -> tuple[Plan, Imported | None]:
        found = await chosen(desk, program)
        plan = planned(file, currency=found.currency, zone_name=found.zone)
        if dry_run:
            return plan, None
        with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
            task = progress.add_task("Recording", total=len(plan.customers()) + len(plan.steps))
            done = await carry_out(
                plan, desk=desk, program=found, done=lambda steps: progress.advance(task, steps)
            )
        return plan, done

    try:
        plan, done = at_desk(work, settings=Settings())
    except (ImportRefused, ValueError) as error:
        raise stop(str(error)) from error
    if errors is not None:
        with errors.open("w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target)
            writer.writerow(("line", "invoice", "reason", "detail"))
            writer.writerows((one.number, one.invoice, one.reason.value, REASONS[one.reason]) for one in plan.rejected)
    _report(plan, done, as_json=as_json)


def _report(plan: Plan, done: Imported | None, *, as_json: bool) -> None:
    left_out = {reason.value: sum(one.reason is reason for one in plan.rejected) for reason in REASONS}
    facts = {
        "lines": plan.lines,
        "purchases": len(plan.sales),
        "purchase_lines": sum(len(sale.facts.lines) for sale in plan.sales),
        "customers": len(plan.customers()),
        "total_minor": sum(sale.facts.total().minor for sale in plan.sales),
        "refunds": len(plan.returns),
        "left_out": left_out,
        "written": None
        if done is None
        else {"customers": done.customers, "purchases": done.purchases, "refunds": done.refunds},
    }
    if as_json:
        print(json.dumps(facts))
        return
    out.print(
        f"{facts['lines']} lines: {facts['purchases']} purchases of {facts['customers']} customers"
        f" with {facts['purchase_lines']} lines, {facts['refunds']} refunds."
    )
    for reason, count in left_out.items():
        if count:
            out.print(f"  left out, {reason}: {count}", markup=False)
    if done is None:
        out.print("Dry run: nothing was written.")
    else:
        out.print(f"Written: {done.customers} customers, {done.purchases} purchases, {done.refunds} refunds.")


@app.command()
def verify(program: ProgramOption = None, as_json: JsonOption = False) -> None:
    """Prove every balance, lot, stock and hash from the entries alone; ends with status 1 when something is wrong."""

    async def work(desk: Desk) -> dict[str, list[Fault]]:
        programs = [await chosen(desk, program)] if program is not None else list(await desk.ask(every_program))
        return {one.id: await _prove(desk, program_id=one.id, counts=counts) for one in programs}

    counts = {"customers": 0, "entries": 0}
    faults = at_desk(work, settings=Settings())
    wrong = sum(len(found) for found in faults.values())
    if as_json:
        listed = [f"{one.place}: {one.what}" for found in faults.values() for one in found]
        print(json.dumps({"programs": len(faults), **counts, "faults": listed}))
    else:
        for found in faults.values():
            for one in found:
                out.print(f"{one.place}: {one.what}", style="red", markup=False)
        out.print(
            f"{len(faults)} programs, {counts['customers']} customers, {counts['entries']} entries: "
            + ("the books are proved." if not wrong else f"{wrong} faults.")
        )
    if wrong:
        raise typer.Exit(1)


async def _prove(desk: Desk, *, program_id: str, counts: dict[str, int]) -> list[Fault]:
    faults: list[Fault] = []
    entries: Counter[EntryType] = Counter()
    after: str | None = None
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("Proving", total=None)
        while True:
            page = await desk.ask(prove_page, program_id=program_id, after=after)
            faults.extend(page.faults)
            entries.update(page.entries)
            counts["customers"] += page.customers
            progress.advance(task, page.customers)
            if page.last is None:
                break
            after = page.last
    counts["entries"] += sum(entries.values())
    faults.extend(await desk.ask(prove_whole, program_id=program_id, entries=entries))
    return faults
