"""Enrol a customer: identities, a wallet, and the terms accepted that day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.domain.customers.customer import NewCustomer
from app.domain.customers.identities import IdentityKind
from app.domain.customers.profile import Preference, ProfileError, validate_birthday
from app.domain.i18n.readers import Locale
from app.domain.ledger.entries import Balance
from app.domain.problems import Problem, ProblemCode
from app.domain.units import Unit
from app.store.customers import customers, profiles
from app.store.database.session import Session
from app.store.terms import versions
from app.usecases.command import Answer, CommandContext, previous_result, remember_result


@dataclass(frozen=True, slots=True)
class EnrolCustomer:
    """A new customer: normalised identities (at least one), and optionally language, date of birth and preferences."""

    identities: tuple[tuple[IdentityKind, str], ...]
    locale: Locale | None
    birthday: date | None = None
    preferences: frozenset[Preference] = frozenset()


async def run(session: Session, *, context: CommandContext, command: EnrolCustomer) -> Answer | Problem:
    """Enrol a customer. An identity that belongs to a customer already is refused, and nothing is written."""
    if (known := await previous_result(session, context=context)) is not None:
        return known
    if command.birthday is not None:
        try:
            validate_birthday(command.birthday, now=context.now, zone_name=context.program.zone)
        except ProfileError as error:
            return Problem(ProblemCode.INVALID_INPUT, path=error.path, detail=error.message)
    taken = await customers.taken(session, identities=command.identities)
    if taken:
        return Problem(ProblemCode.IDENTITY_TAKEN, path=("identities", command.identities.index(taken[0])))
    in_force = await versions.in_force(session, at=context.now)
    customer = NewCustomer(
        id=context.new_id(),
        wallet_id=context.new_id(),
        account_id=context.new_id(),
        identities=tuple((context.new_id(), kind, value) for kind, value in command.identities),
        locale=command.locale,
        accepted_terms_version=in_force.version if in_force is not None else None,
        enrolled_at=context.now,
        birthday=command.birthday,
    )
    await customers.enrol(session, customer=customer)
    await profiles.put_preferences(session, customer_id=customer.id, preferences=command.preferences)
    answer = Answer(customer_id=customer.id, balances={Unit.POINTS: Balance()})
    return await remember_result(session, context=context, answer=answer)
