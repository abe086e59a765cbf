"""A corrected receipt: the wallet is as if the receipt had been right from the beginning, and earlier knowledge can
still be replayed."""

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
from tests.ledger.ledger_totals import LedgerTotals, expected_postings
from tests.ledger.reference import replay_reference
from tests.ledger.terms_strategies import START
from tests.ledger.wallet_summaries import core_summary, differences, reference_summary
from tests.soak_settings import property_settings

LATER = START + timedelta(days=950)
LATEST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
"""After every id: a correction comes after all that it sets right."""


class Mistake(NamedTuple):
    """A purchase as it was recorded, as it should have been (None: it was another customer's), and the customer it was
    recorded for."""

    wrong: PurchaseRecorded
    right: PurchaseRecorded | None
    customer_id: str


def a_mistake(builder: HistoryBuilder, *, pick: int, price: int) -> Mistake | None:
    """One of the purchases with another price; one without refunds may belong to another customer."""
    bound = {getattr(event, "purchase_id", "") for event, _ in builder.events}
    there = {fact.id for fact in events_in(uncorrected(builder)) if isinstance(fact, PurchaseRecorded)}
    there -= bound if not price else set()
    bought = [
        (event, who) for event, who in builder.events if isinstance(event, PurchaseRecorded) and event.id in there
    ]
    if not bought:
        return None
    wrong, who = bought[pick % len(bought)]
    lines = (a_line(1, price=f"{price}.00", quantity="3" if wrong.id in bound else "1"),)
    # What came back of other lines must still be there.
    facts = replace(wrong.facts, lines=(*lines, *(wrong.facts.lines[1:] if wrong.id in bound else ())), payments=())
    return Mistake(wrong, replace(wrong, facts=facts) if price else None, who)


def uncorrected(builder: HistoryBuilder) -> EventHistory:
    """The history of all events until the time of the replay, before the correction."""
    return builder.history_of(builder.events, until=LATER)


def corrected(history: EventHistory, mistake: Mistake) -> EventHistory:
    """The history with the correction."""
    event = ReceiptCorrected(LATEST_ID, mistake.wrong.id, mistake.wrong.at, mistake.wrong)
    return history.with_correction(event, current=mistake.right, customer_id=mistake.customer_id)


def events_in(history: EventHistory) -> Iterator[object]:
    """Every event, including those of merged wallets."""
    for event in history.events:
        if isinstance(event, WalletMerged):
            yield event.id
            yield from events_in(event.history)
        else:
            yield event


def always_right(builder: HistoryBuilder, mistake: Mistake) -> EventHistory:
    """The history as if the receipt had been right from the beginning."""
    kept = [(event, who) for event, who in builder.events if event.id != mistake.wrong.id]
    return builder.history_of([*kept, *([(mistake.right, mistake.customer_id)] if mistake.right else [])], until=LATER)


@property_settings(60)
@given(builder=HISTORIES | HISTORIES_WITH_MANY_RETURNS, pick=st.integers(0, 99), price=st.integers(0, 40))
def test_corrected_wallet_equals_one_that_was_always_right(builder: HistoryBuilder, pick: int, price: int) -> None:
    note(repr(builder))
    mistake = a_mistake(builder, pick=pick, price=price)
    assume(mistake is not None)
    assert mistake is not None
    history = corrected(uncorrected(builder), mistake)
    right = replay(always_right(builder, mistake), versions=builder.versions, until=LATER)
    wallet = replay(history, versions=builder.versions, until=LATER)
    assert core_summary(wallet, LATER) == core_summary(right, LATER)
    assert (
        differences(
            core_summary(wallet, LATER), reference_summary(replay_reference(history, builder.versions, LATER), LATER)
        )
        == {}
    )

    ledger, once = LedgerTotals(), LedgerTotals()
    ledger.record(expected_postings(replay(uncorrected(builder), versions=builder.versions, until=LATER)))
    ledger.record(expected_postings(wallet))
    assert ledger.record(expected_postings(wallet)) == 0
    once.record(expected_postings(right))
    assert ledger.sums() == once.sums()


@property_settings(40)
@given(builder=HISTORIES, pick=st.integers(0, 99), price=st.integers(0, 40))
def test_history_as_known_before_a_correction_is_unchanged(builder: HistoryBuilder, pick: int, price: int) -> None:
    note(repr(builder))
    mistake = a_mistake(builder, pick=pick, price=price)
    assume(mistake is not None)
    assert mistake is not None
    history, before = corrected(uncorrected(builder), mistake), stable_id("before")
    then, as_it_was = history.as_known_at("fffffffe"), uncorrected(builder).as_known_at("fffffffe")
    assert {repr(value) for value in events_in(then)} == {repr(item) for item in events_in(as_it_was)}
    assert {repr(value) for value in events_in(history.as_known_at(before))} == {
        repr(value) for value in events_in(uncorrected(builder).as_known_at(before))
    }
    assert {repr(value) for value in events_in(history.as_known_at(LATEST_ID))} == {
        repr(item) for item in events_in(history)
    }


@property_settings(20)
@given(builder=HISTORIES, pick=st.integers(0, 99))
def test_purchase_moved_to_a_wallet_was_unknown_there_before(builder: HistoryBuilder, pick: int) -> None:
    note(repr(builder))
    mistake = a_mistake(builder, pick=pick, price=0)
    assume(mistake is not None)
    assert mistake is not None
    without = always_right(builder, mistake)
    moved = replace(mistake.wrong, move_id=LATEST_ID)
    came = ReceiptCorrected(LATEST_ID, moved.id, moved.at, None)
    history = without.with_correction(came, current=moved, customer_id=mistake.customer_id)
    assert {repr(value) for value in events_in(history.as_known_at("fffffffe"))} == {
        repr(value) for value in events_in(without.as_known_at("fffffffe"))
    }
    here, there = (
        replay(known_history, versions=builder.versions, until=LATER)
        for known_history in (uncorrected(builder), history)
    )
    assert moved.lot_id != moved.id
    assert core_summary(there, LATER)["balance"]["lifetime"] == core_summary(here, LATER)["balance"]["lifetime"]
