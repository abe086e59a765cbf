"""Rewards that cannot be reached, that leave no choice, or that are not described."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction

from app.domain.terms.clause import Clause
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_validity import ValidityStart
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.lint.finding import DAYS_OF_A_MONTH, CatalogueReward, LintCode, LintFinding, VisitStatistics
from app.domain.terms.version import Terms
from app.domain.units import Unit

_VARIANT = re.compile(r"(.*[0-9])[A-Za-z]{1,2}")
"""A stock code whose last letters tell variants of one article apart, as in 85123A and 85123B."""


def reward_findings(
    clause: Clause, *, terms: Terms, statistics: VisitStatistics, catalogue: Mapping[str, CatalogueReward]
) -> Iterator[LintFinding]:
    """Findings about the reward of a clause."""
    cost_effect = clause.effect
    if not isinstance(cost_effect, RewardCost):
        return
    name = cost_effect.name or cost_effect.reward
    reward = catalogue.get(cost_effect.reward, CatalogueReward(name=name))
    yield from _reward_out_of_reach(clause, cost_effect, terms=terms, statistics=statistics)
    yield from _missing_variants(clause, reward, statistics=statistics)
    yield from _cash_not_stated(clause, cost_effect, reward, name=name)
    if not reward.has_picture:
        yield LintFinding(LintCode.REWARD_WITHOUT_PICTURE, clause, texts={"reward": name})
    if reward.description.strip().casefold() in ("", reward.name.strip().casefold()):
        yield LintFinding(LintCode.REWARD_WITHOUT_DESCRIPTION, clause, texts={"reward": name})


def _reward_out_of_reach(
    clause: Clause, cost_effect: RewardCost, *, terms: Terms, statistics: VisitStatistics
) -> Iterator[LintFinding]:
    """A finding if the median customer cannot collect the price within the longest validity of the points."""
    days = _spendable_days(terms)
    if days is None or statistics.median_points_per_month is None or cost_effect.unit is not Unit.POINTS:
        return
    if statistics.median_points_per_month * days >= cost_effect.points * DAYS_OF_A_MONTH:
        return
    if statistics.median_points_per_month <= 0:
        yield LintFinding(LintCode.REWARD_OUT_OF_REACH, clause, "never", numbers={"points": cost_effect.points})
        return
    needed_days = (Fraction(cost_effect.points * DAYS_OF_A_MONTH) / statistics.median_points_per_month).__ceil__()
    numbers = {
        "points": cost_effect.points,
        "pace": statistics.median_points_per_month.__floor__(),
        "days": days,
        "needed": needed_days,
    }
    yield LintFinding(LintCode.REWARD_OUT_OF_REACH, clause, numbers=numbers)


def _spendable_days(terms: Terms) -> int | None:
    """The most days for which points can be spent; None if there is no limit, or activity extends it."""
    validity = terms.validity
    if validity.never_expires or validity.since is ValidityStart.ACTIVITY:
        return None
    runs_while_pending = PendingPeriod in terms.policy_clauses and validity.since is ValidityStart.EARNING
    return max(0, validity.most_days - (terms.policy_effect(PendingPeriod).days if runs_while_pending else 0))


def _missing_variants(clause: Clause, reward: CatalogueReward, *, statistics: VisitStatistics) -> Iterator[LintFinding]:
    """A finding if a reward offers no choice although customers buy its article in several variants."""
    codes = () if reward.variants else _variant_codes(reward, sold_articles=statistics.sold_articles)
    if len(codes) > 1:
        yield LintFinding(LintCode.NO_VARIANT_CHOICE, clause, texts={"one": codes[0], "other": codes[1]})


def _variant_codes(reward: CatalogueReward, *, sold_articles: frozenset[tuple[str, str]]) -> tuple[str, ...]:
    """The stock codes, sorted, under which variants of the reward's article or goods with its name were bought."""
    if reward.article is None:
        names, article_code = {reward.name.casefold()}, None
    else:
        names, article_code = (
            {name.casefold() for code, name in sold_articles if code == reward.article and name},
            _article_code(reward.article),
        )
    codes = {code for code, name in sold_articles if name.casefold() in names or _article_code(code) == article_code}
    return tuple(sorted(codes))


def _article_code(code: str) -> str:
    """The stock code of the article, without the letters of the variant."""
    variant = _VARIANT.fullmatch(code)
    return code if variant is None else variant[1]


def _cash_not_stated(
    clause: Clause, cost_effect: RewardCost, reward: CatalogueReward, *, name: str
) -> Iterator[LintFinding]:
    """A finding if the catalogue asks for money in addition to points, and the clause states no amount or another one."""
    if reward.cash_part is None or reward.cash_part == cost_effect.cash:
        return
    amounts = {"due": reward.cash_part}
    if cost_effect.cash is None:
        yield LintFinding(LintCode.CASH_NOT_STATED, clause, texts={"reward": name}, amounts=amounts)
    else:
        amounts["said"] = cost_effect.cash
        yield LintFinding(LintCode.CASH_NOT_STATED, clause, "other", texts={"reward": name}, amounts=amounts)
