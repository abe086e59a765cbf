"""`troth key`: a further access key, for a customer, or tied to the card of its holder."""

from __future__ import annotations

import asyncio

from app.domain.access import Principal, Role
from app.domain.customers.identities import IdentityKind
from app.domain.problems import Problem
from app.queries.programs.authentication import sign_in
from app.store.database.connect import open_database
from app.usecases.application import Application
from app.usecases.customers import enrol_customer
from app.usecases.customers.enrol_customer import EnrolCustomer
from tests.cli.command import troth
from tests.shop import create_program, new_id, real_now


def enrolled(url: str) -> str:
    """A program with one customer, whose external id is 4711; returns the customer's id."""
    program = create_program(url).program

    async def run() -> str:
        database = open_database(url)
        await database.start()
        application = Application(database=database, clock=real_now, new_id=new_id)
        command = EnrolCustomer(identities=((IdentityKind.EXTERNAL_ID, "4711"),), locale=None)
        payload = await application.execute(
            enrol_customer.run,
            name="enrolCustomer",
            program=program,
            principal=None,
            key="e",
            fingerprint_input="e",
            command=command,
        )
        await database.stop()
        assert not isinstance(payload, Problem)
        return payload.result.customer_id

    return asyncio.run(run())


def holder(url: str, token: str) -> Principal:
    """The viewer that a token authenticates."""

    async def run() -> Principal:
        database = open_database(url)
        await database.start()
        try:
            signed_in = await database.read_across_programs(lambda session: sign_in(session, token=token))
        finally:
            await database.stop()
        assert signed_in is not None
        return signed_in.principal

    return asyncio.run(run())


def test_staff_key_can_be_tied_to_a_card(database_url: str) -> None:
    customer_id = enrolled(database_url)
    tied = holder(database_url, troth("key", "--role", "staff", "--customer", "4711", url=database_url).strip())
    assert (tied.role, tied.holder_id, tied.customer_id) == (Role.STAFF, customer_id, None)
    free = holder(database_url, troth("key", "--role", "staff", url=database_url).strip())
    assert (free.role, free.holder_id, free.customer_id) == (Role.STAFF, None, None)


def test_customer_key_belongs_to_a_customer(database_url: str) -> None:
    customer_id = enrolled(database_url)
    own = holder(database_url, troth("key", "--role", "customer", "--customer", "4711", url=database_url).strip())
    assert (own.role, own.holder_id, own.customer_id) == (Role.CUSTOMER, None, customer_id)
    assert "--customer" in troth("key", "--role", "customer", url=database_url, code=1)
    assert "4712" in troth("key", "--role", "staff", "--customer", "4712", url=database_url, code=1)
