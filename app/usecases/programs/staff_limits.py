"""Limits of what staff and tills may do by hand, checked in the transaction of the change; the owner has no limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from fractions import Fraction

from app.domain.access import Role
from app.domain.amounts import Money, Rounding, rounded
from app.domain.calendar import day_start, local_date
from app.domain.decisions import Decision
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.staff_limits import StaffBudget
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import Purchase
from app.domain.units import Unit
from app.store.database.session import Session
from app.store.programs import access_keys, staff_budgets
from app.store.purchases import corrections
from app.usecases.command import CommandContext


def has_staff_budget(context: CommandContext) -> bool:
    """Does this command count towards a staff budget? Staff have one; the owner and the `troth` command have none."""
    return context.principal is not None and context.principal.role is Role.STAFF


async def budget_problem(
    session: Session, *, context: CommandContext, budget: StaffBudget, moved: Mapping[Unit, int], path: tuple[str, ...]
) -> Problem | None:
    """The problem with a movement above the rest of the access key's daily budget, or None.

    `moved` is what would be moved, without sign. The access key stays locked until the transaction ends, so accounts must be
    locked before.
    """
    requested = {unit: points for unit, points in moved.items() if points}
    if context.principal is None or not has_staff_budget(context) or not requested:
        return None
    program, key_id = context.program, context.principal.key_id
    await access_keys.lock(session, access_key_id=key_id)
    today = local_date(context.now, zone_name=program.zone)
    used_today = await staff_budgets.used_by_unit(
        session,
        access_key_id=key_id,
        budget=budget,
        since=day_start(today, zone_name=program.zone),
        until=day_start(today + timedelta(days=1), zone_name=program.zone),
    )
    limit = program.staff_limits.daily_limit(budget)
    for unit, points in requested.items():
        if used_today[unit] + points > limit:
            remaining = max(limit - used_today[unit], 0)
            wrong = detail_of("ABOVE_DAY_LIMIT", asked=points, left=remaining, limit=limit)
            return Problem(ProblemCode.ABOVE_LIMIT, path=path, detail=wrong)
    return None


def points_changed(before: Decision, after: Decision) -> dict[Unit, int]:
    """By unit, how much more or less an amended receipt earns, without sign."""
    return {unit: abs(after.amount(unit) - before.amount(unit)) for unit in Unit}


def points_carried(before: Decision, after: Decision) -> dict[Unit, int]:
    """By unit, what is moved with a purchase: what it had earned or, if that is more, what it earns for the new customer."""
    return {unit: max(before.amount(unit), after.amount(unit)) for unit in Unit}


async def till_limit_problem(
    session: Session, *, context: CommandContext, purchase: Purchase, amended: PurchaseFacts
) -> Problem | None:
    """The problem with an amendment that is too old or too large for a till, or None.

    All changes that tills made to the receipt count together. The customer's account must be locked.
    """
    if context.principal is None or context.principal.role is not Role.TILL:
        return None
    limits = context.program.staff_limits
    if context.now - purchase.occurred_at > limits.amendment_age:
        wrong = detail_of("TILL_AGE", days=limits.amendment_days)
        return Problem(ProblemCode.ABOVE_LIMIT, path=("purchase", "externalId"), detail=wrong)
    earlier_amendments = await corrections.amendments(session, purchase_id=purchase.id)
    totals = [*(amendment.total for amendment in earlier_amendments), purchase.total.minor]
    made_by_till = [amendment.amender_role is Role.TILL for amendment in earlier_amendments]
    changed_by_tills = sum(abs(after - before) for before, after, by_till in _changes(totals, made_by_till) if by_till)
    total_change = changed_by_tills + abs(amended.total().minor - purchase.total.minor)
    max_change = limits.max_amendment(total=_in_program_currency(totals[0], facts=purchase.facts))
    if _in_program_currency(total_change, facts=purchase.facts).minor <= max_change.minor:
        return None
    remaining = max(max_change.minor - _in_program_currency(changed_by_tills, facts=purchase.facts).minor, 0)
    wrong = detail_of("TILL_CHANGE", most=max_change, left=Money(remaining, max_change.currency))
    return Problem(ProblemCode.ABOVE_LIMIT, path=("purchase", "lines"), detail=wrong)


def _changes(totals: Sequence[int], made_by_till: Sequence[bool]) -> list[tuple[int, int, bool]]:
    """The total before and after each change, and whether a till made it."""
    return list(zip(totals[:-1], totals[1:], made_by_till, strict=True))


def _in_program_currency(minor: int, *, facts: PurchaseFacts) -> Money:
    """An amount of a receipt in the program's currency."""
    if facts.exchange_rate is None:
        return Money(minor, facts.currency)
    exact = minor * Fraction(facts.exchange_rate.factor(foreign_currency=facts.currency))
    return Money(rounded(exact, mode=Rounding.HALF_UP), facts.exchange_rate.target_currency)
