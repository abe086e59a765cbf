"""Sentences that were wrong once, of debts that points pay when they become available, and of levels that a merger brings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.deciding.tiers import decided
from app.domain.effects.pending_period import PendingPeriod
from app.domain.effects.points_validity import PointsValidity
from app.domain.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.effects.tier_period import TierPeriod, TierWindow
from app.domain.explaining.summary import summary
from app.domain.ledger import EntryType
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.course import Course, unfold
from app.domain.wallets.happenings import Adjusted, Bought, Held, Returned
from app.domain.wallets.story import Happening, Joined, Story
from app.domain.wording import Locale, wording
from tests.builders import a_line, a_purchase
from tests.ledger.some_terms import START, terms_of
from tests.ledger.stories import ANN, BOB, an_id

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def drafted(*, pending: int | None = None, period: TierPeriod | None = None) -> Terms:
    """A point for each £10, which may wait; Silver begins at 10, where there is a period."""
    waits = PendingPeriod(pending) if pending is not None else None
    policy = RefundPolicy(RefundMode.ALLOW_NEGATIVE)
    return terms_of(1, START - 400 * DAY, (PointsValidity(), policy, waits, None, period, (10, 25), False, None, ""))


def bought(terms: Terms, pounds: int, *, days: int = 0, who: str = ANN) -> Bought:
    """A purchase."""
    facts = a_purchase(a_line(price=f"{pounds}.00"), at=START + days * DAY)
    return Bought(an_id(f"{who} {days}"), who, f"r-{days}", facts, terms)


def told(terms: Terms, *facts: Happening, days: int, who: str = ANN) -> Course:
    """A wallet after so many days."""
    story = Story(who, {who: START - DAY}, tuple(facts))
    return unfold(story, versions=[terms], until=START + days * DAY)


def short(course: Course, kind: EntryType, terms: Terms, locale: Locale = Locale.EN) -> list[str]:
    """What is said in short of the last entry of a kind."""
    (*_, last) = (one for one in course.points.postings if one.subject.type is kind)
    return list(summary(last.decision, terms=terms, say=wording(locale)))


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (0, "Now yours to spend: 8 points."),
        (5, "Now yours to spend: 3 points, out of 8 points; the rest paid what you owed."),
        (8, "8 points became available and paid what you owed."),
        (20, "8 points became available and paid what you owed."),
    ],
)
def test_points_that_become_available_and_pay_a_debt_are_not_promised_to_be_spent(taken: int, said: str) -> None:
    terms = drafted(pending=14)
    owing = [Adjusted(an_id("taken"), START, -taken, terms)] if taken else []
    course = told(terms, *owing, bought(terms, 80, days=1), days=30)
    assert short(course, EntryType.ACTIVATE, terms) == [said]
    assert course.points.holdings.available(at=START + 30 * DAY) == max(0, 8 - taken)


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        (Locale.EN, "In all, nothing was added or taken away."),
        (Locale.DE, "Insgesamt kam nichts hinzu und ging nichts ab."),
        (Locale.ZH_HANS, "总计没有增减。"),
        (Locale.ZH_HANT, "總計沒有增減。"),
    ],
)
def test_reserved_points_that_are_let_go_and_pay_a_debt_say_nothing_of_a_level(locale: Locale, said: str) -> None:
    terms = drafted()
    held = Held(an_id("held"), START + HOUR, 6, START + DAY)
    course = told(terms, bought(terms, 80), held, Adjusted(an_id("taken"), START + 2 * HOUR, -5, terms), days=3)
    assert short(course, EntryType.ACTIVATE, terms, locale) == [said]


def test_stamps_that_were_moved_are_said_under_terms_that_have_none() -> None:
    terms = drafted()
    course = told(terms, Adjusted(an_id("given"), START, 3, terms, Unit.STAMPS), days=1)
    (given,) = course.purses[Unit.STAMPS].postings
    assert summary(given.decision, terms=terms, say=wording(Locale.EN)) == (
        "Booked by our staff or transferred between members: 3 stamps.",
    )


def test_a_level_that_a_merger_brings_says_the_points_by_which_it_is_held() -> None:
    terms = drafted(period=TierPeriod(TierWindow.CALENDAR_YEAR, 30))
    bob = Story(BOB, {BOB: START - DAY}, (bought(terms, 150, who=BOB),))
    course = told(terms, Joined(an_id("joined"), START + 400 * DAY, bob, ANN), days=401)
    (change,) = course.tier_changes
    assert summary(decided(change), terms=terms, say=wording(Locale.EN)) == (
        "With 15 qualifying points you have reached the tier “Silver”, which begins at 10.",
    )


def test_a_level_that_a_merger_brings_in_its_days_of_grace_is_kept_and_not_reached() -> None:
    terms = drafted(period=TierPeriod(TierWindow.SINCE_JOINING, 30))
    purchase = bought(terms, 150, who=BOB)
    back = Returned(an_id("back"), purchase.id, START + DAY, {1: purchase.facts.lines[0].quantity})
    bob = Story(BOB, {BOB: START - DAY}, (purchase, back))
    course = told(terms, Joined(an_id("joined"), START + 5 * DAY, bob, ANN), days=6)
    (change,) = course.tier_changes
    assert summary(decided(change), terms=terms, say=wording(Locale.EN)) == (
        "You have 0 qualifying points, which is no longer enough for the tier “Silver”; you keep it until "
        "Wednesday, 11 February 2026, 00:00.",
    )
