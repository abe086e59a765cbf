"""Change a customer's date of birth, preferences, segments or language."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.customers.customer import CustomerReference
from app.domain.customers.profile import ProfileChange, ProfileError, ProfilePart, validate_birthday
from app.domain.problems import Problem, ProblemCode
from app.store.customers import customers, profiles
from app.store.database.session import Session
from app.usecases.command import CommandContext, use_case
from app.usecases.results import CommandResult, stored_as


@dataclass(frozen=True, slots=True)
class UpdateCustomer:
    """The customer and what to replace; `holder` is the customer (id) who requests it, None for staff."""

    customer: CustomerReference
    change: ProfileChange
    holder: str | None


@stored_as("customer_updated")
@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCustomerResult(CommandResult):
    """The customer whose profile was changed."""

    customer_id: str


@use_case(UpdateCustomerResult)
async def run(session: Session, *, context: CommandContext, command: UpdateCustomer) -> UpdateCustomerResult | Problem:
    """Replace the given fields and leave the rest. Customers change only their own profile, and no birthday that is known already."""
    customer = await customers.find(session, by=command.customer, lock=True)
    if customer is None or command.holder not in (None, customer.id):
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if command.change.birthday is not None:
        problem = await _birthday_problem(session, context=context, customer_id=customer.id, command=command)
        if problem is not None:
            return problem
    await profiles.update(session, customer_id=customer.id, change=command.change)
    return UpdateCustomerResult(customer_id=customer.id)


async def _birthday_problem(
    session: Session, *, context: CommandContext, customer_id: str, command: UpdateCustomer
) -> Problem | None:
    new_birthday = command.change.birthday.day if command.change.birthday is not None else None
    if new_birthday is not None:
        try:
            validate_birthday(new_birthday, now=context.now, zone_name=context.program.zone)
        except ProfileError as error:
            return Problem(ProblemCode.INVALID_INPUT, path=error.path, detail=error.detail)
    if command.holder is None:
        return None
    profile = await profiles.of_customer(session, customer_id=customer_id, aspects={ProfilePart.BIRTHDAY})
    if profile.birthday in (None, new_birthday):
        return None
    return Problem(ProblemCode.BIRTHDAY_KNOWN, path=("birthday",))
