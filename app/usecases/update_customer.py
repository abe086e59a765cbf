"""Change what is known of a customer: the date of birth, preferences, segments, the language."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.persons import Aspect, PersonError, born
from app.domain.problems import Problem, ProblemCode
from app.store import customers, persons
from app.store.customers import CustomerBy
from app.store.persons import Addressed as Addressed
from app.store.persons import Birthday as Birthday
from app.store.persons import PersonChange as PersonChange
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay


@dataclass(frozen=True, slots=True)
class CustomerUpdate:
    """What to replace of whom; `holder` is the customer (id) who asks, None where somebody of the shop does."""

    customer: CustomerBy
    change: PersonChange
    holder: str | None


async def update_customer(session: Session, *, call: Call, order: CustomerUpdate) -> Answer | Problem:
    """Replace what is given, leave the rest. Customers change themselves only, and no birthday that is known already."""
    if (known := await replay(session, call=call)) is not None:
        return known
    program = call.program.id
    customer = await customers.find(session, program_id=program, by=order.customer, lock=True)
    if customer is None or order.holder not in (None, customer.id):
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if order.change.birthday is not None:
        wrong = await _birthday_problem(session, call=call, customer_id=customer.id, order=order)
        if wrong is not None:
            return wrong
    await persons.change(session, program_id=program, customer_id=customer.id, change=order.change)
    return await keep(session, call=call, answer=Answer(customer_id=customer.id))


async def _birthday_problem(session: Session, *, call: Call, customer_id: str, order: CustomerUpdate) -> Problem | None:
    wanted = order.change.birthday.day if order.change.birthday is not None else None
    if wanted is not None:
        try:
            born(wanted, now=call.now, zone_name=call.program.zone)
        except PersonError as error:
            return Problem(ProblemCode.INVALID_INPUT, path=error.path, detail=error.message)
    if order.holder is None:
        return None
    person = await persons.of_customer(
        session, program_id=call.program.id, customer_id=customer_id, aspects={Aspect.BIRTHDAY}
    )
    if person.birthday in (None, wanted):
        return None
    return Problem(ProblemCode.BIRTHDAY_KNOWN, path=("birthday",))
