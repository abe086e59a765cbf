"""A state machine of one wallet: events arrive in order and late, time passes, notices are delivered; the invariants
hold after each step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.domain.terms.version import Terms
from app.domain.wallets.events import ExpiryNoticeDelivered
from app.domain.wallets.wallet import Wallet, replay
from tests.ledger.history_strategies import ANN, KINDS, MERGE_PLANS, EventDraft, HistoryBuilder, MergePlan, stable_id
from tests.ledger.invariants import entry_changes, refund_violations, violations
from tests.ledger.ledger_totals import LedgerTotals, expected_postings
from tests.ledger.reference import replay_reference
from tests.ledger.terms_strategies import START, VERSIONS
from tests.ledger.wallet_summaries import core_summary, differences, reference_summary
from tests.soak_settings import STEPS, property_settings

NUMBERS = st.integers(0, 999)
AMOUNTS = st.integers(1, 12)
AGO = st.just(0) | st.integers(0, 20) | st.integers(0, 400)
"""Days by which an event arrives late."""


class WalletStateMachine(RuleBasedStateMachine):
    """The server's view of a wallet: the events that have arrived, and a ledger that is only appended to."""

    steps: ClassVar[int] = 0
    """Of all that ever lived."""

    @initialize(versions=VERSIONS, plan=MERGE_PLANS)
    def open_wallet(self, versions: Sequence[Terms], plan: MergePlan) -> None:
        """A wallet, its terms, and the merges to come."""
        self.builder = HistoryBuilder(versions, plan.history())
        self.now = START + timedelta(days=1)
        self.ledger = LedgerTotals()
        self.replay_and_record()

    def replay_and_record(self) -> None:
        """Replays the known events and records the postings."""
        history = self.builder.history_of(self.builder.events, until=self.now)
        self.history = history
        self.wallet: Wallet = replay(history, versions=self.builder.versions, until=self.now)
        self.ledger.record(expected_postings(self.wallet))

    def add_event(self, kind: str, *, ago: int, pick: int, amount: int) -> None:
        """Adds an event of some days ago; never one in the future."""
        day, seconds = divmod(int((self.now - START).total_seconds()), 86_400)
        self.builder.add(EventDraft(kind, max(0, day - ago), seconds // 3600 if not ago else amount % 2, pick, amount))
        self.replay_and_record()

    @rule(kind=st.sampled_from([kind for kind in KINDS if kind != "expiry notice"]), pick=NUMBERS, amount=AMOUNTS)
    def event_now(self, kind: str, pick: int, amount: int) -> None:
        """An event of this moment."""
        self.add_event(kind, ago=0, pick=pick, amount=amount)

    @rule(kind=st.sampled_from(KINDS), ago=AGO, pick=NUMBERS, amount=AMOUNTS)
    def late_event(self, kind: str, ago: int, pick: int, amount: int) -> None:
        """An event that arrives some days late."""
        self.add_event(kind, ago=ago, pick=pick, amount=amount)

    @rule(pick=NUMBERS, amount=AMOUNTS)
    def purchase_now(self, pick: int, amount: int) -> None:
        """Purchases are activity, which postpones expiry."""
        self.add_event("purchase", ago=0, pick=pick, amount=amount)

    @rule(hours=st.sampled_from([1, 13, 24]) | st.integers(1, 24 * 120))
    def time_passes(self, hours: int) -> None:
        """Advances the clock."""
        self.now += timedelta(hours=hours)
        self.replay_and_record()

    @precondition(lambda self: self.wallet.next_change() is not None)
    @rule()
    def advance_to_next_due(self) -> None:
        """Advances to the next due change, as the job does."""
        due = self.wallet.next_change()
        assert due is not None
        assert due > self.now, "what was due has been processed"
        self.now = due
        self.replay_and_record()

    @precondition(lambda self: any(item.at <= self.now for item in self.wallet.point_account.due_notices()))
    @rule()
    def deliver_due_notices(self) -> None:
        """Delivers the due notices through a channel that counts."""
        for notice in [notice for notice in self.wallet.point_account.due_notices() if notice.at <= self.now]:
            channel = sorted(self.wallet.point_account.validity_of(notice.lot).notice_by)[0]
            notice_read = ExpiryNoticeDelivered(
                stable_id(len(self.builder.events)), self.now, frozenset({notice.lot.id}), channel
            )
            self.builder.events.append((notice_read, ANN))
        self.replay_and_record()

    @invariant()
    def equals_the_reference(self) -> None:
        """Lots, balance, tiers and coming expiries equal those of the reference."""
        WalletStateMachine.steps += 1
        note(repr(self.builder))
        expected = reference_summary(replay_reference(self.history, self.builder.versions, self.now), self.now)
        assert differences(core_summary(self.wallet, self.now), expected) == {}

    @invariant()
    def satisfies_the_invariants(self) -> None:
        """This wallet and those merged into it satisfy the invariants."""
        for wallet in _with_merged_wallets(self.wallet):
            for unit_account in wallet.unit_accounts.values():
                inventory, entries = (
                    unit_account.inventory,
                    [entry_changes(posting) for posting in unit_account.postings],
                )
                balance = inventory.balance(at=self.now)
                assert violations(entries=entries, lots=inventory.lots.values(), balance=balance) == []
            assert refund_violations(wallet) == []

    @invariant()
    def ledger_equals_one_replay(self) -> None:
        """The ledger has the sums that a single replay gives."""
        once = LedgerTotals()
        once.record(expected_postings(self.wallet))
        assert self.ledger.sums() == once.sums()
        assert self.ledger.record(expected_postings(self.wallet)) == 0, "a second replay appends nothing"

    @invariant()
    def advancing_in_steps_changes_nothing(self) -> None:
        """Advancing at once, in two steps and to the same moment again give the same wallet."""
        between, later = self.now + timedelta(days=9), self.now + timedelta(days=500)
        at_once = replay(self.history, versions=self.builder.versions, until=later)
        in_steps = replay(self.history, versions=self.builder.versions, until=between)
        for until in (later, later):
            in_steps.advance_to(until)
        for unit, unit_account in at_once.unit_accounts.items():
            assert in_steps.unit_accounts[unit].postings == unit_account.postings
        assert core_summary(in_steps, later) == core_summary(at_once, later)


def _with_merged_wallets(wallet: Wallet) -> list[Wallet]:
    return [wallet, *(nested for other in wallet.merged_wallets for nested in _with_merged_wallets(other))]


class TestWalletStateMachine(WalletStateMachine.TestCase):
    """Runs the machine and prints the number of steps."""

    @classmethod
    def tearDownClass(cls) -> None:
        """Prints the number of steps."""
        print(f"{WalletStateMachine.steps} steps")


TestWalletStateMachine.settings = settings(
    property_settings(8), max_examples=max(8, STEPS // 40), stateful_step_count=40
)
