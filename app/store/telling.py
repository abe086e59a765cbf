"""Accounts told from the beginning: their rows read, their stories unfolded. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.amounts import Money
from app.domain.ledger import Balance
from app.domain.units import Unit
from app.domain.wallets.course import Course, unfold
from app.domain.wallets.happenings import Bought, Corrected
from app.domain.wallets.purse import DueNotice
from app.domain.wallets.story import Happening, Story
from app.store import stories
from app.store.accounts import Account
from app.store.stories import Told, Versions
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class Retold:
    """An account told from the beginning up to `until`: what was recorded of it, its story, and its way through time."""

    account: Account
    told: Told
    versions: Versions
    story: Story
    course: Course
    until: datetime

    def as_of(self, at: datetime, *, customer_id: str | None = None) -> Course:
        """The wallet as it was at a moment, by all that is known of the time up to it: the one that a customer had then."""
        story = self.story.before(at, customer_id=customer_id)
        return unfold(story, versions=self.versions.standing, until=at)

    def cash_now(self, return_id: str) -> Money:
        """The money that a refund gives back, where goods of the purchase were exchanged.

        It is what all that came back since the first purchase comes to as it is known now, less what was paid out for it
        before; it asks for nothing back.
        """
        returned = self.course.returned
        new = returned[return_id]
        of_these = {id: one.outcome.cash for id, one in returned.items() if one.first_sale == new.first_sale}
        in_all = sum(cash.minor for cash in of_these.values())
        paid_out = sum(refund.cash for id, refund in self.told.refunds.items() if id in of_these)
        return Money(max(0, in_all - paid_out), new.outcome.cash.currency)

    @property
    def balance(self) -> Balance:
        """What the account of points holds then."""
        return balance_of(self.course, at=self.until)

    @property
    def balances(self) -> dict[Unit, Balance]:
        """What the wallet holds then, in each unit in which anything was ever booked."""
        return {
            unit: balance_of(self.course, at=self.until, unit=unit)
            for unit, purse in self.course.purses.items()
            if purse.postings or unit in self.told.accounts
        }


@dataclass(frozen=True, slots=True)
class NewFact:
    """Something that became known; `customer_id` is whose it is, where it is somebody's."""

    fact: Happening
    customer_id: str | None = None

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.fact.at

    def told_in(self, story: Story) -> Story:
        """The story with it."""
        return story.holding(self.fact, customer_id=self.customer_id)


@dataclass(frozen=True, slots=True)
class NewCorrection:
    """A receipt that turned out to be wrong, and what is known of it now: None where it is another wallet's.

    `customer_id` is whose it was taken for, or is now.
    """

    correction: Corrected
    now: Bought | None
    customer_id: str

    @property
    def at(self) -> datetime:
        """When the purchase happened."""
        return self.correction.at

    def told_in(self, story: Story) -> Story:
        """The story with it."""
        return story.correcting(self.correction, now=self.now, customer_id=self.customer_id)


async def retell(
    session: Session,
    *,
    program_id: str,
    account: Account,
    until: datetime,
    facts: Sequence[NewFact | NewCorrection] = (),
) -> Retold:
    """Tell the account with new facts, at least as far as it was told before. Writes nothing."""
    versions = await stories.versions_of(session, program_id=program_id)
    told = await stories.told(session, program_id=program_id, account=account, versions=versions)
    return told_with(told, versions=versions, facts=facts, until=until)


def told_with(told: Told, *, versions: Versions, facts: Sequence[NewFact | NewCorrection], until: datetime) -> Retold:
    """The same with what was recorded at hand."""
    if told.gone is not None:
        return _gone(told, versions=versions, at=told.gone.occurred_at)
    story = told.story
    for one in facts:
        story = one.told_in(story)
    settled_at = told.account.settled_at
    latest = max([until, *(one.at for one in facts), *([settled_at] if settled_at is not None else [])])
    course = unfold(story, versions=versions.standing, until=latest)
    return Retold(told.account, told, versions, story, course, latest)


def _gone(told: Told, *, versions: Versions, at: datetime) -> Retold:
    """An account that went over into another one: nothing happens to it any more."""
    assert told.gone is not None, "it went over"
    course = unfold(told.story, versions=versions.standing, until=at)
    course.close(told.gone.id, at=at)
    return Retold(told.account, told, versions, told.story, course, at)


def balance_of(course: Course, *, at: datetime, unit: Unit = Unit.POINTS) -> Balance:
    """What a wallet holds of a unit at a moment; of points, with those of its holders towards a level."""
    holdings = course.purses[unit].holdings
    if unit is not Unit.POINTS:
        return holdings.balance(at=at)
    terms = course.in_force(at)
    holders = {id(one): one for one in course.holders.values()}.values()
    return holdings.balance(at=at, qualifying=sum(one.qualifying.points(terms=terms, at=at) for one in holders))


def notices_due(course: Course, *, told: Told) -> list[DueNotice]:
    """The notices of expiry that nobody was given yet: of a lot, and of the last day that it has as things stand."""
    known = {(lot.lot_id, lot.last_day) for notice in told.notices for lot in notice.lots}
    return [one for one in course.points.notices() if (one.lot.id, one.last_day) not in known]


def next_notice(course: Course, *, told: Told) -> datetime | None:
    """When the next notice of expiry is due."""
    return min((one.at for one in notices_due(course, told=told)), default=None)
