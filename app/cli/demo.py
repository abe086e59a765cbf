"""`troth demo`: a server with sample data."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from app.cli.runtime import exit_after_printing, run_with_application
from app.config import Settings
from app.domain.access import Role
from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.problems import Problem
from app.domain.programs.program import ProgramKind
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.lines import Line
from app.imports.csv_receipts import plan_import
from app.imports.execution import import_target, run_plan
from app.main import serve_forever
from app.usecases.application import Application
from app.usecases.command import CommandType, UseCase
from app.usecases.customers import enrol_customer
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.programs.create_program import CreateProgram, NewProgram
from app.usecases.purchases import record_purchase
from app.usecases.purchases.commands import RecordPurchase
from app.usecases.results import ResultType
from app.web.listening import listening_sockets

SAMPLE = Path(__file__).parent / "sample" / "online-retail-10k.csv"
DEMO_CARD = "4006381333931"


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
        print(f"# GraphiQL: {address}/graphql   Health: {address}/healthz   Stop with Ctrl+C.", flush=True)
        serve_forever(settings, sockets=sockets)


async def _sample(application: Application) -> tuple[NewProgram, str]:
    """A sandbox shop with the sample's purchases, and one customer with a key."""
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

    async def do(use_case: UseCase[CommandType, ResultType], *, name: str, command: CommandType) -> ResultType:
        execution = await application.execute(
            use_case,
            name=name,
            program=program,
            principal=None,
            key=f"demo:{name}",
            fingerprint_input=name,
            command=command,
        )
        if isinstance(execution, Problem):
            raise exit_after_printing(f"the demo cannot start: {execution.code.value}")
        return execution.result

    enrolled = await do(
        enrol_customer.run,
        name="enrolCustomer",
        command=EnrolCustomer(identities=((IdentityKind.CARD, DEMO_CARD),), locale=None),
    )
    lines = (Line(number=1, sku="22423", quantity=Decimal(2), unit_price=1275, name="REGENCY CAKESTAND 3 TIER"),)
    facts = PurchaseFacts(
        occurred_at=application.now(program), zone=program.zone, currency=program.currency, lines=lines
    )
    bought = RecordPurchase(customer=CustomerReference(DEMO_CARD, IdentityKind.CARD), external_id="demo-1", facts=facts)
    await do(record_purchase.run, name="recordPurchase", command=bought)
    key = await application.issue_key(
        program_id=program.id, role=Role.CUSTOMER, label="demo", customer_id=enrolled.customer_id
    )
    return started, key.token
