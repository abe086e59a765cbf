"""Enrol a customer: identities, a wallet, and the terms accepted that day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.domain.customers.customer import NewCustomer
from app.domain.customers.identities import IdentityKind
from app.domain.customers.profile import Preference, ProfileError, validate_birthday
from app.domain.i18n.locales import Locale
from app.domain.ledger.entries import Balance
from app.domain.problems import Problem, ProblemCode
from app.domain.units import Unit
from app.store.customers import customers, profiles
from app.store.database.session import Session
from app.store.terms import versions
from app.usecases.command import CommandContext, use_case
from app.usecases.results import CommandResult, stored_as


@dataclass(frozen=True, slots=True)
class EnrolCustomer:
    """A new customer: normalised identities (at least one), and optionally language, date of birth and preferences."""

    identities: tuple[tuple[IdentityKind, str], ...]
    locale: Locale | None
    birthday: date | None = None
    preferences: frozenset[Preference] = frozenset()


@stored_as("customer_enrolled")
@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolCustomerResult(CommandResult):
    """The new customer, and the balances of the new wallet."""

    customer_id: str
    balances: Mapping[Unit, Balance]


@use_case(EnrolCustomerResult)
async def run(session: Session, *, context: CommandContext, command: EnrolCustomer) -> EnrolCustomerResult | Problem:
    """Enrol a customer. Rejected if an identity belongs to a customer already."""
    if command.birthday is not None:
        try:
            validate_birthday(command.birthday, now=context.now, zone_name=context.program.zone)
        except ProfileError as error:
            return Problem(ProblemCode.INVALID_INPUT, path=error.path, detail=error.detail)
    taken_identities = await customers.taken_identities(session, identities=command.identities)
    if taken_identities:
        return Problem(ProblemCode.IDENTITY_TAKEN, path=("identities", command.identities.index(taken_identities[0])))
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
    return EnrolCustomerResult(customer_id=customer.id, balances={Unit.POINTS: Balance()})
