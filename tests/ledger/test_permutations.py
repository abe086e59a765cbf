"""The same facts in every order of arrival: the same postings, lots, balance and tiers, and the same sums in the ledger."""

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
from tests.ledger.ledger_assertions import LedgerTotals, expected_postings
from tests.ledger.terms_strategies import START, VERSIONS
from tests.ledger.wallet_shapes import core_summary
from tests.soak_settings import moderately

LATER = START + timedelta(days=950)
SIX = st.builds(build_history, VERSIONS, MERGE_PLANS, st.lists(EVENT_DRAFTS, min_size=3, max_size=6))


def told(author: HistoryBuilder, events: Sequence[tuple[Event, str]]) -> Wallet:
    """The wallet of facts in an order of arrival."""
    return replay(author.history_of(events), versions=author.versions, until=LATER)


def said(posting: Posting) -> tuple[object, ...]:
    """Everything of a posting but where its draws stand."""
    return posting.key, posting.at, sorted((draw.lot_id, draw.points) for draw in posting.draws), posting.decision


@moderately(10)
@given(author=SIX)
def test_facts_in_every_order_of_arrival_are_told_alike(author: HistoryBuilder) -> None:
    note(repr(author))
    first = told(author, author.events)
    for order in permutations(author.events):
        wallet = told(author, order)
        assert core_summary(wallet, LATER) == core_summary(first, LATER)
        for unit, unit_account in first.unit_accounts.items():
            assert [said(posting) for posting in wallet.unit_accounts[unit].postings] == [
                said(posting) for posting in unit_account.postings
            ]
        assert wallet.tier_changes == first.tier_changes


@moderately(40)
@given(author=SIX)
def test_what_arrives_one_by_one_in_any_order_leaves_the_ledger_with_the_same_sums(author: HistoryBuilder) -> None:
    note(repr(author))
    known: dict[frozenset[int], dict[str, list[Posting]]] = {}
    for order in permutations(range(len(author.events))):
        books = LedgerTotals()
        for count in range(len(order) + 1):
            arrived = frozenset(order[:count])
            if arrived not in known:
                known[arrived] = expected_postings(told(author, [author.events[place] for place in sorted(arrived)]))
            books.record(known[arrived])
        once = LedgerTotals()
        once.record(known[frozenset(order)])
        assert books.sums() == once.sums()


@moderately(60)
@given(author=HISTORIES, days=st.lists(st.integers(0, 1000), min_size=2, max_size=6).map(sorted))
def test_time_that_passes_in_steps_leaves_the_ledger_with_the_same_sums(
    author: HistoryBuilder, days: list[int]
) -> None:
    note(repr(author))
    books, once = LedgerTotals(), LedgerTotals()
    for day in days:
        until = START + timedelta(days=day)
        wallet = replay(author.history_of(author.events, until=until), versions=author.versions, until=until)
        wanted = expected_postings(wallet)
        books.record(wanted)
        again = books.record(wanted)
        assert again == 0, "what was recorded is recorded once"
    once.record(wanted)
    assert books.sums() == once.sums()
