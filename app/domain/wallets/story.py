"""A wallet's story: all that is known to have happened to it, those of the wallets that went over into it inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from itertools import groupby
from typing import TypeAlias

from app.domain.wallets.happenings import (
    Adjusted,
    Bought,
    Corrected,
    Exchanged,
    Held,
    PassedOn,
    Received,
    Redeemed,
    Returned,
    Reversed,
    Warned,
)


class Rank(IntEnum):
    """What comes first at one instant: another wallet that joins, then earning, spending, and what takes back.

    Whose wallet went over at an instant buys, from that instant on, in the wallet that took it over.
    """

    JOIN = -1
    EARN = 0
    REDEEM = 1
    REFUND = 2
    OTHER = 3


@dataclass(frozen=True, slots=True)
class Joined:
    """Another wallet with all that it holds went over into this one.

    `survivor` is the customer who goes on for a customer that was merged; None where all holders of the other wallet
    stay who they are.
    """

    id: str
    at: datetime
    story: Story
    survivor: str | None = None


Happening: TypeAlias = (
    Bought | Returned | Exchanged | Redeemed | Reversed | Held | Adjusted | PassedOn | Received | Warned | Joined
)


@dataclass(frozen=True, slots=True)
class Story:
    """All facts of an account, in any order; `joined` says when each holder of the wallet enrolled.

    `corrections` say what was known before of receipts that had been recorded wrongly.
    """

    account_id: str
    joined: Mapping[str, datetime]
    facts: tuple[Happening, ...]
    corrections: tuple[Corrected, ...] = ()

    def holding(self, fact: Happening, *, customer_id: str | None = None) -> Story:
        """The story with one more fact: a customer's own before the wallet went over stands in the story of that time."""
        return self.changed(
            lambda story: replace(story, facts=(*story.facts, fact)), at=fact.at, customer_id=customer_id
        )

    def correcting(self, one: Corrected, *, now: Bought | None, customer_id: str) -> Story:
        """The story with a receipt of a customer's as it is known now; None where it turned out to be somebody else's."""

        def change(story: Story) -> Story:
            facts = _with_purchase(story.facts, one.purchase_id, now)
            return replace(story, facts=facts, corrections=(*story.corrections, one))

        return self.changed(change, at=one.at, customer_id=customer_id)

    def changed(self, change: Callable[[Story], Story], *, at: datetime, customer_id: str | None) -> Story:
        """The story changed where a customer's own facts of a moment stand: in that of the wallet they had then."""
        for place, one in enumerate(self.facts):
            if isinstance(one, Joined) and at < one.at and customer_id in one.story.people():
                within = replace(one, story=one.story.changed(change, at=at, customer_id=customer_id))
                return replace(self, facts=(*self.facts[:place], within, *self.facts[place + 1 :]))
        return change(self)

    def account_at(self, at: datetime, *, customer_id: str) -> str:
        """The account of the wallet that a customer had at a moment."""
        for one in self.facts:
            if isinstance(one, Joined) and at < one.at and customer_id in one.story.people():
                return one.story.account_at(at, customer_id=customer_id)
        return self.account_id

    def before(self, at: datetime, *, customer_id: str | None = None) -> Story:
        """What had happened up to a moment, to the wallet that a customer had then."""
        for one in self.facts:
            if isinstance(one, Joined) and at < one.at and customer_id in one.story.people():
                return one.story.before(at, customer_id=customer_id)
        return replace(self, facts=tuple(one for one in self.facts if one.at <= at))

    def keeper(self, id: str) -> str | None:
        """The account whose own fact something is: this one, or one that went over into it; None: of none of them."""
        if any(one.id == id for one in (*self.facts, *self.corrections)):
            return self.account_id
        came = (one.story.keeper(id) for one in self.facts if isinstance(one, Joined))
        return next((one for one in came if one is not None), None)

    def known_by(self, id: str) -> Story:
        """The story as it was known when something got an id: ids are in the order of time."""
        known = self.facts
        later = (one for one in self.corrections if one.id > id)
        # Whose receipt went to somebody who shares the wallet has two corrections of one id: what it came to goes first.
        for correction in sorted(later, key=lambda one: (one.id, one.before is None), reverse=True):
            known = _with_purchase(known, correction.purchase_id, correction.before)
        facts = (one for one in known if one.id <= id)
        then = (replace(one, story=one.story.known_by(id)) if isinstance(one, Joined) else one for one in facts)
        return replace(self, facts=tuple(then))

    def in_order(self) -> list[Happening]:
        """The facts in business order, with what happened to a wallet that went over only after it had gone.

        A notice that was sent before and delivered after is such a fact.
        """
        return _after_what_they_name(sorted((*self.facts, *self._outlived()), key=business_order))

    def before_fact(self, id: str) -> Story:
        """The story as it was just before one of its facts happened."""
        earlier: set[str] = set()
        for fact in self.in_order():
            if fact.id == id:
                break
            earlier.add(fact.id)
        return replace(self, facts=tuple(fact for fact in self.facts if fact.id in earlier))

    def _outlived(self) -> Iterator[Happening]:
        for one in self.facts:
            if isinstance(one, Joined):
                yield from (late for late in one.story.in_order() if late.at > one.at)

    def people(self) -> frozenset[str]:
        """Everybody whose facts can stand in it."""
        came = (one.story.people() for one in self.facts if isinstance(one, Joined))
        return frozenset(self.joined).union(*came)


def _with_purchase(facts: tuple[Happening, ...], purchase_id: str, now: Bought | None) -> tuple[Happening, ...]:
    """Facts with a purchase as it is known now; None where it is somebody else's.

    A purchase that was made in an exchange is always somebody's.
    """
    others: list[Happening] = []
    for fact in facts:
        if isinstance(fact, Exchanged) and fact.bought.id == purchase_id and now is not None:
            others.append(replace(fact, bought=now))
            now = None
        elif fact.id != purchase_id:
            others.append(fact)
    return (*others, now) if now is not None else tuple(others)


def _after_what_they_name(facts: list[Happening]) -> list[Happening]:
    """Facts in business order, of which none comes before another one of its instant that it names.

    A purchase comes after the redemption that paid it, and goods come back after the exchange in which they were handed
    out: as soon as that has happened, and all else of that instant stays where it is.
    """
    ordered: list[Happening] = []
    for _, moment in groupby(facts, key=lambda fact: fact.at):
        at_once = list(moment)
        ordered += at_once if len(at_once) == 1 else _each_after_what_it_names(at_once)
    return ordered


def _each_after_what_it_names(at_once: list[Happening]) -> Iterator[Happening]:
    """The facts of one instant, each as soon as those that it names have happened."""
    to_come = {fact.bought.id if isinstance(fact, Exchanged) else fact.id for fact in at_once}
    held_back: list[Happening] = []
    for fact in at_once:
        held_back.append(fact)
        # What was held back stands before all that follows, and comes first once nothing that it names is to come.
        while (ready := next((one for one in held_back if to_come.isdisjoint(_names(one))), None)) is not None:
            held_back.remove(ready)
            to_come.discard(ready.bought.id if isinstance(ready, Exchanged) else ready.id)
            yield ready
    yield from held_back


def _names(fact: Happening) -> frozenset[str]:
    """The purchases that a fact gives goods back of, and the redemptions that paid for what was bought in it (ids)."""
    match fact:
        case Bought():
            return fact.facts.redemptions()
        case Returned():
            return frozenset((fact.purchase_id,))
        case Exchanged():
            return fact.bought.facts.redemptions() | {fact.purchase_id}
        case _:
            return frozenset()


_RANKS: Mapping[type, Rank] = {
    Joined: Rank.JOIN,
    Bought: Rank.EARN,
    Held: Rank.REDEEM,
    Redeemed: Rank.REDEEM,
    Returned: Rank.REFUND,
    Exchanged: Rank.REFUND,
}


def business_order(one: Happening) -> tuple[datetime, Rank, str, str]:
    """Where it stands among all that happened: by time; at one instant join, earn, redeem, refund, the rest; then by receipt."""
    return (one.at, _RANKS.get(type(one), Rank.OTHER), getattr(one, "external_id", ""), one.id)
