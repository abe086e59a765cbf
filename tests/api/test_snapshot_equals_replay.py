"""A purchase decided from the snapshot leaves the same ledger as one decided by a replay. On both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.customers.customer import Customer, CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.ledger.account import Account
from app.domain.problems import Problem
from app.domain.programs.program import Program
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.store.customers.customers import find as find_customer
from app.store.database.connect import open_database
from app.store.events import replay
from app.store.ledger import entries
from app.usecases.application import Application
from app.usecases.customers import enrol_customer
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.purchases import record_purchase
from app.usecases.purchases.booking import book_purchase
from app.usecases.purchases.commands import RecordPurchase
from app.usecases.terms import publish_terms
from app.usecases.terms.publish_terms import PublishTerms
from tests.builders import a_clause, a_line, a_purchase
from tests.shop import create_program, new_id
from tests.verification import discrepancies_in

MORNING = datetime(2090, 11, 2, 9, tzinfo=UTC)
LONG_AFTER = datetime(2120, 1, 1, tzinfo=UTC)


@dataclass
class PurchaseRecorder:
    """Programs with tiers, and an application that records purchases in them."""

    url: str
    application: Application
    runner: asyncio.Runner
    programs: dict[TierPeriod, Program] = field(default_factory=dict)

    def execute(self, use_case: Any, program: Program, command: Any) -> None:
        """Executes a command."""
        key = new_id()
        execution = self.runner.run(
            self.application.execute(
                use_case,
                name=use_case.handler.__name__,
                program=program,
                principal=None,
                key=key,
                fingerprint_input=key,
                command=command,
            )
        )
        assert not isinstance(execution, Problem), execution

    def program(self, period: TierPeriod) -> Program:
        """A program with this tier period, created once."""
        if period not in self.programs:
            program = create_program(self.url, template="blank").program
            clauses = (
                a_clause(),
                ("silver", (), Tier("silver", "Silver", 100)),
                ("gold", (), Tier("gold", "Gold", 300)),
                ("extra", (TierAtLeast("silver"),), BonusPoints(5)),
                ("double", (TierAtLeast("gold"),), PointsMultiplier(Decimal(2))),
                ("period", (), period),
            )
            self.execute(publish_terms.run, program, PublishTerms(datetime(2020, 1, 1, tzinfo=UTC), clauses))
            self.programs[period] = program
        return self.programs[period]

    def customer_with_purchases(self, program: Program, purchases: list[tuple[int, int]]) -> Customer:
        """A new customer with purchases for whole pounds, each some hours after the one before."""
        known = new_id()
        self.execute(enrol_customer.run, program, EnrolCustomer(((IdentityKind.TOKEN, known),), None))
        by, at = CustomerReference(known, IdentityKind.TOKEN), MORNING
        for hours, pounds in purchases:
            at += timedelta(hours=hours, microseconds=1)
            facts = a_purchase(a_line(price=f"{pounds}.00"), at=at)
            self.execute(record_purchase.run, program, RecordPurchase(by, new_id(), facts))
        row = self.runner.run(self.application.query(find_customer, program_id=program.id, by=by))
        assert row is not None
        return row

    def ledger(self, program: Program, row: Customer) -> list[tuple[Any, ...]]:
        """The ledger without ids."""
        result = self.runner.run(
            self.application.query(entries.of_accounts, program_id=program.id, account_ids=[row.account.id])
        )
        booked = [stored.entry for stored in result.get(row.account.id, ())]
        return [
            (
                entry.number,
                entry.type,
                entry.points,
                entry.owed_change,
                entry.occurred_at,
                entry.decision,
                [moved.points for moved in entry.movements],
                [(lot.points, lot.earned_at, lot.available_from, lot.promised_last_day) for lot in entry.new_lots],
            )
            for entry in booked
        ]


@pytest.fixture
def recorder(database_url: str) -> Iterator[PurchaseRecorder]:
    """An application whose clock is long after all purchases."""
    with asyncio.Runner() as runner:
        database = open_database(database_url)
        runner.run(database.start())
        yield PurchaseRecorder(
            database_url, Application(database=database, clock=lambda: LONG_AFTER, new_id=new_id), runner
        )
        runner.run(database.stop())
    assert discrepancies_in(database_url) == []


periods = st.builds(TierPeriod, period=st.sampled_from(list(TierWindow)), grace_days=st.sampled_from([0, 30]))
shopping = st.lists(st.tuples(st.integers(0, 24 * 150), st.integers(1, 160)), min_size=1, max_size=9)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(period=periods, purchases=shopping)
def test_decision_from_the_snapshot_equals_the_replay(
    recorder: PurchaseRecorder, period: TierPeriod, purchases: list[tuple[int, int]]
) -> None:
    program = recorder.program(period)
    quick = recorder.customer_with_purchases(program, purchases)
    with patch.object(Account, "can_append", lambda _, __: False):
        slow = recorder.customer_with_purchases(program, purchases)
    assert recorder.ledger(program, quick) == recorder.ledger(program, slow)
    assert quick.account.balance == slow.account.balance
    assert quick.tier == slow.tier
    assert (quick.account.next_change_at is None) == (slow.account.next_change_at is None)
    if quick.account.next_change_at is not None and slow.account.next_change_at is not None:
        assert quick.account.next_change_at <= slow.account.next_change_at


def test_history_is_replayed_only_when_a_tier_may_change(recorder: PurchaseRecorder) -> None:
    program = recorder.program(TierPeriod(TierWindow.CALENDAR_YEAR, 30))
    # 40, 80, then 120: silver; 160; the year turns; 90, then 110: the threshold is crossed again; 111.
    purchases = [(1, 40), (1, 40), (1, 40), (1, 40), (24 * 100, 90), (1, 20), (1, 1)]
    with ExitStack() as stack:
        replays = stack.enter_context(patch.object(book_purchase, "replay_wallet", wraps=replay.replay_wallet))
        recorder.customer_with_purchases(program, purchases)
    assert [call.kwargs["until"] - MORNING for call in replays.call_args_list] == [
        timedelta(hours=hours, microseconds=number) for hours, number in ((3, 3), (24 * 100 + 4, 5), (24 * 100 + 5, 6))
    ]
