"""The core against the reference: random stories come to the same wallet, at several moments."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, note
from hypothesis import strategies as st

from app.domain.wallets.wallet import replay
from tests.ledger.history_strategies import HISTORIES, HISTORIES_WITH_MANY_RETURNS, HistoryBuilder
from tests.ledger.invariants import refund_violations
from tests.ledger.reference import replay_reference
from tests.ledger.terms_strategies import START
from tests.ledger.wallet_shapes import core_summary, differences, reference_summary
from tests.soak_settings import moderately


@moderately(100)
@given(author=HISTORIES_WITH_MANY_RETURNS, day=st.integers(0, 500))
def test_what_comes_back_little_by_little_comes_to_the_same(author: HistoryBuilder, day: int) -> None:
    note(repr(author))
    until = START + timedelta(days=day)
    history = author.history_of(author.events, until=until)
    core = replay(history, versions=author.versions, until=until)
    assert (
        differences(
            core_summary(core, until), reference_summary(replay_reference(history, author.versions, until), until)
        )
        == {}
    )
    assert refund_violations(core) == []


@moderately(150)
@given(author=HISTORIES, days=st.lists(st.integers(0, 1400), min_size=1, max_size=2))
def test_a_story_comes_to_the_same_told_in_plain_points(author: HistoryBuilder, days: list[int]) -> None:
    note(repr(author))
    for day in days:
        until = START + timedelta(days=day)
        history = author.history_of(author.events, until=until)
        core = core_summary(replay(history, versions=author.versions, until=until), until)
        assert differences(core, reference_summary(replay_reference(history, author.versions, until), until)) == {}
