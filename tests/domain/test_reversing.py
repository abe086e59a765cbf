"""Redemptions undone, and points reserved: by which clause, until when, and from which lots."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.access import Role
from app.domain.deciding import reversing
from app.domain.decisions import Decision, DecisionOutcome, ReasonCode, RemedyCode
from app.domain.effects.reward_cost import RewardCost
from app.domain.effects.undo_window import UndoWindow
from app.domain.explaining.explanation import Explanation
from app.domain.lots import Lot
from app.domain.problems import ProblemCode
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.holdings import Holdings
from app.domain.wording import Locale, wording
from tests.builders import NOON, a_clause, a_lot, some_terms

MUG = ("mug", (), RewardCost("mug", 100))
DAY = timedelta(days=1)


def terms(*, hours: int | None = None) -> Terms:
    """Terms that sell a mug for 100 points and may let a customer cancel."""
    window = [("undo", (), UndoWindow(hours))] if hours is not None else []
    return some_terms(a_clause(), MUG, *window)


def test_the_window_is_that_of_the_terms_and_without_a_clause_there_is_none() -> None:
    assert reversing.window_ends(terms(hours=36), redeemed_at=NOON) == NOON + timedelta(hours=36)
    assert reversing.window_ends(terms(), redeemed_at=NOON) is None


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        (datetime(2026, 3, 4, 0, 0, tzinfo=UTC), datetime(2026, 3, 19, tzinfo=UTC)),
        (datetime(2026, 3, 4, 23, 59, tzinfo=UTC), datetime(2026, 3, 19, tzinfo=UTC)),
        # The clocks go forward on 29 March: the last local day ends an hour earlier by UTC.
        (datetime(2026, 3, 20, 12, tzinfo=UTC), datetime(2026, 4, 3, 23, tzinfo=UTC)),
    ],
)
def test_the_grace_ends_with_the_last_of_fourteen_local_days_after_the_business_day(
    at: datetime, ends: datetime
) -> None:
    assert reversing.grace_ends(at, zone="Europe/London") == ends


def test_a_cancellation_after_the_window_is_refused_by_the_clause_of_the_window_and_nothing_helps() -> None:
    ended_at = NOON + timedelta(hours=1)
    refused = reversing.too_late(terms(hours=1), ended_at=ended_at, at=NOON + DAY, zone="Europe/London")
    (reason,) = refused.reasons
    assert (refused.outcome, refused.points, reason.clause) == (DecisionOutcome.REFUSED, 0, "undo")
    assert (reason.finding.code, reason.finding.met) == (ReasonCode.UNDO_WINDOW_OVER, False)
    assert [one.code for one in reason.finding.remedies] == [RemedyCode.NONE]


SOON, LATER = NOON + timedelta(minutes=9), NOON + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("by", "hours", "used", "mine", "at", "refused"),
    [
        (Role.CUSTOMER, 2, True, False, SOON, ProblemCode.ALREADY_USED),
        (Role.CUSTOMER, 2, True, False, NOON + DAY, ProblemCode.ALREADY_USED),
        (Role.CUSTOMER, None, True, False, SOON, ProblemCode.ALREADY_USED),
        (Role.CUSTOMER, None, False, False, SOON, ProblemCode.NOT_CANCELLABLE),
        (Role.CUSTOMER, 2, False, False, SOON, None),
        (Role.CUSTOMER, 2, False, False, NOON + timedelta(hours=2), ReasonCode.UNDO_WINDOW_OVER),
        *[(Role.TILL, hours, used, True, SOON, None) for hours in (None, 2) for used in (True, False)],
        (Role.TILL, 2, True, True, LATER, ProblemCode.NOT_CANCELLABLE),
        (Role.TILL, 2, False, False, SOON, ProblemCode.NOT_CANCELLABLE),
        (Role.STAFF, None, True, False, NOON + DAY, None),
        (Role.OWNER, None, True, False, NOON + DAY, None),
    ],
)
def test_customers_undo_what_they_have_not_used_and_tills_their_last_one_for_ten_minutes(
    by: Role, hours: int | None, used: bool, mine: bool, at: datetime, refused: object
) -> None:
    found = reversing.refusal(
        terms(hours=hours),
        by=by,
        used=used,
        redeemed_at=NOON,
        till_until=NOON + reversing.TILL_TIME if mine else None,
        at=at,
        zone="Europe/London",
    )
    assert (found.reasons[0].finding.code if isinstance(found, Decision) else found) == refused


@pytest.mark.parametrize(
    ("hours", "later", "used", "clause"),
    [
        (2, timedelta(hours=1), False, "undo"),
        (2, timedelta(hours=2), False, "mug"),
        (None, DAY, False, "mug"),
        (2, timedelta(hours=1), True, "mug"),
    ],
)
def test_what_is_undone_cites_the_window_for_what_was_not_used_within_it_and_else_the_price(
    hours: int | None, later: timedelta, used: bool, clause: str
) -> None:
    made = reversing.undone(
        terms(hours=hours),
        reward="mug",
        amount=100,
        unit=Unit.POINTS,
        redeemed_at=NOON,
        at=NOON + later,
        zone="Europe/London",
        used=used,
    )
    assert [(one.clause, one.finding.code) for one in made.reasons] == [(clause, ReasonCode.REDEMPTION_UNDONE)]


@pytest.mark.parametrize("locale", Locale)
def test_points_past_their_day_are_told_until_when_they_can_be_spent(locale: Locale) -> None:
    made = reversing.undone(
        terms(),
        reward="mug",
        amount=100,
        unit=Unit.POINTS,
        redeemed_at=NOON,
        at=NOON + DAY,
        zone="Europe/London",
        overdue=40,
        usable_until=NOON + 15 * DAY,
    )
    spared = made.reasons[1]
    assert (spared.finding.code, spared.finding.observed) == (ReasonCode.GRACE_AFTER_REVERSAL, 40)
    said = Explanation.of(made, terms=terms()).statement(spared, say=wording(locale))
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
).map(lambda found: [a_lot(f"lot-{n}", points=points, valid_until=day) for n, (points, day) in enumerate(found)])


@given(lots=LOTS, points=st.integers(1, 300), ranks=st.none() | st.lists(st.integers(1, 3), min_size=6, max_size=6))
def test_what_is_reserved_is_what_would_be_spent(lots: list[Lot], points: int, ranks: list[int] | None) -> None:
    def rank(lot: Lot) -> int:
        return (ranks or [])[int(lot.id.removeprefix("lot-"))]

    before = rank if ranks is not None else None
    held, spent = Holdings.of(lots), Holdings.of(lots)
    there = min(points, held.free())
    reserved = held.hold(there, at=NOON, before=before)
    assert reserved == spent.spend("s", there, at=NOON, before=before)
    assert held.free() == spent.free()
    held.let_go(reserved)
    assert held.lots == Holdings.of(lots).lots
