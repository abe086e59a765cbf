"""enrolCustomer: a new customer joins the program."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.conventions.scalars import Locale
from app.api.mutations.customers.update_customer import PreferenceInput, preferences_of, profile_problem
from app.api.mutations.payload_objects import BalancesPayload, WithCustomer
from app.api.types.customers.customer import identity_of
from app.api.types.ledger.balance import Balance
from app.domain.access import Permission
from app.domain.customers.identities import IdentityError
from app.domain.customers.profile import MAX_PREFERENCES, ProfileError
from app.domain.details import count_detail, detail_of
from app.domain.i18n.locales import locale_for
from app.domain.problems import Problem, ProblemCode
from app.usecases.customers import enrol_customer
from app.usecases.customers.enrol_customer import EnrolCustomer, EnrolCustomerResult


@strawberry.input(one_of=True, description="Something to recognise the customer by.")
class IdentityInput:
    """Exactly one of these."""

    card: str | None = strawberry.field(default=strawberry.UNSET, description="Card number, 1 to 64 characters.")
    phone: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Telephone number in digits, spaced as you like, without an extension; without a country code, it belongs to the program's region.",
    )
    email: str | None = strawberry.field(default=strawberry.UNSET, description="E-mail address.")
    token: str | None = strawberry.field(default=strawberry.UNSET, description="Token of an app or QR code.")
    external_id: str | None = strawberry.field(default=strawberry.UNSET, description="Id in another system.")


@strawberry.input(description="A customer to enrol.")
class EnrolCustomerInput(CommandInput):
    """What is known of the customer who joins."""

    identities: list[IdentityInput] = strawberry.field(
        description="1 to 10, each new in the program. The customer accepts the terms in force."
    )
    locale: Locale | None = strawberry.field(default=None, description="The language to address the customer in.")
    birthday: date | None = strawberry.field(
        default=None, description="The date of birth, from 1900 to today, if the customer states it."
    )
    preferences: list[PreferenceInput] | None = strawberry.field(
        default=None, description=f"The preferences that the customer states, at most {MAX_PREFERENCES}."
    )


@strawberry.type(description="Result of `enrolCustomer`.")
class EnrolCustomerPayload(BalancesPayload[EnrolCustomerResult], WithCustomer[EnrolCustomerResult]):
    """The new customer."""

    balances: list[Balance] = strawberry.field(default_factory=list, description="The balances of the new wallet.")


async def resolve(
    info: Info,
    input: Annotated[EnrolCustomerInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> EnrolCustomerPayload | None:
    """Enrol a customer with a wallet of their own."""
    return await mutate(
        EnrolCustomerPayload,
        enrol_customer.run,
        _command(input, context=info.context),
        permission=Permission.ENROL,
        input=input,
        info=info,
    )


def _command(input: EnrolCustomerInput, *, context: Context) -> EnrolCustomer | Problem:
    if not 1 <= len(input.identities) <= 10:
        return Problem(ProblemCode.INVALID_INPUT, path=("identities",), detail=count_detail(1, 10))
    identities = []
    for index, identity_input in enumerate(input.identities):
        try:
            identity = identity_of(identity_input, context=context)
        except IdentityError as error:
            return Problem(ProblemCode.INVALID_IDENTITY, path=("identities", index), detail=error.detail)
        if identity in identities:
            return Problem(ProblemCode.INVALID_IDENTITY, path=("identities", index), detail=detail_of("REPEATED"))
        identities.append(identity)
    locale = locale_for(input.locale) if input.locale is not None else None
    try:
        preferences = preferences_of(input.preferences or ())
    except ProfileError as error:
        return profile_problem(error)
    return EnrolCustomer(identities=tuple(identities), locale=locale, birthday=input.birthday, preferences=preferences)
