"""Random terms of one program: everything that moves points, in small numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from hypothesis import strategies as st

from app.domain.amounts import Money
from app.domain.calendar import Period
from app.domain.ledger.expiry_notice import NoticeChannel
from app.domain.ledger.lots import ValidityEnd
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import Combination, CombinationMode
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.stamps import StampOccasion, Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.validation import DraftedClause
from app.domain.terms.version import Terms
from app.domain.units import Unit

START = datetime(2026, 1, 10, 9, tzinfo=UTC)
LONDON = "Europe/London"
LUNCH = "lunch"
"""A reward that costs stamps, where the terms give some."""

LENGTHS = st.sampled_from([{"months": 1}, {"months": 12}, {"days": 10}, {"days": 45}, {"days": 90}])
LASTING = st.builds(
    lambda length, until, since: PointsValidity(**length, until=until, since=since),
    LENGTHS,
    st.sampled_from(ValidityEnd),
    st.sampled_from(ValidityStart),
)
EXPIRING = st.builds(
    lambda length, until, since, notice, by: PointsValidity(
        **length, expires=True, until=until, since=since, notice_from=notice[0], notice_until=notice[1], notice_by=by
    ),
    LENGTHS,
    st.sampled_from(ValidityEnd),
    st.sampled_from(ValidityStart),
    st.sampled_from([(60, 30), (20, 5), (30, 1)]),
    st.sets(st.sampled_from(NoticeChannel), min_size=1).map(frozenset),
)
VALIDITIES = st.just(PointsValidity()) | LASTING | EXPIRING | EXPIRING
CLAUSES = st.tuples(
    VALIDITIES,
    st.builds(RefundPolicy, st.sampled_from(RefundMode)),
    st.none() | (st.builds(PendingPeriod, st.sampled_from([1, 14, 60]))),
    st.none() | (st.builds(PointsCap, st.sampled_from([8, 15]), st.sampled_from(CapScope))),
    st.none() | st.builds(TierPeriod, st.sampled_from(TierWindow), st.sampled_from([0, 7, 30])),
    st.sampled_from([(10, 25), (6, 40)]),
    st.booleans(),
    st.none() | st.sampled_from(StampOccasion),
    st.sampled_from(["", "", "nth", "dip"]),
)


Drawn: TypeAlias = tuple[
    PointsValidity,
    RefundPolicy,
    PendingPeriod | None,
    PointsCap | None,
    TierPeriod | None,
    tuple[int, int],
    bool,
    StampOccasion | None,
    str,
]
"""What terms consist of: the points of the two tiers, whether clauses count anything, what is stamped, and a speciality.

`nth`: bonuses for every nth visit and item. `dip`: much money earns less than more of it, and less than a little.
"""


def clauses_of(drawn: Drawn) -> list[DraftedClause]:
    """A point for each £10; bonuses for a first purchase, once a month and with a tier; stamps; and what was drawn."""
    validity, refunds, pending, cap, period, tiers, counting, stamped, *rest = drawn
    special = rest[0] if rest else ""
    dip: list[DraftedClause] = [
        ("combination", (), Combination(CombinationMode.FIRST)),
        ("most", (MinimumSpend(Money(13000, "GBP")),), PointsPerAmount(points=1, per=Money(1000, "GBP"))),
        ("much", (MinimumSpend(Money(9000, "GBP")),), PointsPerAmount(points=1, per=Money(4000, "GBP"))),
    ]
    clauses: list[DraftedClause] = [
        *(dip if special == "dip" else []),
        ("spend", (), PointsPerAmount(points=1, per=Money(1000, "GBP"))),
        ("validity", (), validity),
        ("refunds", (), refunds),
    ]
    if special == "nth":
        clauses += [("second", (EveryNthVisit(2),), BonusPoints(4)), ("fourth", (EveryNthItem(4),), BonusPoints(3))]
        clauses += [("third-stamp", (EveryNthItem(3),), Stamps(1))] if stamped is not None else []
    if counting:
        clauses += [("welcome", (FirstPurchase(),), BonusPoints(5))]
        clauses += [("monthly", (TimesPerPeriod(1, Period.MONTH),), BonusPoints(2))]
    if stamped is not None:
        clauses += [("stamp", (), Stamps(1, stamped)), (LUNCH, (), RewardCost(LUNCH, 3, unit=Unit.STAMPS))]
        clauses += [("monthly-stamp", (TimesPerPeriod(1, Period.MONTH),), Stamps(2))] if counting else []
    clauses += [(key, (), value) for key, value in (("pending", pending), ("cap", cap)) if value is not None]
    if period is not None:
        clauses += [("period", (), period), ("tier", (TierAtLeast("silver"),), BonusPoints(3))]
        clauses += [("silver", (), Tier("silver", "Silver", tiers[0])), ("gold", (), Tier("gold", "Gold", tiers[1]))]
    return clauses


def terms_of(version: int, effective_from: datetime, drawn: Drawn, *, zone: str = LONDON) -> Terms:
    """A version of the terms with the clauses that were drawn."""
    return Terms.from_draft(
        version=version,
        effective_from=effective_from,
        currency="GBP",
        zone=zone,
        clauses=clauses_of(drawn),
        allow_unenforced=True,
    )


SPECIAL = CLAUSES.map(lambda drawn: (*drawn[:-1], "nth" if drawn[-1] == "nth" else "dip"))
"""Under these less may earn more, or every nth visit and item counts."""

SPECIAL_VERSIONS = SPECIAL.map(lambda drawn: (terms_of(1, START - timedelta(days=400), drawn),))

VERSIONS = st.builds(
    lambda first, second, day: (
        terms_of(1, START - timedelta(days=400), first),
        *([terms_of(2, START + timedelta(days=day), second)] if second is not None else []),
    ),
    CLAUSES,
    st.none() | CLAUSES,
    st.integers(1, 400),
)
