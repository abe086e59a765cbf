"""Validation of drafted clauses."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from app.domain import names
from app.domain.amounts import Money
from app.domain.details import Detail, InvalidFieldError, count_detail, detail_of, key_detail
from app.domain.terms.conditions.at_till import AtTill
from app.domain.terms.conditions.budget import Budget
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.groups import Group, depth, leaves
from app.domain.terms.conditions.locations import Locations
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.effects.effect import ClauseKind, Earning, Effect, Extra
from app.domain.terms.effects.points_cap import PointsCap
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod

MAX_CLAUSES = 200
MAX_CONDITIONS = 20
MAX_NESTED_CONDITIONS = 50
MAX_GROUP_DEPTH = 3
"""How deep groups may be nested."""
MAX_TIERS = 10

_KEY = re.compile(r"[a-z0-9-]{1,40}")

DraftedClause = tuple[str, Sequence[Condition], Effect]
"""Key, conditions and effect, before the clause has its number."""


class TermsError(InvalidFieldError):
    """An invalid draft; `path` leads to the error."""

    path: tuple[str, ...]

    def __init__(self, path: tuple[str, ...], detail: Detail) -> None:
        super().__init__(path, detail)


class UnenforcedClauseError(TermsError):
    """A clause that this version of Troth does not enforce."""


class UnknownRewardError(TermsError):
    """A clause prices a reward that is not in the catalogue."""


class UnknownLocationError(TermsError):
    """A condition names an unknown location."""


def with_names(
    clauses: Sequence[DraftedClause], *, rewards: Mapping[str, str], locations: Mapping[str, str]
) -> list[DraftedClause]:
    """The clauses with the names of rewards and locations filled in.

    Raises UnknownRewardError and UnknownLocationError.
    """
    named_clauses: list[DraftedClause] = []
    for index, (key, conditions, effect) in enumerate(clauses):
        path = ("clauses", str(index))
        named_conditions = tuple(
            _with_location_names(condition, locations=locations, path=(*path, "conditions", str(condition_index)))
            for condition_index, condition in enumerate(conditions)
        )
        if isinstance(effect, RewardCost):
            if effect.reward not in rewards:
                raise UnknownRewardError((*path, "effect"), detail_of("UNKNOWN_REWARD", reward=effect.reward))
            named_clauses.append((key, named_conditions, replace(effect, name=rewards[effect.reward])))
        else:
            named_clauses.append((key, named_conditions, effect))
    return named_clauses


def with_calendars(clauses: Sequence[DraftedClause], *, zone: str, zones: Collection[str]) -> list[DraftedClause]:
    """The clauses, with the program's zone as the calendar of their periods if locations are in other zones.

    `zone` is the program's zone, `zones` are those of its locations.
    """
    calendar = zone if any(other != zone for other in zones) else None
    return [
        (
            key,
            tuple(_with_calendar(condition, calendar=calendar) for condition in conditions),
            replace(effect, calendar=calendar) if isinstance(effect, PointsCap) else effect,
        )
        for key, conditions, effect in clauses
    ]


def _with_calendar(condition: Condition, *, calendar: str | None) -> Condition:
    return replace(condition, calendar=calendar) if isinstance(condition, TimesPerPeriod) else condition


def _with_location_names(condition: Condition, *, locations: Mapping[str, str], path: tuple[str, ...]) -> Condition:
    """A condition with location names filled in, at any depth."""
    if isinstance(condition, Group):
        nested_conditions = tuple(
            _with_location_names(nested, locations=locations, path=path) for nested in condition.conditions
        )
        return condition.with_conditions(nested_conditions)
    if not isinstance(condition, Locations):
        return condition
    keys = sorted(condition.locations)
    unknown_keys = [key for key in keys if key not in locations]
    if unknown_keys:
        raise UnknownLocationError(path, detail_of("UNKNOWN_LOCATION", location=unknown_keys[0]))
    return replace(condition, names=tuple(locations[key] for key in keys))


def validate(clauses: Sequence[DraftedClause], *, currency: str) -> None:
    """Raise TermsError for the first error in the clauses."""
    if not 1 <= len(clauses) <= MAX_CLAUSES:
        raise TermsError(("clauses",), count_detail(1, MAX_CLAUSES))
    used_keys: set[object] = set()
    for index, (key, conditions, effect) in enumerate(clauses):
        path = ("clauses", str(index))
        if not _KEY.fullmatch(key):
            raise TermsError((*path, "key"), key_detail())
        if key in used_keys:
            raise TermsError((*path, "key"), detail_of("CLAUSE_KEY_TWICE", key=key))
        used_keys.add(key)
        _check_conditions(conditions, effect, currency=currency, path=path)
        _check_effect(effect, currency=currency, path=path)
        unique_key = _uniqueness_key(effect)
        if unique_key is not None and unique_key in used_keys:
            raise TermsError((*path, "effect"), _duplicate_detail(effect))
        used_keys.add(unique_key)
    _check_exclusions(clauses)
    _check_tiers(clauses)


def check_enforceable(clauses: Sequence[DraftedClause]) -> None:
    """Raise UnenforcedClauseError for the first clause that this version of Troth does not enforce."""
    for index, (_, conditions, effect) in enumerate(clauses):
        path = ("clauses", str(index))
        for condition_index, condition in enumerate(conditions):
            if condition.is_unenforced():
                condition_path = (*path, "conditions", str(condition_index))
                raise UnenforcedClauseError(condition_path, detail_of("NOT_ENFORCED", kind=condition.kind))
        if effect.is_unenforced():
            raise UnenforcedClauseError((*path, "effect"), detail_of("NOT_ENFORCED", kind=effect.kind))


def _check_conditions(conditions: Sequence[Condition], effect: Effect, *, currency: str, path: tuple[str, ...]) -> None:
    if len(conditions) > MAX_CONDITIONS:
        raise TermsError((*path, "conditions"), detail_of("COUNT_MOST", most=MAX_CONDITIONS))
    if conditions and effect.clause_kind in (ClauseKind.POLICY, ClauseKind.LIMIT, ClauseKind.TIER):
        raise TermsError((*path, "conditions"), detail_of("NO_CONDITIONS"))
    condition_leaves = tuple(leaves(tuple(conditions)))
    if len(condition_leaves) > MAX_NESTED_CONDITIONS or depth(tuple(conditions)) > MAX_GROUP_DEPTH:
        raise TermsError((*path, "conditions"), detail_of("NESTED", most=MAX_NESTED_CONDITIONS, depth=MAX_GROUP_DEPTH))
    for condition_type, detail_key in ((TimesPerPeriod, "ONE_LIMIT_OF_TIMES"), (Budget, "ONE_BUDGET")):
        if sum(isinstance(nested, condition_type) for nested in condition_leaves) > 1:
            raise TermsError((*path, "conditions"), detail_of(detail_key))
    for index, condition in enumerate(conditions):
        error = (
            condition.validation_error()
            or _amounts_error(condition, currency=currency)
            or _names_error(condition)
            or _placement_error(condition, effect)
        )
        if error is not None:
            raise TermsError((*path, "conditions", str(index)), error)


def _placement_error(condition: Condition, effect: Effect) -> Detail | None:
    """Why a condition is not allowed at this place, or None."""
    nested_conditions = tuple(leaves(condition.conditions)) if isinstance(condition, Group) else ()
    if not isinstance(effect, RewardCost) and any(
        isinstance(nested, AtTill) for nested in (condition, *nested_conditions)
    ):
        return detail_of("ONLY_REWARDS_AT_TILL")
    if any(isinstance(nested, NotCombinedWith | TimesPerPeriod | Budget) for nested in nested_conditions):
        return detail_of("OUTSIDE_GROUPS")
    if isinstance(effect, Earning | Extra):
        return None
    if isinstance(condition, NotCombinedWith):
        return detail_of("ONLY_EARNING_EXCLUDE")
    if isinstance(condition, Budget):
        return detail_of("ONLY_EARNING_BUDGET")
    return None


def _check_effect(effect: Effect, *, currency: str, path: tuple[str, ...]) -> None:
    error = effect.validation_error() or _amounts_error(effect, currency=currency) or _names_error(effect)
    if error is not None:
        raise TermsError((*path, "effect"), error)


def _amounts_error(rule: Condition | Effect, *, currency: str) -> Detail | None:
    """Why an amount is invalid, or None."""
    amounts: list[Money] = [amount for nested_rule in _rules_in(rule) for amount in nested_rule.amounts()]
    if any(amount.currency != currency for amount in amounts):
        return detail_of("AMOUNT_CURRENCY", currency=currency)
    return detail_of("ABOVE_ZERO") if any(amount.minor <= 0 for amount in amounts) else None


def _names_error(rule: Condition | Effect) -> Detail | None:
    """Why a text cannot be printed as a name, or None."""
    texts = [text for nested_rule in _rules_in(rule) for text in nested_rule.texts()]
    return next(
        (
            error
            for text in sorted(texts)
            if (error := names.name_error(text, rejects_quotation_marks=True)) is not None
        ),
        None,
    )


def _rules_in(rule: Condition | Effect) -> tuple[Condition | Effect, ...]:
    """The rules in a group, or the rule itself."""
    return tuple(leaves(rule.conditions)) if isinstance(rule, Group) else (rule,)


def _uniqueness_key(effect: Effect) -> tuple[object, ...] | None:
    """The key under which an effect must be unique in the terms; None if it may be repeated."""
    if isinstance(effect, RewardCost):
        return (RewardCost, effect.reward)
    if isinstance(effect, PointsCap):
        return (PointsCap, effect.scope)
    if isinstance(effect, Tier):
        return (Tier, effect.tier)
    return (type(effect),) if effect.clause_kind is ClauseKind.POLICY else None


def _duplicate_detail(effect: Effect) -> Detail:
    if isinstance(effect, RewardCost):
        return detail_of("TWO_PRICES", reward=effect.reward)
    if isinstance(effect, Tier):
        return detail_of("TIER_TWICE", tier=effect.tier)
    return detail_of("TWO_CAPS" if isinstance(effect, PointsCap) else "STANDARD_ONCE")


def _check_exclusions(clauses: Sequence[DraftedClause]) -> None:
    """Exclusions refer to earning clauses of these terms that exclude none themselves."""
    excluding_keys = {
        key for key, conditions, _ in clauses if any(isinstance(nested, NotCombinedWith) for nested in conditions)
    }
    earning_keys = {key for key, _, effect in clauses if isinstance(effect, Earning | Extra)}
    for index, (_, conditions, _) in enumerate(clauses):
        for condition_index, condition in enumerate(conditions):
            if isinstance(condition, NotCombinedWith) and not condition.clauses <= earning_keys - excluding_keys:
                raise TermsError(
                    ("clauses", str(index), "conditions", str(condition_index)),
                    detail_of("EXCLUDED_CLAUSES"),
                )


def _check_tiers(clauses: Sequence[DraftedClause]) -> None:
    """Tiers are few and distinct, and conditions on tiers refer to them."""
    tiers: list[Tier] = []
    for index, (_, _, effect) in enumerate(clauses):
        path = ("clauses", str(index), "effect")
        if isinstance(effect, Tier):
            if any(effect.points == other.points or effect.name == other.name for other in tiers):
                raise TermsError(path, detail_of("TIERS_DIFFER"))
            tiers.append(effect)
            if len(tiers) > MAX_TIERS:
                raise TermsError(path, detail_of("COUNT_MOST", most=MAX_TIERS))
    tier_keys = {tier.tier for tier in tiers}
    for index, (_, conditions, effect) in enumerate(clauses):
        if isinstance(effect, TierPeriod) and not tiers:
            raise TermsError(("clauses", str(index), "effect"), detail_of("NO_TIERS"))
        for condition_index, condition in enumerate(conditions):
            required_tiers = [leaf.tier for leaf in leaves((condition,)) if isinstance(leaf, TierAtLeast)]
            if not tier_keys.issuperset(required_tiers):
                raise TermsError(("clauses", str(index), "conditions", str(condition_index)), detail_of("UNKNOWN_TIER"))
