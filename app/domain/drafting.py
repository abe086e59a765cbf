"""What a set of clauses must be before it can become terms."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.domain.amounts import Money
from app.domain.conditions import Condition
from app.domain.effects import ClauseKind, Effect
from app.domain.effects.reward_cost import RewardCost

MOST_CLAUSES = 200
MOST_CONDITIONS = 20
_KEY = re.compile(r"[a-z0-9-]{1,40}")


class TermsError(ValueError):
    """A draft that cannot become terms; `path` leads to what is wrong."""

    def __init__(self, path: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


def checked(clauses: Sequence[tuple[str, Sequence[Condition], Effect]], *, currency: str) -> None:
    """Raise TermsError for the first thing that is wrong with the clauses."""
    if not 1 <= len(clauses) <= MOST_CLAUSES:
        raise TermsError(("clauses",), f"1 to {MOST_CLAUSES} clauses")
    keys: set[str] = set()
    policies: set[type[Effect]] = set()
    rewards: set[str] = set()
    for place, (key, conditions, effect) in enumerate(clauses):
        at = ("clauses", str(place))
        if not _KEY.fullmatch(key):
            raise TermsError((*at, "key"), "a key is a-z, 0-9 and dashes, 1 to 40 characters")
        if key in keys:
            raise TermsError((*at, "key"), f"the key {key!r} is used twice")
        keys.add(key)
        _check_clause(conditions, effect, currency=currency, at=at)
        if effect.clause_kind is ClauseKind.POLICY:
            if type(effect) in policies:
                raise TermsError((*at, "effect"), "a standard clause stands once")
            policies.add(type(effect))
        if isinstance(effect, RewardCost):
            if effect.reward in rewards:
                raise TermsError((*at, "effect"), f"the reward {effect.reward!r} has two prices")
            rewards.add(effect.reward)


def _check_clause(conditions: Sequence[Condition], effect: Effect, *, currency: str, at: tuple[str, ...]) -> None:
    if len(conditions) > MOST_CONDITIONS:
        raise TermsError((*at, "conditions"), f"at most {MOST_CONDITIONS} conditions")
    if conditions and effect.clause_kind is ClauseKind.POLICY:
        raise TermsError((*at, "conditions"), "a standard clause holds always and takes no conditions")
    for place, condition in enumerate(conditions):
        wrong = condition.problem() or _amounts_problem(condition.amounts(), currency=currency)
        if wrong is not None:
            raise TermsError((*at, "conditions", str(place)), wrong)
    wrong = effect.problem() or _amounts_problem(effect.amounts(), currency=currency)
    if wrong is not None:
        raise TermsError((*at, "effect"), wrong)


def _amounts_problem(amounts: Sequence[Money], *, currency: str) -> str | None:
    """Another currency than the program's, or nothing."""
    if any(amount.currency != currency for amount in amounts):
        return f"the amount is not in {currency}"
    return "the amount must be above 0" if any(amount.minor <= 0 for amount in amounts) else None
