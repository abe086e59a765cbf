"""Enrol a customer: identities, a wallet, and the terms accepted that day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.domain.identities import IdentityKind
from app.domain.ledger import Balance
from app.domain.persons import PersonError, Preference, born
from app.domain.problems import Problem, ProblemCode
from app.domain.units import Unit
from app.domain.wording import Locale
from app.store import customers, persons, terms
from app.store.customers import NewCustomer
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who joins: normalised identities (at least one), and what else they tell: language, date of birth, preferences."""

    identities: tuple[tuple[IdentityKind, str], ...]
    locale: Locale | None
    birthday: date | None = None
    preferences: frozenset[Preference] = frozenset()


async def enrol(session: Session, *, call: Call, order: Enrolment) -> Answer | Problem:
    """Open a membership. An identity that belongs to a customer already is refused, and nothing is written."""
    if (known := await replay(session, call=call)) is not None:
        return known
    if order.birthday is not None:
        try:
            born(order.birthday, now=call.now, zone_name=call.program.zone)
        except PersonError as error:
            return Problem(ProblemCode.INVALID_INPUT, path=error.path, detail=error.message)
    taken = await customers.taken(session, program_id=call.program.id, identities=order.identities)
    if taken:
        return Problem(ProblemCode.IDENTITY_TAKEN, path=("identities", order.identities.index(taken[0])))
    in_force = await terms.in_force(session, program_id=call.program.id, at=call.now)
    customer = NewCustomer(
        id=call.new_id(),
        wallet_id=call.new_id(),
        account_id=call.new_id(),
        identities=tuple((call.new_id(), kind, value) for kind, value in order.identities),
        locale=order.locale,
        accepted_terms_version=in_force.version if in_force is not None else None,
        enrolled_at=call.now,
        birthday=order.birthday,
    )
    await customers.enrol(session, program_id=call.program.id, customer=customer)
    await persons.put_preferences(
        session, program_id=call.program.id, customer_id=customer.id, preferences=order.preferences
    )
    answer = Answer(customer_id=customer.id, balances={Unit.POINTS: Balance()})
    return await keep(session, call=call, answer=answer)
