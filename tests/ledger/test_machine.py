"""A wallet that lives: facts arrive early and late, time passes, notices are delivered; after each step everything holds."""

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
from tests.ledger.ledger_assertions import LedgerTotals, expected_postings
from tests.ledger.reference import replay_reference
from tests.ledger.terms_strategies import START, VERSIONS
from tests.ledger.wallet_shapes import core_summary, differences, reference_summary
from tests.soak_settings import STEPS, moderately

NUMBERS = st.integers(0, 999)
AMOUNTS = st.integers(1, 12)
AGO = st.just(0) | st.integers(0, 20) | st.integers(0, 400)
"""Days by which a fact arrives late."""


class LivingWallet(RuleBasedStateMachine):
    """The server's view: it knows what has arrived, and records in a ledger that is only appended to."""

    steps: ClassVar[int] = 0
    """Of all that ever lived."""

    @initialize(versions=VERSIONS, plan=MERGE_PLANS)
    def opens(self, versions: Sequence[Terms], plan: MergePlan) -> None:
        """A wallet, its terms, and who will come into it."""
        self.author = HistoryBuilder(versions, plan.history())
        self.now = START + timedelta(days=1)
        self.books = LedgerTotals()
        self.tell()

    def tell(self) -> None:
        """Tell the wallet with all that is known, and record."""
        history = self.author.history_of(self.author.events, until=self.now)
        self.story = history
        self.course: Wallet = replay(history, versions=self.author.versions, until=self.now)
        self.books.record(expected_postings(self.course))

    def arrives(self, kind: str, *, ago: int, pick: int, amount: int) -> None:
        """A fact of some days ago; never one that has not happened yet."""
        day, seconds = divmod(int((self.now - START).total_seconds()), 86_400)
        self.author.add(EventDraft(kind, max(0, day - ago), seconds // 3600 if not ago else amount % 2, pick, amount))
        self.tell()

    @rule(kind=st.sampled_from([kind for kind in KINDS if kind != "warn"]), pick=NUMBERS, amount=AMOUNTS)
    def happens_now(self, kind: str, pick: int, amount: int) -> None:
        """A fact of this moment."""
        self.arrives(kind, ago=0, pick=pick, amount=amount)

    @rule(kind=st.sampled_from(KINDS), ago=AGO, pick=NUMBERS, amount=AMOUNTS)
    def arrives_late(self, kind: str, ago: int, pick: int, amount: int) -> None:
        """A fact that the server hears of later."""
        self.arrives(kind, ago=ago, pick=pick, amount=amount)

    @rule(pick=NUMBERS, amount=AMOUNTS)
    def buys(self, pick: int, amount: int) -> None:
        """Purchases keep it alive."""
        self.arrives("buy", ago=0, pick=pick, amount=amount)

    @rule(hours=st.sampled_from([1, 13, 24]) | st.integers(1, 24 * 120))
    def time_passes(self, hours: int) -> None:
        """Time alone."""
        self.now += timedelta(hours=hours)
        self.tell()

    @precondition(lambda self: self.course.next_change() is not None)
    @rule()
    def time_passes_to_what_is_due(self) -> None:
        """As the job does that is woken when something falls due."""
        due = self.course.next_change()
        assert due is not None
        assert due > self.now, "what was due has happened"
        self.now = due
        self.tell()

    @precondition(lambda self: any(item.at <= self.now for item in self.course.points.notices()))
    @rule()
    def the_notices_that_are_due_are_delivered(self) -> None:
        """Through a channel that counts."""
        for notice in [each_notice for each_notice in self.course.points.notices() if each_notice.at <= self.now]:
            channel = sorted(self.course.points.validity_of(notice.lot).notice_by)[0]
            warned = ExpiryNoticeDelivered(
                stable_id(len(self.author.events)), self.now, frozenset({notice.lot.id}), channel
            )
            self.author.events.append((warned, ANN))
        self.tell()

    @invariant()
    def the_reference_says_the_same(self) -> None:
        """Lots, balance, tiers and coming expiries."""
        LivingWallet.steps += 1
        note(repr(self.author))
        told = reference_summary(replay_reference(self.story, self.author.versions, self.now), self.now)
        assert differences(core_summary(self.course, self.now), told) == {}

    @invariant()
    def the_books_balance(self) -> None:
        """Of this wallet and of all that went over into it."""
        for wallet in _with_absorbed(self.course):
            for unit_account in wallet.unit_accounts.values():
                inventory, entries = (
                    unit_account.inventory,
                    [entry_changes(posting) for posting in unit_account.postings],
                )
                balance = inventory.balance(at=self.now)
                assert violations(entries=entries, lots=inventory.lots.values(), balance=balance) == []
            assert refund_violations(wallet) == []

    @invariant()
    def the_ledger_holds_what_one_telling_wants(self) -> None:
        """However it came about."""
        once = LedgerTotals()
        once.record(expected_postings(self.course))
        assert self.books.sums() == once.sums()
        assert self.books.record(expected_postings(self.course)) == 0, "telling twice appends nothing"

    @invariant()
    def letting_time_pass_twice_is_letting_it_pass_once(self) -> None:
        """At once, in two steps, and to the same moment again."""
        between, later = self.now + timedelta(days=9), self.now + timedelta(days=500)
        at_once = replay(self.story, versions=self.author.versions, until=later)
        in_steps = replay(self.story, versions=self.author.versions, until=between)
        for until in (later, later):
            in_steps.advance_to(until)
        for unit, unit_account in at_once.unit_accounts.items():
            assert in_steps.unit_accounts[unit].postings == unit_account.postings
        assert core_summary(in_steps, later) == core_summary(at_once, later)


def _with_absorbed(wallet: Wallet) -> list[Wallet]:
    return [wallet, *(each_wallet for other in wallet.merged_wallets for each_wallet in _with_absorbed(other))]


class TestLivingWallet(LivingWallet.TestCase):
    """As a test, which says how much it did."""

    @classmethod
    def tearDownClass(cls) -> None:
        """Say it."""
        print(f"{LivingWallet.steps} steps")


TestLivingWallet.settings = settings(moderately(60), max_examples=max(60, STEPS // 40), stateful_step_count=40)
