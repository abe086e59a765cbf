"""updateCustomer: the profile or the language of a customer changes. Also the input for preferences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Self

import strawberry

from app.api.conventions.canonical_json import canonical_json
from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.conventions.scalars import Locale
from app.api.mutations.payload_objects import WithCustomer
from app.api.types.customers.customer import CustomerBy, customer_reference_of
from app.domain.access import Permission
from app.domain.customers import profile
from app.domain.customers.profile import (
    MAX_PREFERENCES,
    MAX_SEGMENTS,
    BirthdayChange,
    LocaleChange,
    PreferenceKind,
    ProfileChange,
    ProfileError,
)
from app.domain.i18n.locales import locale_for
from app.domain.problems import Problem, ProblemCode
from app.usecases.customers import update_customer
from app.usecases.customers.update_customer import UpdateCustomer, UpdateCustomerResult


@strawberry.input(description="Something that a customer likes, eats or wears.")
class PreferenceInput:
    """A kind and a value."""

    kind: PreferenceKind = strawberry.field(description="What the preference is about.")
    value: str = strawberry.field(description="In the customer's spelling, 1 to 60 characters.")


@strawberry.input(
    description="What to change about a customer: a value replaces the present one, null removes it, and a field that is left out stays as it is."
)
class UpdateCustomerInput(CommandInput):
    """Tills may change preferences only; customers not their segments, and their birthday only if none is known."""

    customer: CustomerBy = strawberry.field(
        description="The customer to update. A customer's own key can only update that customer."
    )
    birthday: date | None = strawberry.field(
        default=strawberry.UNSET,
        description="The date of birth, from 1900 to today. For owner and staff; for a customer while none is known.",
    )
    preferences: list[PreferenceInput] | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"All preferences of the customer, at most {MAX_PREFERENCES}. For owner, staff, tills and the customer.",
    )
    segments: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"All groups that the customer is in, at most {MAX_SEGMENTS}: keys of a-z, 0-9 and dashes, 1 to 40 characters. For owner and staff.",
    )
    locale: Locale | None = strawberry.field(
        default=strawberry.UNSET,
        description="The language to address the customer in. For owner, staff and the customer.",
    )


@strawberry.type(description="Result of `updateCustomer`.")
class UpdateCustomerPayload(WithCustomer[UpdateCustomerResult]):
    """The customer with the changes."""

    @classmethod
    async def of(cls, result: UpdateCustomerResult, *, command: Any, context: Context) -> Self:
        """The payload of a command that was carried out."""
        return cls(result=result)


async def resolve(
    info: Info,
    input: Annotated[UpdateCustomerInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> UpdateCustomerPayload | None:
    """Replace the fields that were sent; null clears a field."""
    info.context.require(Permission.STATE_PREFERENCES)
    is_customer = info.context.principal.customer_id is not None
    sent_fields = {name for name in _PROFILE_FIELDS if getattr(input, name) is not strawberry.UNSET}
    if sent_fields - (_CUSTOMER_FIELDS if is_customer else _TILL_FIELDS):
        info.context.require(Permission.UPDATE_PROFILES)
    return await mutate(
        UpdateCustomerPayload,
        update_customer.run,
        _command(input, sent_fields=sent_fields, context=info.context),
        permission=Permission.STATE_PREFERENCES,
        input=input,
        fingerprint_input={
            **canonical_json(input),
            **{name: None for name in sent_fields if getattr(input, name) is None},
        },
        info=info,
    )


_PROFILE_FIELDS = ("birthday", "preferences", "segments", "locale")
_TILL_FIELDS = {"preferences"}
_CUSTOMER_FIELDS = {"birthday", "preferences", "locale"}


def _command(input: UpdateCustomerInput, *, sent_fields: set[str], context: Context) -> UpdateCustomer | Problem:
    customer = customer_reference_of(input.customer, context=context)
    if isinstance(customer, Problem):
        return customer
    try:
        segments = profile.parse_segments(input.segments or ()) if "segments" in sent_fields else None
        preferences = preferences_of(input.preferences or ()) if "preferences" in sent_fields else None
    except ProfileError as error:
        return profile_problem(error)
    change = ProfileChange(
        birthday=BirthdayChange(input.birthday) if "birthday" in sent_fields else None,
        segments=segments,
        preferences=preferences,
        locale=LocaleChange(locale_for(input.locale) if input.locale else None) if "locale" in sent_fields else None,
    )
    return UpdateCustomer(customer=customer, change=change, holder=context.principal.customer_id)


def preferences_of(inputs: Sequence[PreferenceInput]) -> frozenset[profile.Preference]:
    """The preferences of an input. Raises ProfileError."""
    return profile.parse_preferences((preference.kind, preference.value) for preference in inputs)


def profile_problem(error: ProfileError) -> Problem:
    """The problem for an invalid profile field."""
    path: tuple[Any, ...] = error.path
    return Problem(ProblemCode.INVALID_INPUT, path=path, detail=error.detail)
