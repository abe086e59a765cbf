"""The customer that an argument of a query names; each look-up by what can be guessed is counted."""

from __future__ import annotations

from app.api.conventions.context import Context, bad_input
from app.api.customer_lookups import MISS_COST
from app.api.types.customers.customer import CustomerBy, customer_by
from app.domain.customers.customer import CustomerReference
from app.domain.i18n.details import in_english
from app.domain.problems import Problem, ProblemCode


def customer_named_by(argument: CustomerBy, *, context: Context) -> CustomerReference | None:
    """The customer that an argument names; None where the field answers null. Raises BAD_USER_INPUT for a malformed identity."""
    by = customer_by(argument, context=context)
    if isinstance(by, Problem):
        if by.code is ProblemCode.INVALID_IDENTITY:
            raise bad_input(f"customer: {in_english(by.detail) if by.detail is not None else 'not taken here'}")
        return None
    if by.kind is not None:
        context.lookups.charge(context.principal.key_id)
    return by


def charge_miss(by: CustomerReference, *, context: Context) -> None:
    """Count that nobody was found whom the caller may see; see `app/api/customer_lookups.py`."""
    if by.kind is not None:
        context.lookups.charge(context.principal.key_id, MISS_COST - 1)
