"""The engine and the reference come to the same wallet for random histories, at several moments."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, note
from hypothesis import strategies as st

from app.domain.wallets.wallet import replay
from tests.ledger.history_strategies import HISTORIES, HISTORIES_WITH_MANY_RETURNS, HistoryBuilder
from tests.ledger.invariants import refund_violations
from tests.ledger.reference import replay_reference
from tests.ledger.terms_strategies import START
from tests.ledger.wallet_summaries import core_summary, differences, reference_summary
from tests.soak_settings import property_settings


@property_settings(50)
@given(builder=HISTORIES_WITH_MANY_RETURNS, day=st.integers(0, 500))
def test_engine_equals_the_reference_with_many_partial_refunds(builder: HistoryBuilder, day: int) -> None:
    note(repr(builder))
    until = START + timedelta(days=day)
    history = builder.history_of(builder.events, until=until)
    core = replay(history, versions=builder.versions, until=until)
    assert (
        differences(
            core_summary(core, until), reference_summary(replay_reference(history, builder.versions, until), until)
        )
        == {}
    )
    assert refund_violations(core) == []


@property_settings(75)
@given(builder=HISTORIES, days=st.lists(st.integers(0, 1400), min_size=1, max_size=2))
def test_engine_equals_the_reference(builder: HistoryBuilder, days: list[int]) -> None:
    note(repr(builder))
    for day in days:
        until = START + timedelta(days=day)
        history = builder.history_of(builder.events, until=until)
        core = core_summary(replay(history, versions=builder.versions, until=until), until)
        assert differences(core, reference_summary(replay_reference(history, builder.versions, until), until)) == {}
