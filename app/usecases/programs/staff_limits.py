"""Limits of what staff and tills may do by hand, checked in the transaction that does it; the owner has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from fractions import Fraction

from app.domain.access import Role
from app.domain.amounts import Money, Rounding, rounded
from app.domain.calendar import day_start, local_date
from app.domain.decisions import Decision
from app.domain.details import detail
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

    `moved` is what would be moved, without sign. Until the transaction ends no other one moves anything with the key,
    so this must come after every lock on an account.
    """
    requested = {unit: points for unit, points in moved.items() if points}
    if context.principal is None or not has_staff_budget(context) or not requested:
        return None
    program, key_id = context.program, context.principal.key_id
    await access_keys.lock(session, access_key_id=key_id)
    today = local_date(context.now, zone_name=program.zone)
    used = await staff_budgets.used_by_unit(
        session,
        access_key_id=key_id,
        budget=budget,
        since=day_start(today, zone_name=program.zone),
        until=day_start(today + timedelta(days=1), zone_name=program.zone),
    )
    limit = program.staff_limits.daily(budget)
    for unit, points in requested.items():
        if used[unit] + points > limit:
            left = max(limit - used[unit], 0)
            wrong = detail("ABOVE_DAY_LIMIT", asked=points, left=left, limit=limit)
            return Problem(ProblemCode.ABOVE_LIMIT, path=path, detail=wrong)
    return None


def points_changed(before: Decision, after: Decision) -> dict[Unit, int]:
    """The difference in what an amended receipt earns, without sign."""
    return {unit: abs(after.amount(unit) - before.amount(unit)) for unit in Unit}


def points_carried(before: Decision, after: Decision) -> dict[Unit, int]:
    """What a moved purchase carries along: what it had earned, or what it earns for the new customer where that is more."""
    return {unit: max(before.amount(unit), after.amount(unit)) for unit in Unit}


async def till_limit_problem(
    session: Session, *, context: CommandContext, purchase: Purchase, amended: PurchaseFacts
) -> Problem | None:
    """The problem with an amendment that is too old or too large for a till, or None.

    All changes that tills made to the receipt count together. The customer's account must be locked.
    """
    if context.principal is None or context.principal.role is not Role.TILL:
        return None
    staff = context.program.staff_limits
    if context.now - purchase.occurred_at > staff.amendment_age:
        wrong = detail("TILL_AGE", days=staff.amendment_days)
        return Problem(ProblemCode.ABOVE_LIMIT, path=("purchase", "externalId"), detail=wrong)
    earlier = await corrections.amendments(session, purchase_id=purchase.id)
    totals = [*(total.total for total in earlier), purchase.total.minor]
    tills = [total.by_role is Role.TILL for total in earlier]
    already = sum(abs(after - before) for before, after, by_till in _steps(totals, tills) if by_till)
    total_change = already + abs(amended.total().minor - purchase.total.minor)
    most = staff.max_amendment(total=_counted(totals[0], of=purchase.facts))
    if _counted(total_change, of=purchase.facts).minor <= most.minor:
        return None
    left = max(most.minor - _counted(already, of=purchase.facts).minor, 0)
    wrong = detail("TILL_CHANGE", most=most, left=Money(left, most.currency))
    return Problem(ProblemCode.ABOVE_LIMIT, path=("purchase", "lines"), detail=wrong)


def _steps(totals: Sequence[int], tills: Sequence[bool]) -> list[tuple[int, int, bool]]:
    """The total before and after each change, and whether a till made it."""
    return list(zip(totals[:-1], totals[1:], tills, strict=True))


def _counted(minor: int, *, of: PurchaseFacts) -> Money:
    """An amount of a receipt in the program's currency."""
    if of.exchange_rate is None:
        return Money(minor, of.currency)
    exact = minor * Fraction(of.exchange_rate.factor(foreign=of.currency))
    return Money(rounded(exact, mode=Rounding.HALF_UP), of.exchange_rate.into)
