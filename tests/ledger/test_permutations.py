"""The same facts in every order of arrival: the same postings, lots, balance and levels, and the same sums in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

from hypothesis import given, note
from hypothesis import strategies as st

from app.domain.wallets.course import Course, unfold
from app.domain.wallets.postings import Posting
from app.domain.wallets.story import Happening
from tests.ledger.books import Books, wanted_of
from tests.ledger.comparing import of_core
from tests.ledger.soaking import moderately
from tests.ledger.some_terms import START, VERSIONS
from tests.ledger.stories import AUTHORS, DEEDS, PLANS, Author, authored

LATER = START + timedelta(days=950)
SIX = st.builds(authored, VERSIONS, PLANS, st.lists(DEEDS, min_size=3, max_size=6))


def told(author: Author, facts: Sequence[tuple[Happening, str]]) -> Course:
    """The wallet of facts in an order of arrival."""
    return unfold(author.story_of(facts), versions=author.versions, until=LATER)


def said(posting: Posting) -> tuple[object, ...]:
    """Everything of a posting but where its draws stand."""
    return posting.subject, posting.at, sorted((one.lot_id, one.points) for one in posting.draws), posting.decision


@moderately(10)
@given(author=SIX)
def test_facts_in_every_order_of_arrival_are_told_alike(author: Author) -> None:
    note(repr(author))
    first = told(author, author.facts)
    for order in permutations(author.facts):
        course = told(author, order)
        assert of_core(course, LATER) == of_core(first, LATER)
        for unit, purse in first.purses.items():
            assert [said(one) for one in course.purses[unit].postings] == [said(one) for one in purse.postings]
        assert course.tier_changes == first.tier_changes


@moderately(40)
@given(author=SIX)
def test_what_arrives_one_by_one_in_any_order_leaves_the_ledger_with_the_same_sums(author: Author) -> None:
    note(repr(author))
    known: dict[frozenset[int], dict[str, list[Posting]]] = {}
    for order in permutations(range(len(author.facts))):
        books = Books()
        for count in range(len(order) + 1):
            arrived = frozenset(order[:count])
            if arrived not in known:
                known[arrived] = wanted_of(told(author, [author.facts[place] for place in sorted(arrived)]))
            books.record(known[arrived])
        once = Books()
        once.record(known[frozenset(order)])
        assert books.sums() == once.sums()


@moderately(60)
@given(author=AUTHORS, days=st.lists(st.integers(0, 1000), min_size=2, max_size=6).map(sorted))
def test_time_that_passes_in_steps_leaves_the_ledger_with_the_same_sums(author: Author, days: list[int]) -> None:
    note(repr(author))
    books, once = Books(), Books()
    for day in days:
        until = START + timedelta(days=day)
        course = unfold(author.story_of(author.facts, until=until), versions=author.versions, until=until)
        wanted = wanted_of(course)
        books.record(wanted)
        again = books.record(wanted)
        assert again == 0, "what was recorded is recorded once"
    once.record(wanted)
    assert books.sums() == once.sums()
