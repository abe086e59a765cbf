"""`troth demo`: a server with sample data."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.cli.demo_people import PEOPLE, enrol_people
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
from app.web.listening import listening_sockets

SAMPLE = Path(__file__).parent / "sample" / "online-retail-10k.csv"
KEY_LIFETIME = timedelta(days=90)


def demo() -> None:
    """Serve a sandbox program with real purchases, and print its address and keys as shell variables.

    Without TROTH_DATABASE_URL the data is in a temporary file, which is deleted at the end.
    """
    with tempfile.TemporaryDirectory(prefix="troth-demo-") as folder:
        os.environ.setdefault("TROTH_DATABASE_URL", f"sqlite:///{folder}/demo.db")
        settings = Settings()
        # The port first: nobody pastes keys of a demo that cannot start.
        sockets = listening_sockets(settings.host, settings.port)
        program, customer_key = run_with_application(_sample, settings=settings, migrating=True)
        address = f"http://{settings.host}:{settings.port}"
        print("# Paste these lines into another terminal:")
        print(f"export TROTH_URL={address}/graphql")
        for role in (Role.OWNER, Role.STAFF, Role.TILL):
            print(f"export TROTH_{role.value}_KEY={program.token(role)}")
        print(f"export TROTH_CUSTOMER_KEY={customer_key}")
        print(f"# First screen: {address}/   Terms: {address}/terms")
        print(f"# GraphiQL: {address}/graphql   Health: {address}/healthz   Stop with Ctrl+C.", flush=True)
        serve_forever(settings, sockets=sockets, people=PEOPLE)


async def _sample(application: Application) -> tuple[NewProgram, str]:
    """A sandbox shop with the sample's purchases and the made-up people; the first of them has a key."""
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
    started = await application.create_program(command)
    program = started.program
    plan = plan_import(SAMPLE, target=await import_target(program, application=application))
    await run_plan(plan, application=application, program=program, on_progress=lambda _: None)

    ids = await enrol_people(application, program=program)
    own_key = CreateAccessKey(
        role=Role.CUSTOMER,
        label="demo",
        customer=CustomerReference(ids[PEOPLE[0]]),
        expires_at=application.server_now() + KEY_LIFETIME,
    )
    created = await execute(
        application, create_access_key.run, name="createAccessKey", program=program, command=own_key
    )
    assert not isinstance(created, Problem), created
    assert created.token is not None, "it has just been created"
    return started, created.token
