"""Undone redemptions and held points: by which clause, until when, and from which lots."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.access import Role
from app.domain.decisions import DecisionOutcome, ReasonCode
from app.domain.engine import reversal
from app.domain.explanations.explanation import Explanation
from app.domain.explanations.summary import summary
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.ledger.lots import Lot
from app.domain.problems import ProblemCode
from app.domain.terms.effects.reversal_window import ReversalWindow
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.lot_inventory import LotInventory
from tests.builders import NOON, a_clause, a_lot, some_terms

MUG = ("mug", (), RewardCost("mug", 100))
DAY = timedelta(days=1)


def terms() -> Terms:
    """Terms that sell a mug for 100 points."""
    return some_terms(a_clause(), MUG)


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        (datetime(2026, 3, 4, 0, 0, tzinfo=UTC), datetime(2026, 3, 19, tzinfo=UTC)),
        (datetime(2026, 3, 4, 23, 59, tzinfo=UTC), datetime(2026, 3, 19, tzinfo=UTC)),
        # The clocks go forward on 29 March: the last local day ends an hour earlier by UTC.
        (datetime(2026, 3, 20, 12, tzinfo=UTC), datetime(2026, 4, 3, 23, tzinfo=UTC)),
    ],
)
def test_grace_ends_after_fourteen_local_days(at: datetime, ends: datetime) -> None:
    assert reversal.grace_period_end(at, zone="Europe/London") == ends


SOON, LATER = NOON + timedelta(minutes=9), NOON + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("by", "mine", "at", "refused"),
    [
        (Role.CUSTOMER, True, SOON, ProblemCode.ALREADY_USED),
        (Role.CUSTOMER, False, SOON, ProblemCode.ALREADY_USED),
        (Role.CUSTOMER, False, NOON + DAY, ProblemCode.ALREADY_USED),
        (Role.TILL, True, SOON, None),
        (Role.TILL, True, LATER, ProblemCode.NOT_CANCELLABLE),
        (Role.TILL, False, SOON, ProblemCode.NOT_CANCELLABLE),
        (Role.STAFF, False, NOON + DAY, None),
        (Role.OWNER, False, NOON + DAY, None),
    ],
)
def test_customers_cannot_undo_fulfilled_redemptions_and_tills_only_their_last(
    by: Role, mine: bool, at: datetime, refused: ProblemCode | None
) -> None:
    till_deadline = NOON + reversal.TILL_CANCELLATION_TIME if mine else None
    code = reversal.cancellation_problem(role=by, handed_over=True, till_deadline=till_deadline, has_window=True, at=at)
    assert code == refused


@pytest.mark.parametrize(
    ("by", "has_window", "refused"),
    [
        (Role.CUSTOMER, True, None),
        (Role.CUSTOMER, False, ProblemCode.NOT_CANCELLABLE),
        (Role.TILL, True, ProblemCode.NOT_CANCELLABLE),
        (Role.STAFF, False, None),
        (Role.OWNER, False, None),
    ],
)
def test_issued_redemptions_are_cancelled_by_their_customers_and_by_staff(
    by: Role, has_window: bool, refused: ProblemCode | None
) -> None:
    code = reversal.cancellation_problem(role=by, handed_over=False, till_deadline=None, has_window=has_window, at=SOON)
    assert code == refused


def test_customers_can_cancel_up_to_the_end_of_the_window() -> None:
    two_hours = some_terms(a_clause(), MUG, a_clause(ReversalWindow(2), key="undo"))
    end = NOON + timedelta(hours=2)
    assert reversal.cancellable_until(two_hours, paid_at=NOON) == end
    assert reversal.cancellable_until(terms(), paid_at=NOON) is None
    last = end - timedelta(microseconds=1)
    assert reversal.window_refusal(two_hours, paid_at=NOON, at=last, zone="Europe/London") is None
    refused = reversal.window_refusal(two_hours, paid_at=NOON, at=end, zone="Europe/London")
    assert refused is not None
    assert (refused.outcome, refused.points) == (DecisionOutcome.REFUSED, 0)
    ((clause, finding),) = [(reason.clause_key, reason.finding) for reason in refused.reasons]
    assert (clause, finding.code, finding.required) == ("undo", ReasonCode.UNDO_WINDOW_OVER, end)
    said = summary(refused, terms=two_hours, phrasebook=phrasebook_in(Locale.EN))
    assert said == (
        "You could cancel this redemption until Wednesday, 4 March 2026, 14:00; that time has passed.",
        "Ask at the till.",
    )


def test_undone_redemption_cites_its_price_clause() -> None:
    made = reversal.reversal_decision(
        terms(), reward="mug", amount=100, unit=Unit.POINTS, at=NOON + DAY, zone="Europe/London"
    )
    assert [(reason.clause_key, reason.finding.code) for reason in made.reasons] == [
        ("mug", ReasonCode.REDEMPTION_UNDONE)
    ]


@pytest.mark.parametrize("locale", Locale)
def test_points_past_their_last_day_name_their_grace_period(locale: Locale) -> None:
    made = reversal.reversal_decision(
        terms(),
        reward="mug",
        amount=100,
        unit=Unit.POINTS,
        at=NOON + DAY,
        zone="Europe/London",
        overdue_points=40,
        usable_until=NOON + 15 * DAY,
    )
    spared = made.reasons[1]
    assert (spared.finding.code, spared.finding.observed) == (ReasonCode.GRACE_AFTER_REVERSAL, 40)
    said = Explanation.of(made, terms=terms()).statement(spared, phrasebook=phrasebook_in(locale))
    assert "40" in said
    assert "12:00" in said


LOTS = st.lists(
    st.builds(
        lambda points, day: (points, day),
        st.integers(1, 50),
        st.none() | st.dates(min_value=date(2026, 4, 1), max_value=date(2026, 4, 5)),
    ),
    min_size=1,
    max_size=6,
).map(lambda found: [a_lot(f"lot-{n}", points=points, promised_last_day=day) for n, (points, day) in enumerate(found)])


@given(lots=LOTS, points=st.integers(1, 300), ranks=st.none() | st.lists(st.integers(1, 3), min_size=6, max_size=6))
def test_hold_reserves_the_points_that_would_be_spent(lots: list[Lot], points: int, ranks: list[int] | None) -> None:
    def rank(lot: Lot) -> int:
        return (ranks or [])[int(lot.id.removeprefix("lot-"))]

    before = rank if ranks is not None else None
    held, spent = LotInventory.of(lots), LotInventory.of(lots)
    there = min(points, held.unheld_points())
    reserved = held.hold(there, at=NOON, rank=before)
    assert reserved == spent.consume("s", there, at=NOON, rank=before)
    assert held.unheld_points() == spent.unheld_points()
    held.release(reserved)
    assert held.lots == LotInventory.of(lots).lots
