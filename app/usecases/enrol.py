"""Enrol a customer: identities, a wallet, and the terms accepted that day."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.identities import IdentityKind
from app.domain.ledger import Balance
from app.domain.problems import Problem, ProblemCode
from app.domain.wording import Locale
from app.store import customers, terms
from app.store.customers import NewCustomer
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay

UNIT = "points"
"""The one point unit that a program has."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who joins: normalised identities (at least one) and the language to be addressed in, if known."""

    identities: tuple[tuple[IdentityKind, str], ...]
    locale: Locale | None


async def enrol(session: Session, *, call: Call, order: Enrolment) -> Answer | Problem:
    """Open a membership. An identity that belongs to a customer already is refused, and nothing is written."""
    if (known := await replay(session, call=call)) is not None:
        return known
    taken = await customers.taken(session, program_id=call.program.id, identities=order.identities)
    if taken:
        return Problem(ProblemCode.IDENTITY_TAKEN, path=("identities", order.identities.index(taken[0])))
    in_force = await terms.in_force(session, program_id=call.program.id, at=call.now)
    customer = NewCustomer(
        id=call.new_id(),
        wallet_id=call.new_id(),
        account_id=call.new_id(),
        unit=UNIT,
        identities=tuple((call.new_id(), kind, value) for kind, value in order.identities),
        locale=order.locale,
        accepted_terms_version=in_force.version if in_force is not None else None,
        enrolled_at=call.now,
    )
    await customers.enrol(session, program_id=call.program.id, customer=customer)
    return await keep(session, call=call, answer=Answer(customer_id=customer.id, balance=Balance()))
