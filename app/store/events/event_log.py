"""The stories of accounts: all that ever happened to them, as the facts that were recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.units import Unit
from app.domain.wallets import events as past
from app.domain.wallets.history import Event, EventHistory, WalletMerged
from app.store.customers import customers, mergers
from app.store.customers.mergers import Merger
from app.store.database.codecs import instant
from app.store.database.row_digests import combine
from app.store.database.session import Session
from app.store.events.recorded_history import RecordedHistory as RecordedHistory
from app.store.ledger import accounts, adjustments, expiry_notices, transfers
from app.store.ledger.accounts import NO_EVIDENCE, Account
from app.store.ledger.adjustments import Adjustment
from app.store.ledger.expiry_notices import Delivery, ExpiryNotice
from app.store.ledger.transfers import Transfer
from app.store.purchases import corrections, exchanges, purchases, refunds
from app.store.purchases.corrections import ReceiptCorrection
from app.store.purchases.purchases import Purchase
from app.store.purchases.refunds import Refund
from app.store.rewards import redemptions, reversals, rewards
from app.store.rewards.redemptions import Redemption, RedemptionState
from app.store.rewards.reversals import Reversal
from app.store.terms.in_force import Versions


async def load(session: Session, *, account: Account, versions: Versions) -> RecordedHistory:
    """What was recorded of one account."""
    found = await load_many(session, of=[account], versions=versions)
    return found[account.id]


async def load_many(session: Session, *, of: Sequence[Account], versions: Versions) -> dict[str, RecordedHistory]:
    """What was recorded of several accounts, by their ids, read together."""
    row_set = await _read_rows(session, of=of, versions=versions)
    return {account.id: row_set.history_of(account) for account in of}


@dataclass(slots=True)
class _RowSet:
    """The rows of several accounts, each kind read in one query."""

    versions: Versions
    accounts: dict[str, Account]
    """By wallet: the accounts of points."""
    others: dict[str, dict[Unit, Account]]
    """By wallet: those of other units."""
    mergers: tuple[Merger, ...]
    holders: dict[str, set[str]] = field(default_factory=dict)
    """By wallet: the customers who hold it now."""
    enrolled: dict[str, datetime] = field(default_factory=dict)
    purchases: dict[str, list[Purchase]] = field(default_factory=dict)
    corrections: tuple[ReceiptCorrection, ...] = ()
    refunds: dict[str, list[Refund]] = field(default_factory=dict)
    """By purchase."""
    exchanged: dict[str, str] = field(default_factory=dict)
    """By refund: the purchase that was handed out for its goods."""
    redemptions: dict[str, list[Redemption]] = field(default_factory=dict)
    reversals: dict[str, Reversal] = field(default_factory=dict)
    """By redemption."""
    rewards: dict[str, str] = field(default_factory=dict)
    """The keys of rewards, by id."""
    adjustments: dict[str, list[Adjustment]] = field(default_factory=dict)
    transfers: tuple[Transfer, ...] = ()
    notices: dict[str, list[ExpiryNotice]] = field(default_factory=dict)
    deliveries: dict[str, list[Delivery]] = field(default_factory=dict)

    def history_of(self, account: Account) -> RecordedHistory:
        """What was recorded of one account: of those who hold its wallet, as long as they did."""
        wallet = account.wallet_id
        gone = next((each_merger for each_merger in self.mergers if each_merger.from_wallet_id == wallet), None)
        until = gone.occurred_at if gone is not None else None
        own, came = self._customers(wallet)
        history = EventHistory(account.id, {id: self.enrolled[id] for id in own}, ())
        made = RecordedHistory(account=account, history=history, others=self.others.get(wallet, {}))
        events: list[Event] = []
        corrected: list[past.ReceiptCorrected] = []
        digests: list[int] = []
        for id, since in {**dict.fromkeys(own), **came}.items():
            for event, mark in self._of_customer(id, made=made):
                if (since is None or event.at >= since) and (until is None or event.at < until):
                    events.append(event)
                    digests.append(mark)
            for correction, mark in self._corrected(id):
                if (since is None or correction.at >= since) and (until is None or correction.at < until):
                    corrected.append(correction)
                    digests.append(mark)
        for event, mark in (*self._of_account(account), *self._notice_deliveries(account, since=None, until=until)):
            events.append(event)
            digests.append(mark)
        absorbed = []
        for merger in self.mergers:
            if merger.to_wallet_id == wallet:
                other = self.history_of(self.accounts[merger.from_wallet_id])
                absorbed.append(other)
                events.append(WalletMerged(merger.id, merger.occurred_at, other.history, merger.survivor_id))
                digests.append(mergers.evidence(merger))
        digests += [expiry_notices.evidence(notice) for notice in self.notices.get(account.id, ())]
        digests += [customers.evidence(id, enrolled_at=self.enrolled[id]) for id in own]
        made.merged, made.merged_away = tuple(absorbed), gone
        made.history = EventHistory(account.id, made.history.enrolled_at, tuple(events), tuple(corrected))
        made.evidence = combine(NO_EVIDENCE, (*digests, accounts.evidence(account)))
        made.notices = tuple(self.notices.get(account.id, ()))
        return made

    def _customers(self, wallet: str) -> tuple[set[str], dict[str, datetime]]:
        """Those whose wallet it was from the beginning, and those who came with another one, each with the time."""
        came: dict[str, datetime] = {}
        for merger in self.mergers:
            if merger.to_wallet_id == wallet:
                own, earlier = self._customers(merger.from_wallet_id)
                came |= dict.fromkeys((*own, *earlier), merger.occurred_at)
        gone = {each_merger.customer_id for each_merger in self.mergers if each_merger.from_wallet_id == wallet}
        return gone or set(self.holders.get(wallet, ())) - came.keys(), came

    def _of_customer(self, customer_id: str, *, made: RecordedHistory) -> Iterator[tuple[Event, int]]:
        """What a customer bought, gave back, redeemed and had undone, each with the digest of its row."""
        sales = {sale.id: sale for sale in self.purchases.get(customer_id, ())}
        handed_out = frozenset(self.exchanged.values())
        for sale in sales.values():
            made.purchases[sale.id] = sale
            if sale.id not in handed_out:
                yield self._bought(sale), purchases.evidence(sale)
            for refund in self.refunds.get(sale.id, ()):
                made.refunds[refund.id] = refund
                yield self._came_back(refund, sales=sales)
        for given in self.redemptions.get(customer_id, ()):
            made.redemptions[given.id] = given
            yield self._redeemed(given), redemptions.evidence(given)
            if (undone := self.reversals.get(given.id)) is not None:
                back_again = past.RedemptionReversed(undone.id, given.id, undone.occurred_at, undone.usable_until)
                yield back_again, reversals.evidence(undone)

    def _bought(self, sale: Purchase) -> past.PurchaseRecorded:
        judged_by = self.versions.all[sale.terms_version]
        return past.PurchaseRecorded(
            sale.id, sale.customer_id, sale.in_order, sale.facts, judged_by, sale.moved_by or ""
        )

    def _came_back(self, refund: Refund, *, sales: Mapping[str, Purchase]) -> tuple[Event, int]:
        """A refund or, where other goods were handed out for it, an exchange, with the digest of all its rows."""
        number, at = refund.external_id or "", refund.occurred_at
        new = sales.get(self.exchanged.get(refund.id, ""))
        if new is None:
            back = past.RefundRecorded(refund.id, refund.purchase_id, at, refund.lines, number, refund.amounts)
            return back, refunds.evidence(refund)
        bought = self._bought(new)
        number = number or new.in_order
        exchanged = past.ExchangeRecorded(
            refund.id, refund.purchase_id, at, refund.lines, bought, number, refund.amounts
        )
        marks = (refunds.evidence(refund), purchases.evidence(new), exchanges.evidence(refund.id, new.id))
        return exchanged, sum(marks)

    def _corrected(self, customer_id: str) -> Iterator[tuple[past.ReceiptCorrected, int]]:
        """What was known before of a customer's receipts, or of what was taken for one."""
        for correction in self.corrections:
            if customer_id not in (correction.customer_id, correction.to_customer_id):
                continue
            before = None
            if correction.customer_id == customer_id:
                by, moved_by = self.versions.all[correction.terms_version], correction.moved_by or ""
                before = past.PurchaseRecorded(
                    correction.purchase_id, customer_id, correction.in_order, correction.facts, by, moved_by
                )
            corrected = past.ReceiptCorrected(
                correction.id, correction.purchase_id, correction.occurred_at, before, correction.shares_left
            )
            yield corrected, corrections.evidence(correction)

    def _redeemed(self, redemption: Redemption) -> past.RewardRedeemed | past.HoldPlaced:
        """A redemption or, as long as it was not captured, a hold."""
        judged_by, reward = self.versions.all[redemption.terms_version], self.rewards[redemption.reward_id]
        if redemption.held_until is not None and (
            redemption.state is RedemptionState.HELD or redemption.ended_at is not None
        ):
            return past.HoldPlaced(
                redemption.id,
                redemption.occurred_at,
                redemption.points,
                redemption.held_until,
                redemption.ended_at,
                judged_by,
                reward,
            )
        return past.RewardRedeemed(
            id=redemption.id,
            customer_id=redemption.customer_id,
            facts=redemption.facts,
            terms=judged_by,
            points=redemption.points,
            reward=reward,
            clauses=redemption.decision.applied(),
        )

    def _of_account(self, account: Account) -> Iterator[tuple[Event, int]]:
        """What people moved by a decision of their own."""
        for each_account in (account, *self.others.get(account.wallet_id, {}).values()):
            for given in self.adjustments.get(each_account.id, ()):
                judged_by = self.versions.all[given.terms_version]
                moved = past.PointsAdjusted(given.id, given.occurred_at, given.points, judged_by, each_account.unit)
                yield moved, adjustments.evidence(given)
        for passed_on in self.transfers:
            if passed_on.from_account_id == account.id:
                draws = {passed.source: passed.lot.points for passed in passed_on.lots}
                yield past.TransferSent(passed_on.id, passed_on.occurred_at, draws), transfers.evidence(passed_on)
            elif passed_on.to_account_id == account.id:
                lots = tuple(passed.lot for passed in passed_on.lots)
                yield past.TransferReceived(passed_on.id, passed_on.occurred_at, lots), transfers.evidence(passed_on)

    def _notice_deliveries(
        self, account: Account, *, since: datetime | None, until: datetime | None
    ) -> Iterator[tuple[Event, int]]:
        """The notices of expiry that reached the customer; those given before the wallet had lots from another one, too."""
        for notice in self.notices.get(account.id, ()):
            lots = frozenset(notified.lot_id for notified in notice.lots)
            for delivery in self.deliveries.get(notice.id, ()):
                if (since is None or delivery.delivered_at >= since) and (
                    until is None or delivery.delivered_at < until
                ):
                    warned = past.ExpiryNoticeDelivered(delivery.id, delivery.delivered_at, lots, delivery.channel)
                    yield warned, expiry_notices.evidence_of_delivery(delivery)
        for merger in self.mergers:
            if merger.to_wallet_id == account.wallet_id:
                came = merger.occurred_at if since is None else max(since, merger.occurred_at)
                yield from self._notice_deliveries(self.accounts[merger.from_wallet_id], since=came, until=until)


async def _read_rows(session: Session, *, of: Sequence[Account], versions: Versions) -> _RowSet:
    """Read the rows of accounts, and of those that went over into them."""
    wallets = sorted({account.wallet_id for account in of})
    joined = await mergers.around(session, wallet_ids=wallets)
    every = sorted({*wallets, *(merger.from_wallet_id for merger in joined)})
    known = list(of)
    stamps = any(Unit.STAMPS in version.units for version in versions.all.values())
    if stamps or len(every) > len(wallets):
        known = list(await accounts.of_wallets(session, wallet_ids=every))
    others: dict[str, dict[Unit, Account]] = {}
    for each_account in known:
        if each_account.unit is not Unit.POINTS:
            others.setdefault(each_account.wallet_id, {})[each_account.unit] = each_account
    points = {account.wallet_id: account for account in known if account.unit is Unit.POINTS}
    rows = await session.rows(
        "SELECT id, wallet_id, enrolled_at FROM customers WHERE program_id = $1"
        " AND (wallet_id = ANY($2) OR id = ANY($3))",
        every,
        sorted({merger.customer_id for merger in joined}),
    )
    row_set = _RowSet(versions=versions, accounts=points, others=others, mergers=joined)
    for row in rows:
        row_set.holders.setdefault(row["wallet_id"], set()).add(row["id"])
        row_set.enrolled[row["id"]] = instant(row["enrolled_at"])
    await _read_customers(session, ids=sorted(row_set.enrolled), into=row_set)
    await _read_accounts(session, ids=sorted(account.id for account in known), into=row_set)
    return row_set


async def _read_customers(session: Session, *, ids: Sequence[str], into: _RowSet) -> None:
    """What customers did."""
    bought = await purchases.of_customers(session, customer_ids=ids)
    returned = await refunds.of_customers(session, customer_ids=ids)
    into.exchanged = await exchanges.of_customers(session, customer_ids=ids) if returned else {}
    redeemed = await redemptions.of_customers(session, customer_ids=ids)
    into.corrections = await corrections.of_customers(session, customer_ids=ids)
    into.purchases = _by(bought, key=lambda sale: sale.customer_id)
    into.refunds = _by(returned, key=lambda refund: refund.purchase_id)
    into.redemptions = _by(redeemed, key=lambda redemption: redemption.customer_id)
    if redeemed:
        of = [redemption.id for redemption in redeemed]
        undone = await reversals.of_redemptions(session, redemption_ids=of)
        wanted = sorted({redemption.reward_id for redemption in redeemed})
        given = await rewards.by_ids(session, reward_ids=wanted)
        into.reversals = {reversal.redemption_id: reversal for reversal in undone}
        into.rewards = {reward.id: reward.key for reward in given.values()}


async def _read_accounts(session: Session, *, ids: Sequence[str], into: _RowSet) -> None:
    """What people moved in accounts, and the notices of expiry."""
    given = await adjustments.of_accounts(session, account_ids=ids)
    into.adjustments = _by(given, key=lambda adjustment: adjustment.account_id)
    into.transfers = await transfers.of_accounts(session, account_ids=ids)
    if any(version.policy(PointsValidity).expires for version in into.versions.all.values()):
        warned = await expiry_notices.of_accounts(session, account_ids=ids)
        of = [notice.id for notice in warned]
        heard = await expiry_notices.deliveries(session, notice_ids=of)
        into.notices = _by(warned, key=lambda notice: notice.account_id)
        into.deliveries = _by(heard, key=lambda delivery: delivery.notice_id)


T = TypeVar("T")


def _by(rows: Iterable[T], *, key: Callable[[T], str]) -> dict[str, list[T]]:
    """Rows by something that they have in common."""
    found: dict[str, list[T]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found
