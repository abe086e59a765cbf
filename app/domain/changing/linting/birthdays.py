"""Birthday gifts that can be had several times a year."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.calendar import Period, local_date
from app.domain.changing.linting.finding import Finding, LintCode
from app.domain.conditions.birthday_window import BirthdayWindow
from app.domain.effects.bonus_points import BonusPoints
from app.domain.effects.reward_cost import RewardCost
from app.domain.effects.stamps import Stamps
from app.domain.terms import Clause, Terms


def more_than_once_a_year(clause: Clause, *, terms: Terms) -> Iterator[Finding]:
    """A birthday gift without its limit: it is promised once a calendar year, whatever is edited."""
    gift = isinstance(clause.effect, BonusPoints | Stamps | RewardCost)
    limit = clause.limit
    once = limit is not None and limit.times == 1 and limit.period in (Period.YEAR, Period.EVER)
    if gift and not once and any(isinstance(one, BirthdayWindow) for one in clause.conditions):
        day = local_date(terms.effective_from, zone_name=terms.zone)
        yield Finding(LintCode.MORE_THAN_ONCE_A_YEAR, clause, dates={"first": day})
