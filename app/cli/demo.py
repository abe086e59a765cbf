"""`troth demo`: a server with sample data."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.cli.demo_people import MEI, PEOPLE, TO_TRY, EnrolledPerson, enrol_people
from app.cli.runtime import execute, run_with_application
from app.config import Settings
from app.domain.access import Role
from app.domain.customers.customer import CustomerReference
from app.domain.problems import Problem
from app.domain.programs.program import ProgramKind
from app.imports.csv_receipts import plan_import
from app.imports.execution import import_target, run_plan
from app.main import serve_forever
from app.usecases.application import Application
from app.usecases.programs import create_access_key
from app.usecases.programs.create_access_key import CreateAccessKey
from app.usecases.programs.create_program import CreateProgram, NewProgram
from app.web.graphiql import GRAPHQL_PATH
from app.web.listening import listening_sockets

SAMPLE = Path(__file__).parent / "sample" / "online-retail-10k.csv"
KEY_LIFETIME = timedelta(days=90)
KEY_HOLDER = MEI


def demo() -> None:
    """Serve a sandbox program with real purchases and three made-up members, and print what to try with them.

    Without TROTH_DATABASE_URL the data is in a temporary file, which is deleted when the server stops.
    """
    with tempfile.TemporaryDirectory(prefix="troth-demo-") as folder:
        os.environ.setdefault("TROTH_DATABASE_URL", f"sqlite:///{folder}/demo.db")
        settings = Settings()
        # The port is bound first, so that no keys are printed for a demo that cannot start.
        sockets = listening_sockets(settings.host, settings.port)
        shop = run_with_application(_sample_shop, settings=settings, migrating=True)
        print("\n".join(_welcome(shop, settings=settings)), flush=True)
        serve_forever(settings, sockets=sockets, people=PEOPLE)


def _welcome(shop: DemoShop, *, settings: Settings) -> Iterator[str]:
    """What to open, whom to try, and the variables for another terminal.

    No line is a shell comment, because not every shell accepts comments that are pasted.
    """
    base_url = f"http://{settings.host}:{settings.port}"
    till = shop.new_program.token(Role.TILL)
    yield f"{shop.new_program.program.name}, a made-up shop with real sample purchases"
    yield ""
    yield f"  First screen  {base_url}/"
    yield f"  Terms         {base_url}/terms"
    if settings.graphiql:
        yield f"  GraphiQL      {base_url}{GRAPHQL_PATH}#key={till}"
        yield "                signed in as a till: keep this address to yourself"
    yield ""
    yield "Three made-up members. Put their card's number into GraphiQL's variables:"
    yield ""
    for member in shop.people:
        person = member.person
        yield f"  {person.name}  {person.card}  {member.points:>4} points  {TO_TRY[person]}"
    yield ""
    yield "To call the API from another terminal, paste this there:"
    yield ""
    yield f"export TROTH_URL={base_url}{GRAPHQL_PATH}"
    for role in (Role.OWNER, Role.STAFF, Role.TILL):
        yield f"export TROTH_{role.value}_KEY={shop.new_program.token(role)}"
    yield f"export TROTH_CUSTOMER_KEY={shop.customer_key}"
    yield ""
    yield f"TROTH_CUSTOMER_KEY is {KEY_HOLDER.name}'s. Stop with Ctrl+C."


@dataclass(frozen=True, slots=True)
class DemoShop:
    """The program of the demo with its keys, its made-up members, and the own key of `KEY_HOLDER`."""

    new_program: NewProgram
    people: Sequence[EnrolledPerson]
    customer_key: str


async def _sample_shop(application: Application) -> DemoShop:
    """A sandbox shop with the sample's purchases and the made-up people."""
    command = CreateProgram(
        name="The Teapot",
        template="points",
        kind=ProgramKind.SANDBOX,
        currency="GBP",
        zone="Europe/London",
        region="GB",
        effective_from=datetime(2010, 12, 1, tzinfo=UTC),
        listed=True,
    )
    new_program = await application.create_program(command)
    program = new_program.program
    plan = plan_import(SAMPLE, target=await import_target(program, application=application))
    await run_plan(plan, application=application, program=program, on_progress=lambda _: None)

    people = await enrol_people(application, program=program)
    holder = next(member for member in people if member.person == KEY_HOLDER)
    create_key = CreateAccessKey(
        role=Role.CUSTOMER,
        label="demo",
        customer=CustomerReference(holder.customer_id),
        expires_at=application.server_now() + KEY_LIFETIME,
    )
    created_key = await execute(
        application, create_access_key.run, name="createAccessKey", program=program, command=create_key
    )
    assert not isinstance(created_key, Problem), created_key
    assert created_key.token is not None, "it has just been created"
    return DemoShop(new_program, people, created_key.token)
