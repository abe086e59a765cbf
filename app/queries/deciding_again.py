"""Old entries decided once more: from the facts that were kept, the terms of their time, and the account just before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain import earning, redeeming, refunding
from app.domain.ledger import Entry, EntryType
from app.domain.lots import Lot
from app.domain.price_lists import Charge, PriceLists, may_be_cheaper
from app.domain.terms import Terms
from app.store import purchases, redemptions, refunds, rewards, standings, terms
from app.store.purchases import Purchase
from app.store.redemptions import Redemption
from app.store.refunds import Refund
from app.store.rewards import Reward
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class Again:
    """What an entry comes to: its signed points, and whether the purchase, refund or redemption beside it says so too.

    `spent` is what it takes from the budgets of clauses, by key.
    """

    points: int
    recorded: bool
    spent: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class Standing:
    """An account between two entries: its points, its lots with what is left, and the refunds (ids) of each purchase."""

    available: int = 0
    lots: dict[str, Lot] = field(default_factory=dict)
    refunds: dict[str, list[str]] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Go on to just behind the next entry."""
        self.available += entry.points
        if entry.new_lot is not None:
            self.lots[entry.new_lot.id] = replace(entry.new_lot, remaining=0)
        for one in entry.movements:
            if (lot := self.lots.get(one.lot_id)) is not None:
                self.lots[lot.id] = replace(lot, remaining=lot.remaining + one.points)
        if entry.purchase_id is not None and entry.refund_id is not None:
            self.refunds.setdefault(entry.purchase_id, []).append(entry.refund_id)


@dataclass(frozen=True, slots=True)
class Past:
    """What was kept behind entries, by id; every version of the terms, and when those that were withdrawn were."""

    purchases: Mapping[str, Purchase]
    refunds: Mapping[str, Refund]
    redemptions: Mapping[str, Redemption]
    rewards: Mapping[str, Reward]
    terms: Mapping[int, Terms]
    withdrawn: Mapping[int, datetime]


async def standing_before(session: Session, *, program_id: str, entry: Entry) -> Standing:
    """The account just before an entry, from the entries before it."""
    found = await standings.standing(session, program_id=program_id, account_id=entry.account_id, before=entry.number)
    earlier = await standings.refunds_before(session, program_id=program_id, entry=entry)
    return Standing(
        available=found.available,
        lots={lot.id: lot for lot in found.lots},
        refunds={entry.purchase_id: list(earlier)} if entry.purchase_id is not None else {},
    )


async def past_of(session: Session, *, program_id: str, entries: Sequence[Entry], refund_ids: Sequence[str]) -> Past:
    """What the entries were decided from; `refund_ids` are further refunds of the same purchases."""
    sales = {entry.purchase_id for entry in entries if entry.purchase_id is not None}
    returns = {*refund_ids, *(entry.refund_id for entry in entries if entry.refund_id is not None)}
    given = {entry.redemption_id for entry in entries if entry.redemption_id is not None}
    redeemed = await redemptions.by_ids(session, program_id=program_id, redemption_ids=sorted(given))
    asked = sorted({one.reward_id for one in redeemed.values()})
    return Past(
        purchases=await purchases.by_ids(session, program_id=program_id, purchase_ids=sorted(sales)),
        refunds=await refunds.by_ids(session, program_id=program_id, refund_ids=sorted(returns)),
        redemptions=redeemed,
        rewards=await rewards.by_ids(session, program_id=program_id, reward_ids=asked),
        terms={one.version: one for one in await terms.all_versions(session, program_id=program_id)},
        withdrawn=await terms.withdrawals(session, program_id=program_id),
    )


def decided_again(entry: Entry, *, past: Past, standing: Standing) -> Again | None:
    """Decide an entry by the rules of its time, `standing` being its account just before; None where a fact is gone.

    Nothing that was stored as a result has a say in it, but for the points and lots that the entries before have left.
    """
    if entry.type is EntryType.REDEEM:
        return _paid(past.redemptions.get(entry.redemption_id or ""), past=past, standing=standing)
    sale = past.purchases.get(entry.purchase_id or "")
    judged_by = past.terms.get(sale.terms_version) if sale is not None else None
    if sale is None or judged_by is None:
        return None
    if entry.type is EntryType.CLAWBACK:
        return _taken_back(entry, sale=sale, terms=judged_by, past=past, standing=standing)
    earned = earning.earn(terms=judged_by, facts=sale.facts)
    return Again(points=earned.points, recorded=earned.points == sale.earned, spent=earned.spent)


def _taken_back(entry: Entry, *, sale: Purchase, terms: Terms, past: Past, standing: Standing) -> Again | None:
    """The refunds of the purchase up to this one, each decided again, since what is due depends on what was due before."""
    earned = earning.earn(terms=terms, facts=sale.facts).points
    kept = {line.number: line.quantity for line in sale.facts.lines}
    due = 0
    done: refunding.Refunded | None = None
    made: Refund | None = None
    for refund_id in (*standing.refunds.get(sale.id, ()), entry.refund_id or ""):
        made = past.refunds.get(refund_id)
        if made is None or not made.lines.keys() <= kept.keys():
            return None
        left = refunding.kept(sale.facts, returned=[made.lines], of=kept)
        done = refunding.refund(
            terms=terms,
            sale=sale.facts,
            earned=earned,
            kept_before=kept,
            kept_after=left,
            due_before=due,
            available=standing.available,
            occurred_at=entry.occurred_at,
        )
        kept, due = left, due + done.due
    if done is None or made is None:
        return None
    recorded = (made.due, made.taken, made.cash) == (done.due, done.taken, done.cash.minor)
    return Again(points=-done.taken, recorded=recorded)


def _paid(made: Redemption | None, *, past: Past, standing: Standing) -> Again | None:
    """The redemption at the price of its time, with the lots as they stood."""
    reward = past.rewards.get(made.reward_id) if made is not None else None
    judged_by = past.terms.get(made.terms_version) if made is not None else None
    clause = judged_by.cost_of(reward.key) if judged_by is not None and reward is not None else None
    if made is None or reward is None or judged_by is None or clause is None:
        return None
    decision = redeeming.redeem(
        terms=judged_by,
        clause=clause,
        facts=made.facts,
        available=standing.available,
        charge=_charge(made, reward=reward.key, terms=judged_by, past=past, standing=standing),
    )
    return Again(points=-decision.points, recorded=decision.points == made.points)


def _charge(made: Redemption, *, reward: str, terms: Terms, past: Past, standing: Standing) -> Charge | None:
    """What it cost where points of different age paid different prices, by the versions that stood at the time."""
    earlier = tuple(
        one
        for version, one in sorted(past.terms.items())
        if version < terms.version and not (version in past.withdrawn and past.withdrawn[version] <= made.recorded_at)
    )
    if not may_be_cheaper(terms, earlier=earlier):
        return None
    lots = tuple(lot for lot in standing.lots.values() if lot.remaining > 0)
    return PriceLists(terms=terms, earlier=earlier, lots=lots, at=made.occurred_at).charge(reward)
