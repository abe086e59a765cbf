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

    They are the first that gives something, the cheapest reward, and how long points stay valid; where one of these is
    missing, the next clauses of the terms take its place.
    """
    earning = [clause for clause in terms.printed if clause.kind is ClauseKind.EARNING]
    costs = [(clause.effect.points, clause) for clause in terms.printed if isinstance(clause.effect, RewardCost)]
    validity = [clause for clause in terms.printed if isinstance(clause.effect, PointsValidity)]
    cheapest = [min(costs, key=lambda cost: cost[0])[1]] if costs else []
    first = [*earning[:1], *cheapest, *validity[:1]]
    rest = [clause for clause in terms.printed if clause not in first]
    chosen = [*first, *rest][:MAX_HIGHLIGHTS]
    return tuple(clause for clause in terms.printed if clause in chosen)
