"""The customer that an argument of a query names; look-ups by an identity are charged, because identities can be guessed."""

from __future__ import annotations

from app.api.conventions.context import Context, bad_input
from app.api.customer_lookups import MISS_COST
from app.api.types.customers.customer import CustomerBy, customer_reference_of
from app.domain.customers.customer import CustomerReference
from app.domain.i18n.details import in_english
from app.domain.problems import Problem, ProblemCode


def customer_named_by(argument: CustomerBy, *, context: Context) -> CustomerReference | None:
    """The reference to the customer that an argument names; None for a malformed id, which no customer has.

    Raises BAD_USER_INPUT for a malformed identity.
    """
    reference = customer_reference_of(argument, context=context)
    if isinstance(reference, Problem):
        if reference.code is ProblemCode.INVALID_IDENTITY:
            raise bad_input(
                f"customer: {in_english(reference.detail) if reference.detail is not None else 'this identity is not accepted here'}"
            )
        return None
    if reference.kind is not None:
        context.lookups.charge(context.principal.key_id)
    return reference


def charge_miss(reference: CustomerReference, *, context: Context) -> None:
    """Charge a look-up that found no customer whom the caller may see (`app/api/customer_lookups.py`)."""
    if reference.kind is not None:
        context.lookups.charge(context.principal.key_id, MISS_COST - 1)
