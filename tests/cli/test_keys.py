"""`troth keys`: access keys are listed, created, rotated and revoked from the shell."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

from app.domain.access import Principal, Role
from app.domain.customers.identities import IdentityKind
from app.domain.problems import Problem
from app.queries.programs.authentication import Caller, KeyRejection, RejectedKey, authenticate
from app.store.database.connect import open_database
from app.usecases.application import Application
from app.usecases.customers import enrol_customer
from app.usecases.customers.enrol_customer import EnrolCustomer
from tests.cli.command import troth
from tests.shop import create_program, new_id, real_now


def enrolled(url: str) -> str:
    """A program with one customer, whose external id is 4711 and whose card is CARD0001; returns the customer's id."""
    program = create_program(url).program

    async def run() -> str:
        database = open_database(url)
        await database.start()
        application = Application(database=database, clock=real_now, new_id=new_id)
        identities = ((IdentityKind.EXTERNAL_ID, "4711"), (IdentityKind.CARD, "CARD0001"))
        payload = await application.execute(
            enrol_customer.run,
            name="enrolCustomer",
            program=program,
            principal=None,
            key="e",
            fingerprint_input="e",
            command=EnrolCustomer(identities=identities, locale=None),
        )
        await database.stop()
        assert not isinstance(payload, Problem)
        return payload.result.customer_id

    return asyncio.run(run())


def found_caller(url: str, token: str, *, later: timedelta = timedelta(0)) -> Caller | RejectedKey:
    """What a token opens, now or some time later."""

    async def run() -> Caller | RejectedKey:
        database = open_database(url)
        await database.start()
        try:
            return await database.read_across_programs(
                lambda session: authenticate(session, token=token, at=real_now() + later)
            )
        finally:
            await database.stop()

    return asyncio.run(run())


def holder(url: str, token: str) -> Principal:
    """The viewer that a token authenticates."""
    found = found_caller(url, token)
    assert isinstance(found, Caller)
    return found.principal


def create(url: str, *options: str) -> str:
    """A new key."""
    return troth("keys", "create", *options, url=url).strip()


def listed(url: str, *options: str) -> list[dict[str, Any]]:
    """The keys of the program."""
    keys: list[dict[str, Any]] = json.loads(troth("keys", "list", "--json", *options, url=url))["keys"]
    return keys


def test_staff_key_can_be_tied_to_a_card(database_url: str) -> None:
    customer_id = enrolled(database_url)
    tied = holder(database_url, create(database_url, "--role", "staff", "--customer", "4711"))
    assert (tied.role, tied.own_customer_id, tied.customer_id) == (Role.STAFF, customer_id, None)
    free = holder(database_url, create(database_url, "--role", "staff"))
    assert (free.role, free.own_customer_id, free.customer_id) == (Role.STAFF, None, None)


def test_customer_key_belongs_to_a_customer_for_90_days_where_nothing_is_said(database_url: str) -> None:
    customer_id = enrolled(database_url)
    for customer in ("4711", "card:card-0001"):
        token = create(database_url, "--role", "customer", "--customer", customer)
        own = holder(database_url, token)
        assert (own.role, own.own_customer_id, own.customer_id) == (Role.CUSTOMER, None, customer_id)
        assert isinstance(found_caller(database_url, token, later=timedelta(days=89)), Caller)
        ended = found_caller(database_url, token, later=timedelta(days=90))
        assert isinstance(ended, RejectedKey)
        assert ended.rejection is KeyRejection.EXPIRED


def test_problems_are_one_plain_sentence(database_url: str) -> None:
    enrolled(database_url)
    for options, word in (
        (("create", "--role", "customer"), "--customer"),
        (("create", "--role", "staff", "--customer", "4712"), "4712"),
        (("create", "--role", "customer", "--customer", "4711", "--days", "400"), "366 days"),
        (("create", "--role", "till", "--customer", "phone:x"), "--customer"),
        (("revoke", "nonsense"), "troth keys list"),
        (("revoke", new_id()), "there is no key"),
        (("rotate", new_id()), "there is no key"),
    ):
        printed = troth("keys", *options, url=database_url, code=1)
        assert word in printed
        assert printed.startswith("troth: ")
        assert len(printed.splitlines()) == 1


def test_keys_are_listed_rotated_and_revoked(database_url: str) -> None:
    enrolled(database_url)
    token = create(database_url, "--role", "integration", "--label", "App", "--days", "10")
    assert [(key["role"], key["state"], key["label"]) for key in listed(database_url)] == [
        ("OWNER", "ACTIVE", "owner"),
        ("STAFF", "ACTIVE", "staff"),
        ("TILL", "ACTIVE", "till"),
        ("INTEGRATION", "ACTIVE", "App"),
    ]
    (app,) = listed(database_url, "--role", "integration")
    newer = troth("keys", "rotate", app["id"], "--overlap-minutes", "5", url=database_url).strip()
    assert holder(database_url, newer).role is Role.INTEGRATION
    assert isinstance(found_caller(database_url, token, later=timedelta(minutes=4)), Caller)
    assert isinstance(found_caller(database_url, token, later=timedelta(minutes=6)), RejectedKey)
    assert "replaced" in troth("keys", "rotate", app["id"], url=database_url, code=1)
    _, successor = listed(database_url, "--role", "integration")
    assert successor["replaces"] == app["id"]
    assert "revoked" in troth("keys", "revoke", successor["id"], url=database_url)
    assert found_caller(database_url, newer) == RejectedKey(KeyRejection.REVOKED, successor["id"])
    printed = troth("keys", "list", url=database_url)
    assert "REVOKED" in printed
    assert token not in printed
