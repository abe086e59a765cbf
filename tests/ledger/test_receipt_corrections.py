"""A receipt that was set right: the wallet is as if it had been right from the beginning, and the past as it was known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from hypothesis import assume, given, note
from hypothesis import strategies as st

from app.domain.wallets.events import PurchaseRecorded, ReceiptCorrected
from app.domain.wallets.history import EventHistory, WalletMerged
from app.domain.wallets.wallet import replay
from tests.builders import a_line
from tests.ledger.history_strategies import HISTORIES, HISTORIES_WITH_MANY_RETURNS, HistoryBuilder, stable_id
from tests.ledger.ledger_assertions import LedgerTotals, expected_postings
from tests.ledger.reference import replay_reference
from tests.ledger.terms_strategies import START
from tests.ledger.wallet_shapes import core_summary, differences, reference_summary
from tests.soak_settings import moderately

LATER = START + timedelta(days=950)
LATEST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
"""After every id: a correction comes after all that it sets right."""


class Mistake(NamedTuple):
    """A purchase as it was recorded, as it should have been (None: for somebody else), and whose it was taken for."""

    wrong: PurchaseRecorded
    right: PurchaseRecorded | None
    customer_id: str


def mistaken(author: HistoryBuilder, *, pick: int, price: int) -> Mistake | None:
    """One of the purchases with another price; one of which nothing came back may never have been there."""
    bound = {getattr(event, "purchase_id", "") for event, _ in author.events}
    there = {fact.id for fact in facts_in(as_told(author)) if isinstance(fact, PurchaseRecorded)}
    there -= bound if not price else set()
    bought = [(event, who) for event, who in author.events if isinstance(event, PurchaseRecorded) and event.id in there]
    if not bought:
        return None
    wrong, who = bought[pick % len(bought)]
    lines = (a_line(1, price=f"{price}.00", quantity="3" if wrong.id in bound else "1"),)
    # What came back of other lines must still be there.
    facts = replace(wrong.facts, lines=(*lines, *(wrong.facts.lines[1:] if wrong.id in bound else ())), payments=())
    return Mistake(wrong, replace(wrong, facts=facts) if price else None, who)


def as_told(author: HistoryBuilder) -> EventHistory:
    """All that has happened by the moment at which it is looked at."""
    return author.history_of(author.events, until=LATER)


def set_right(history: EventHistory, mistake: Mistake) -> EventHistory:
    """The story as it is told after the correction."""
    event = ReceiptCorrected(LATEST_ID, mistake.wrong.id, mistake.wrong.at, mistake.wrong)
    return history.with_correction(event, now=mistake.right, customer_id=mistake.customer_id)


def facts_in(history: EventHistory) -> Iterator[object]:
    """Every fact, whichever wallet's it was."""
    for event in history.events:
        if isinstance(event, WalletMerged):
            yield event.id
            yield from facts_in(event.history)
        else:
            yield event


def other_facts(author: HistoryBuilder, mistake: Mistake) -> EventHistory:
    """The story that would have been told if the receipt had been right from the beginning."""
    kept = [(event, who) for event, who in author.events if event.id != mistake.wrong.id]
    return author.history_of([*kept, *([(mistake.right, mistake.customer_id)] if mistake.right else [])], until=LATER)


@moderately(120)
@given(author=HISTORIES | HISTORIES_WITH_MANY_RETURNS, pick=st.integers(0, 99), price=st.integers(0, 40))
def test_a_wallet_is_as_if_the_receipt_had_always_been_right(author: HistoryBuilder, pick: int, price: int) -> None:
    note(repr(author))
    mistake = mistaken(author, pick=pick, price=price)
    assume(mistake is not None)
    assert mistake is not None
    history = set_right(as_told(author), mistake)
    right = replay(other_facts(author, mistake), versions=author.versions, until=LATER)
    wallet = replay(history, versions=author.versions, until=LATER)
    assert core_summary(wallet, LATER) == core_summary(right, LATER)
    assert (
        differences(
            core_summary(wallet, LATER), reference_summary(replay_reference(history, author.versions, LATER), LATER)
        )
        == {}
    )

    books, once = LedgerTotals(), LedgerTotals()
    books.record(expected_postings(replay(as_told(author), versions=author.versions, until=LATER)))
    books.record(expected_postings(wallet))
    assert books.record(expected_postings(wallet)) == 0
    once.record(expected_postings(right))
    assert books.sums() == once.sums()


@moderately(80)
@given(author=HISTORIES, pick=st.integers(0, 99), price=st.integers(0, 40))
def test_what_was_known_before_is_still_known(author: HistoryBuilder, pick: int, price: int) -> None:
    note(repr(author))
    mistake = mistaken(author, pick=pick, price=price)
    assume(mistake is not None)
    assert mistake is not None
    history, before = set_right(as_told(author), mistake), stable_id("before")
    then, as_it_was = history.as_at("fffffffe"), as_told(author).as_at("fffffffe")
    assert {repr(value) for value in facts_in(then)} == {repr(item) for item in facts_in(as_it_was)}
    assert {repr(value) for value in facts_in(history.as_at(before))} == {
        repr(value) for value in facts_in(as_told(author).as_at(before))
    }
    assert {repr(value) for value in facts_in(history.as_at(LATEST_ID))} == {repr(item) for item in facts_in(history)}


@moderately(40)
@given(author=HISTORIES, pick=st.integers(0, 99))
def test_what_came_to_a_wallet_by_a_correction_was_unknown_before(author: HistoryBuilder, pick: int) -> None:
    note(repr(author))
    mistake = mistaken(author, pick=pick, price=0)
    assume(mistake is not None)
    assert mistake is not None
    without = other_facts(author, mistake)
    moved = replace(mistake.wrong, moved_by=LATEST_ID)
    came = ReceiptCorrected(LATEST_ID, moved.id, moved.at, None)
    history = without.with_correction(came, now=moved, customer_id=mistake.customer_id)
    assert {repr(value) for value in facts_in(history.as_at("fffffffe"))} == {
        repr(value) for value in facts_in(without.as_at("fffffffe"))
    }
    here, there = (
        replay(each_history, versions=author.versions, until=LATER) for each_history in (as_told(author), history)
    )
    assert moved.lot_id != moved.id
    assert core_summary(there, LATER)["balance"]["lifetime"] == core_summary(here, LATER)["balance"]["lifetime"]
