"""The few clauses that a reader wants to know first."""

from __future__ import annotations

from app.domain.terms.clause import Clause
from app.domain.terms.effects.effect import ClauseKind
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.version import Terms

MAX_HIGHLIGHTS = 3


def highlights(terms: Terms) -> tuple[Clause, ...]:
    """At most three printed clauses, in the order of their numbers.

    They are the first clause that gives something, the clause of the cheapest reward, and the clause on how long points stay
    valid. If one of these is missing, the next clauses of the terms take its place.
    """
    earning_clauses = [clause for clause in terms.printed_clauses if clause.kind is ClauseKind.EARNING]
    priced_clauses = [
        (clause.effect.points, clause) for clause in terms.printed_clauses if isinstance(clause.effect, RewardCost)
    ]
    validity_clauses = [clause for clause in terms.printed_clauses if isinstance(clause.effect, PointsValidity)]
    cheapest_reward_clauses = [min(priced_clauses, key=lambda priced: priced[0])[1]] if priced_clauses else []
    first_clauses = [*earning_clauses[:1], *cheapest_reward_clauses, *validity_clauses[:1]]
    other_clauses = [clause for clause in terms.printed_clauses if clause not in first_clauses]
    chosen_clauses = [*first_clauses, *other_clauses][:MAX_HIGHLIGHTS]
    return tuple(clause for clause in terms.printed_clauses if clause in chosen_clauses)
