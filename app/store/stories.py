"""The stories of accounts: all that ever happened to them, as the facts that were recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from app.domain.effects.points_validity import PointsValidity
from app.domain.units import Unit
from app.domain.wallets import happenings as past
from app.domain.wallets.story import Happening, Joined, Story
from app.store import (
    accounts,
    adjustments,
    customers,
    exchanges,
    expiry_notices,
    mergers,
    purchases,
    receipt_corrections,
    redemptions,
    refunds,
    reversals,
    rewards,
    transfers,
)
from app.store.accounts import NO_EVIDENCE, Account
from app.store.adjustments import Adjustment
from app.store.evidence import added
from app.store.expiry_notices import Delivery, ExpiryNotice
from app.store.mergers import Merger
from app.store.purchases import Purchase
from app.store.receipt_corrections import ReceiptCorrection
from app.store.redemptions import Redemption, RedemptionState
from app.store.refunds import Refund
from app.store.reversals import Reversal
from app.store.told import Told as Told
from app.store.told import Versions as Versions
from app.store.told import versions_of as versions_of
from app.store.transfers import Transfer
from app.store.unit import Session
from app.store.values import instant


async def told(session: Session, *, program_id: str, account: Account, versions: Versions) -> Told:
    """What was recorded of one account."""
    found = await all_told(session, program_id=program_id, of=[account], versions=versions)
    return found[account.id]


async def all_told(session: Session, *, program_id: str, of: Sequence[Account], versions: Versions) -> dict[str, Told]:
    """What was recorded of several accounts, by their ids, read together."""
    shelf = await _shelf(session, program_id=program_id, of=of, versions=versions)
    return {account.id: shelf.told(account) for account in of}


@dataclass(slots=True)
class _Shelf:
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

    def told(self, account: Account) -> Told:
        """What was recorded of one account: of those who hold its wallet, as long as they did."""
        wallet = account.wallet_id
        gone = next((one for one in self.mergers if one.from_wallet_id == wallet), None)
        until = gone.occurred_at if gone is not None else None
        own, came = self._people(wallet)
        story = Story(account.id, {id: self.enrolled[id] for id in own}, ())
        made = Told(account=account, story=story, others=self.others.get(wallet, {}))
        facts: list[Happening] = []
        corrected: list[past.Corrected] = []
        digests: list[int] = []
        for id, since in {**dict.fromkeys(own), **came}.items():
            for fact, mark in self._of_customer(id, made=made):
                if (since is None or fact.at >= since) and (until is None or fact.at < until):
                    facts.append(fact)
                    digests.append(mark)
            for one, mark in self._corrected(id):
                if (since is None or one.at >= since) and (until is None or one.at < until):
                    corrected.append(one)
                    digests.append(mark)
        for fact, mark in (*self._of_account(account), *self._warnings(account, since=None, until=until)):
            facts.append(fact)
            digests.append(mark)
        absorbed = []
        for merger in self.mergers:
            if merger.to_wallet_id == wallet:
                other = self.told(self.accounts[merger.from_wallet_id])
                absorbed.append(other)
                facts.append(Joined(merger.id, merger.occurred_at, other.story, merger.survivor_id))
                digests.append(mergers.evidence(merger))
        digests += [expiry_notices.evidence(one) for one in self.notices.get(account.id, ())]
        digests += [customers.evidence(id, enrolled_at=self.enrolled[id]) for id in own]
        made.absorbed, made.gone = tuple(absorbed), gone
        made.story = Story(account.id, made.story.joined, tuple(facts), tuple(corrected))
        made.evidence = added(NO_EVIDENCE, (*digests, accounts.evidence(account)))
        made.notices = tuple(self.notices.get(account.id, ()))
        return made

    def _people(self, wallet: str) -> tuple[set[str], dict[str, datetime]]:
        """Those whose wallet it was from the beginning, and those who came with another one, each with the time."""
        came: dict[str, datetime] = {}
        for one in self.mergers:
            if one.to_wallet_id == wallet:
                own, earlier = self._people(one.from_wallet_id)
                came |= dict.fromkeys((*own, *earlier), one.occurred_at)
        gone = {one.customer_id for one in self.mergers if one.from_wallet_id == wallet}
        return gone or set(self.holders.get(wallet, ())) - came.keys(), came

    def _of_customer(self, customer_id: str, *, made: Told) -> Iterator[tuple[Happening, int]]:
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
                back_again = past.Reversed(undone.id, given.id, undone.occurred_at, undone.usable_until)
                yield back_again, reversals.evidence(undone)

    def _bought(self, sale: Purchase) -> past.Bought:
        judged_by = self.versions.all[sale.terms_version]
        return past.Bought(sale.id, sale.customer_id, sale.in_order, sale.facts, judged_by, sale.moved_by or "")

    def _came_back(self, refund: Refund, *, sales: Mapping[str, Purchase]) -> tuple[Happening, int]:
        """A refund or, where other goods were handed out for it, an exchange, with the digest of all its rows."""
        number, at = refund.external_id or "", refund.occurred_at
        new = sales.get(self.exchanged.get(refund.id, ""))
        if new is None:
            back = past.Returned(refund.id, refund.purchase_id, at, refund.lines, number, refund.amounts)
            return back, refunds.evidence(refund)
        bought = self._bought(new)
        number = number or new.in_order
        exchanged = past.Exchanged(refund.id, refund.purchase_id, at, refund.lines, bought, number, refund.amounts)
        marks = (refunds.evidence(refund), purchases.evidence(new), exchanges.evidence(refund.id, new.id))
        return exchanged, sum(marks)

    def _corrected(self, customer_id: str) -> Iterator[tuple[past.Corrected, int]]:
        """What was known before of a customer's receipts, or of what was taken for one."""
        for one in self.corrections:
            if customer_id not in (one.customer_id, one.to_customer_id):
                continue
            before = None
            if one.customer_id == customer_id:
                by, moved_by = self.versions.all[one.terms_version], one.moved_by or ""
                before = past.Bought(one.purchase_id, customer_id, one.in_order, one.facts, by, moved_by)
            corrected = past.Corrected(one.id, one.purchase_id, one.occurred_at, before, one.shares_left)
            yield corrected, receipt_corrections.evidence(one)

    def _redeemed(self, one: Redemption) -> past.Redeemed | past.Held:
        """A redemption or, as long as it was not captured, a hold."""
        judged_by, reward = self.versions.all[one.terms_version], self.rewards[one.reward_id]
        if one.held_until is not None and (one.state is RedemptionState.HELD or one.ended_at is not None):
            return past.Held(one.id, one.occurred_at, one.points, one.held_until, one.ended_at, judged_by, reward)
        return past.Redeemed(
            id=one.id,
            customer_id=one.customer_id,
            facts=one.facts,
            terms=judged_by,
            points=one.points,
            reward=reward,
            clauses=one.decision.applied(),
        )

    def _of_account(self, account: Account) -> Iterator[tuple[Happening, int]]:
        """What people moved by a decision of their own."""
        for one in (account, *self.others.get(account.wallet_id, {}).values()):
            for given in self.adjustments.get(one.id, ()):
                judged_by = self.versions.all[given.terms_version]
                moved = past.Adjusted(given.id, given.occurred_at, given.points, judged_by, one.unit)
                yield moved, adjustments.evidence(given)
        for passed_on in self.transfers:
            if passed_on.from_account_id == account.id:
                draws = {passed.source: passed.lot.points for passed in passed_on.lots}
                yield past.PassedOn(passed_on.id, passed_on.occurred_at, draws), transfers.evidence(passed_on)
            elif passed_on.to_account_id == account.id:
                lots = tuple(passed.lot for passed in passed_on.lots)
                yield past.Received(passed_on.id, passed_on.occurred_at, lots), transfers.evidence(passed_on)

    def _warnings(
        self, account: Account, *, since: datetime | None, until: datetime | None
    ) -> Iterator[tuple[Happening, int]]:
        """The notices of expiry that reached the customer; those given before the wallet had lots from another one, too."""
        for notice in self.notices.get(account.id, ()):
            lots = frozenset(told.lot_id for told in notice.lots)
            for one in self.deliveries.get(notice.id, ()):
                if (since is None or one.delivered_at >= since) and (until is None or one.delivered_at < until):
                    warned = past.Warned(one.id, one.delivered_at, lots, one.channel)
                    yield warned, expiry_notices.evidence_of_delivery(one)
        for merger in self.mergers:
            if merger.to_wallet_id == account.wallet_id:
                came = merger.occurred_at if since is None else max(since, merger.occurred_at)
                yield from self._warnings(self.accounts[merger.from_wallet_id], since=came, until=until)


async def _shelf(session: Session, *, program_id: str, of: Sequence[Account], versions: Versions) -> _Shelf:
    """Read the rows of accounts, and of those that went over into them."""
    wallets = sorted({one.wallet_id for one in of})
    joined = await mergers.around(session, program_id=program_id, wallet_ids=wallets)
    every = sorted({*wallets, *(one.from_wallet_id for one in joined)})
    known = list(of)
    stamps = any(Unit.STAMPS in one.units for one in versions.all.values())
    if stamps or len(every) > len(wallets):
        known = list(await accounts.of_wallets(session, program_id=program_id, wallet_ids=every))
    others: dict[str, dict[Unit, Account]] = {}
    for one in known:
        if one.unit is not Unit.POINTS:
            others.setdefault(one.wallet_id, {})[one.unit] = one
    points = {one.wallet_id: one for one in known if one.unit is Unit.POINTS}
    rows = await session.rows(
        "SELECT id, wallet_id, enrolled_at FROM customers WHERE program_id = $1"
        " AND (wallet_id = ANY($2) OR id = ANY($3))",
        program_id,
        every,
        sorted({one.customer_id for one in joined}),
    )
    shelf = _Shelf(versions=versions, accounts=points, others=others, mergers=joined)
    for row in rows:
        shelf.holders.setdefault(row["wallet_id"], set()).add(row["id"])
        shelf.enrolled[row["id"]] = instant(row["enrolled_at"])
    await _read_customers(session, program_id=program_id, ids=sorted(shelf.enrolled), into=shelf)
    await _read_accounts(session, program_id=program_id, ids=sorted(one.id for one in known), into=shelf)
    return shelf


async def _read_customers(session: Session, *, program_id: str, ids: Sequence[str], into: _Shelf) -> None:
    """What customers did."""
    bought = await purchases.of_customers(session, program_id=program_id, customer_ids=ids)
    returned = await refunds.of_customers(session, program_id=program_id, customer_ids=ids)
    into.exchanged = await exchanges.of_customers(session, program_id=program_id, customer_ids=ids) if returned else {}
    redeemed = await redemptions.of_customers(session, program_id=program_id, customer_ids=ids)
    into.corrections = await receipt_corrections.of_customers(session, program_id=program_id, customer_ids=ids)
    into.purchases = _by(bought, key=lambda one: one.customer_id)
    into.refunds = _by(returned, key=lambda one: one.purchase_id)
    into.redemptions = _by(redeemed, key=lambda one: one.customer_id)
    if redeemed:
        of = [one.id for one in redeemed]
        undone = await reversals.of_redemptions(session, program_id=program_id, redemption_ids=of)
        wanted = sorted({one.reward_id for one in redeemed})
        given = await rewards.by_ids(session, program_id=program_id, reward_ids=wanted)
        into.reversals = {one.redemption_id: one for one in undone}
        into.rewards = {one.id: one.key for one in given.values()}


async def _read_accounts(session: Session, *, program_id: str, ids: Sequence[str], into: _Shelf) -> None:
    """What people moved in accounts, and the notices of expiry."""
    given = await adjustments.of_accounts(session, program_id=program_id, account_ids=ids)
    into.adjustments = _by(given, key=lambda one: one.account_id)
    into.transfers = await transfers.of_accounts(session, program_id=program_id, account_ids=ids)
    if any(one.policy(PointsValidity).expires for one in into.versions.all.values()):
        warned = await expiry_notices.of_accounts(session, program_id=program_id, account_ids=ids)
        of = [one.id for one in warned]
        heard = await expiry_notices.deliveries(session, program_id=program_id, notice_ids=of)
        into.notices = _by(warned, key=lambda one: one.account_id)
        into.deliveries = _by(heard, key=lambda one: one.notice_id)


T = TypeVar("T")


def _by(rows: Iterable[T], *, key: Callable[[T], str]) -> dict[str, list[T]]:
    """Rows by something that they have in common."""
    found: dict[str, list[T]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found
