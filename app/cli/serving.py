"""`troth serve`, `demo`, `migrate` and `schema`."""

from __future__ import annotations

import asyncio
import os
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from app.api.schema import schema as graphql_schema
from app.api.serving.export import print_sdl
from app.cli.at_desk import at_desk, out, stop
from app.config import Settings
from app.domain.access import Role
from app.domain.facts import Line, PurchaseFacts
from app.domain.identities import IdentityKind
from app.domain.problems import Problem
from app.importing.carrying_out import carry_out, destination_of
from app.importing.receipts import planned
from app.main import serve_forever
from app.queries.records import CustomerBy, ProgramKind
from app.store.migrating import migrate as migrate_database
from app.usecases.call import Answer
from app.usecases.desk import Desk, Verb
from app.usecases.earn import NewPurchase, earn
from app.usecases.enrol import Enrolment, enrol
from app.usecases.start import NewProgram, Wish

SAMPLE = Path(__file__).parents[2] / "examples" / "online-retail-10k.csv"
DEMO_CARD = "4006381333931"


def serve() -> None:
    """Serve the API on TROTH_HOST and PORT until it is told to stop. Migrates the database first."""
    serve_forever(Settings())


def migrate() -> None:
    """Bring the tables of the database up to date; safe to run twice and beside others."""
    applied = asyncio.run(migrate_database(Settings().database_url))
    for name in applied:
        out.print(name, markup=False)
    out.print(f"{len(applied)} migrations applied; the database is up to date.")


def schema() -> None:
    """Print the GraphQL schema."""
    print(print_sdl(graphql_schema), end="")


def demo() -> None:
    """Serve a sandbox program with real purchases, and print its address and keys as shell variables.

    Without TROTH_DATABASE_URL the data is in a temporary file and gone afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="troth-demo-") as folder:
        os.environ.setdefault("TROTH_DATABASE_URL", f"sqlite:///{folder}/demo.db")
        settings = Settings()
        program, customer_key = at_desk(_sample, settings=settings)
        address = f"http://{settings.host}:{settings.port}"
        print("# Paste these lines into another terminal:")
        print(f"export TROTH_URL={address}/graphql")
        for role in (Role.OWNER, Role.STAFF, Role.TILL):
            print(f"export TROTH_{role.value}_KEY={program.token(role)}")
        print(f"export TROTH_CUSTOMER_KEY={customer_key}")
        print(f"# GraphiQL: {address}/graphql   Health: {address}/healthz   Stop with Ctrl+C.", flush=True)
        serve_forever(settings)


async def _sample(desk: Desk) -> tuple[NewProgram, str]:
    """A sandbox shop with the sample's purchases, if the sample is at hand, and one customer with a key."""
    wish = Wish(
        name="The Teapot",
        template="points",
        kind=ProgramKind.SANDBOX,
        currency="GBP",
        zone="Europe/London",
        region="GB",
        effective_from=datetime(2010, 12, 1, tzinfo=UTC),
    )
    started = await desk.start_program(wish)
    program = started.program
    if SAMPLE.exists():
        plan = planned(SAMPLE, destination=await destination_of(program, desk=desk))
        await carry_out(plan, desk=desk, program=program, done=lambda _: None)

    async def do(verb: Verb, *, name: str, order: object) -> Answer:
        answer = await desk.do(
            verb, name=name, program=program, principal=None, key=f"demo:{name}", payload=name, order=order
        )
        if isinstance(answer, Problem):
            raise stop(f"the demo cannot start: {answer.code.value}")
        return answer

    enrolled = await do(
        enrol, name="enrolCustomer", order=Enrolment(identities=((IdentityKind.CARD, DEMO_CARD),), locale=None)
    )
    lines = (Line(number=1, sku="22423", quantity=Decimal(2), unit_price=1275, name="REGENCY CAKESTAND 3 TIER"),)
    facts = PurchaseFacts(occurred_at=desk.now(program), zone=program.zone, currency=program.currency, lines=lines)
    bought = NewPurchase(customer=CustomerBy(DEMO_CARD, IdentityKind.CARD), external_id="demo-1", facts=facts)
    await do(earn, name="recordPurchase", order=bought)
    key = await desk.hand_out_key(
        program_id=program.id, role=Role.CUSTOMER, label="demo", customer_id=enrolled.customer_id
    )
    return started, key.token
