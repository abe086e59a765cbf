"""The core against the reference: random stories come to the same wallet, at several moments."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, note
from hypothesis import strategies as st

from app.domain.wallets.wallet import replay
from tests.ledger.history_strategies import AUTHORS, MANY_RETURNS, Author
from tests.ledger.invariants import faults_of_refunds
from tests.ledger.reference import tell
from tests.ledger.terms_strategies import START
from tests.ledger.wallet_shapes import of_core, of_reference, unlike
from tests.soak_settings import moderately


@moderately(100)
@given(author=MANY_RETURNS, day=st.integers(0, 500))
def test_what_comes_back_little_by_little_comes_to_the_same(author: Author, day: int) -> None:
    note(repr(author))
    until = START + timedelta(days=day)
    history = author.story_of(author.events, until=until)
    core = replay(history, versions=author.versions, until=until)
    assert unlike(of_core(core, until), of_reference(tell(history, author.versions, until), until)) == {}
    assert faults_of_refunds(core) == []


@moderately(150)
@given(author=AUTHORS, days=st.lists(st.integers(0, 1400), min_size=1, max_size=2))
def test_a_story_comes_to_the_same_told_in_plain_points(author: Author, days: list[int]) -> None:
    note(repr(author))
    for day in days:
        until = START + timedelta(days=day)
        history = author.story_of(author.events, until=until)
        core = of_core(replay(history, versions=author.versions, until=until), until)
        assert unlike(core, of_reference(tell(history, author.versions, until), until)) == {}
