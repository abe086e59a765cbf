"""The made-up customers of `troth demo`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.cli.runtime import exit_after_printing
from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.problems import Problem
from app.domain.programs.program import Program
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.lines import Line
from app.domain.units import Unit
from app.pages.people import MadeUpPerson
from app.usecases.application import Application
from app.usecases.command import CommandType, UseCase
from app.usecases.customers import enrol_customer
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.purchases import record_purchase
from app.usecases.purchases.commands import RecordPurchase, RecordPurchaseResult
from app.usecases.results import ResultType

CAKESTANDS: Mapping[MadeUpPerson, int] = {
    MadeUpPerson("Ada", "4006381333931"): 2,
    MadeUpPerson("Ben", "4000417025005"): 10,
    MadeUpPerson("Mei", "4902430698009"): 45,
}
"""How many cakestands, at £12.75, each person has bought: Ada too few for a reward, Ben enough for a coffee, Mei for a mug."""

PEOPLE = tuple(CAKESTANDS)
ADA, BEN, MEI = PEOPLE

TO_TRY: Mapping[MadeUpPerson, str] = {
    ADA: "Redeem a coffee for her: it is refused, and says what is missing.",
    BEN: "Redeem a coffee for him, then undo it.",
    MEI: "She has a key of her own: run InApp with it, then Fulfil as the till.",
}
"""What to try with each person; the names are those of GraphiQL's examples."""


@dataclass(frozen=True, slots=True)
class EnrolledPerson:
    """A made-up person who is a customer now, with their points."""

    person: MadeUpPerson
    customer_id: str
    points: int


async def enrol_people(application: Application, *, program: Program) -> list[EnrolledPerson]:
    """Enrol the made-up people and record what each of them bought."""
    people = []
    for person, cakestands in CAKESTANDS.items():
        enrolment = await _execute_or_exit(
            enrol_customer.run,
            name="enrolCustomer",
            key=person.card,
            command=EnrolCustomer(identities=((IdentityKind.CARD, person.card),), locale=None),
            application=application,
            program=program,
        )
        line = Line(
            number=1, sku="22423", quantity=Decimal(cakestands), unit_price=1275, name="REGENCY CAKESTAND 3 TIER"
        )
        facts = PurchaseFacts(
            occurred_at=application.now(program), zone=program.zone, currency=program.currency, lines=(line,)
        )
        customer = CustomerReference(person.card, IdentityKind.CARD)
        purchase_result = await _execute_or_exit(
            record_purchase.run,
            name="recordPurchase",
            key=person.card,
            command=RecordPurchase(customer=customer, external_id=f"demo-{person.card}", facts=facts),
            application=application,
            program=program,
        )
        assert isinstance(purchase_result, RecordPurchaseResult), purchase_result
        people.append(EnrolledPerson(person, enrolment.customer_id, purchase_result.balances[Unit.POINTS].available))
    return people


async def _execute_or_exit(
    use_case: UseCase[CommandType, ResultType],
    *,
    name: str,
    key: str,
    command: CommandType,
    application: Application,
    program: Program,
) -> ResultType:
    execution = await application.execute(
        use_case,
        name=name,
        program=program,
        principal=None,
        key=f"demo:{name}:{key}",
        fingerprint_input=name,
        command=command,
    )
    if isinstance(execution, Problem):
        raise exit_after_printing(f"the demo cannot start: {execution.code.value}")
    return execution.result
