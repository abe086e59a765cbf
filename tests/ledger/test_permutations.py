"""The same events in every order of arrival give the same postings, lots, balance and tiers, and the same sums in the
ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

from hypothesis import given, note
from hypothesis import strategies as st

from app.domain.wallets.history import Event
from app.domain.wallets.postings import Posting
from app.domain.wallets.wallet import Wallet, replay
from tests.ledger.history_strategies import EVENT_DRAFTS, HISTORIES, MERGE_PLANS, HistoryBuilder, build_history
from tests.ledger.ledger_totals import LedgerTotals, expected_postings
from tests.ledger.terms_strategies import START, VERSIONS
from tests.ledger.wallet_summaries import core_summary
from tests.soak_settings import property_settings

LATER = START + timedelta(days=950)
SIX = st.builds(build_history, VERSIONS, MERGE_PLANS, st.lists(EVENT_DRAFTS, min_size=3, max_size=6))


def replayed(builder: HistoryBuilder, events: Sequence[tuple[Event, str]]) -> Wallet:
    """The wallet of events in an order of arrival."""
    return replay(builder.history_of(events), versions=builder.versions, until=LATER)


def comparable(posting: Posting) -> tuple[object, ...]:
    """A posting without the order of its draws."""
    return posting.key, posting.at, sorted((draw.lot_id, draw.points) for draw in posting.draws), posting.decision


@property_settings(5)
@given(builder=SIX)
def test_wallet_does_not_depend_on_the_order_of_arrival(builder: HistoryBuilder) -> None:
    note(repr(builder))
    first = replayed(builder, builder.events)
    for order in permutations(builder.events):
        wallet = replayed(builder, order)
        assert core_summary(wallet, LATER) == core_summary(first, LATER)
        for unit, unit_account in first.unit_accounts.items():
            assert [comparable(posting) for posting in wallet.unit_accounts[unit].postings] == [
                comparable(posting) for posting in unit_account.postings
            ]
        assert wallet.tier_changes == first.tier_changes


@property_settings(20)
@given(builder=SIX)
def test_ledger_sums_do_not_depend_on_the_order_of_arrival(builder: HistoryBuilder) -> None:
    note(repr(builder))
    postings_after: dict[frozenset[int], dict[str, list[Posting]]] = {}
    for order in permutations(range(len(builder.events))):
        ledger = LedgerTotals()
        for count in range(len(order) + 1):
            arrived = frozenset(order[:count])
            if arrived not in postings_after:
                postings_after[arrived] = expected_postings(
                    replayed(builder, [builder.events[place] for place in sorted(arrived)])
                )
            ledger.record(postings_after[arrived])
        once = LedgerTotals()
        once.record(postings_after[frozenset(order)])
        assert ledger.sums() == once.sums()


@property_settings(30)
@given(builder=HISTORIES, days=st.lists(st.integers(0, 1000), min_size=2, max_size=6).map(sorted))
def test_ledger_sums_do_not_depend_on_intermediate_replays(builder: HistoryBuilder, days: list[int]) -> None:
    note(repr(builder))
    ledger, once = LedgerTotals(), LedgerTotals()
    for day in days:
        until = START + timedelta(days=day)
        wallet = replay(builder.history_of(builder.events, until=until), versions=builder.versions, until=until)
        expected = expected_postings(wallet)
        ledger.record(expected)
        again = ledger.record(expected)
        assert again == 0, "a second replay appends nothing"
    once.record(expected)
    assert ledger.sums() == once.sums()
