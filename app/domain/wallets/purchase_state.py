"""Purchases of a wallet, what is kept of their goods, and what was taken back of what they earned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from app.domain.amounts import Exact
from app.domain.decisions import Decision
from app.domain.engine.earning import base_points
from app.domain.engine.refund import RemainingPurchase, evaluate_remaining, remaining_value
from app.domain.engine.usage import Clawback, Usage, remaining_usage, usage_of
from app.domain.purchases.facts import Line, PurchaseFacts
from app.domain.wallets.events import ExchangeRecorded, PurchaseRecorded


@dataclass(frozen=True, slots=True)
class Replacement:
    """Goods of one receipt that came back for others: the part of each line that went, and how much of it those cover."""

    returned_shares: Mapping[int, Exact]
    covered: Exact
    receipt: Receipt


class ExchangedReceipt(NamedTuple):
    """The receipt of what was handed out in an exchange; `overpaid`: points pay more of it than what it costs on top."""

    receipt: Receipt
    overpaid: bool


@dataclass(slots=True)
class Receipt:
    """The goods of one receipt, and how much of them is kept.

    `shares` says in which purchases (by id) its goods count, each with the part of the price that counts there: all of it
    in its own or, where they were exchanged for others, in the purchase of those up to the price of what came back.
    """

    id: str
    facts: PurchaseFacts
    shares: Mapping[str, Exact]
    quantities: dict[int, Decimal]
    price_shares: dict[int, Exact] = field(default_factory=dict)
    replacements: list[Replacement] = field(default_factory=list)

    @classmethod
    def of(cls, event: PurchaseRecorded, *, shares: Mapping[str, Exact]) -> Receipt:
        """A receipt of which everything is kept."""
        return cls(event.id, event.facts, shares, {line.number: line.quantity for line in event.facts.lines})

    @property
    def stands_alone(self) -> bool:
        """Whether it has no part in an exchange."""
        return self.facts.replaces is None and not self.replacements

    def return_goods(self, lines: Mapping[int, Decimal], amounts: Mapping[int, int]) -> None:
        """Goods (by line number) came back, and money without goods, in minor units."""
        kept = {number: left - lines.get(number, Decimal(0)) for number, left in self.quantities.items()}
        self.price_shares = remaining_value(
            self.facts, quantities=kept, price_shares=self.price_shares, amounts=amounts
        )
        self.quantities = kept

    def exchange(self, event: ExchangeRecorded) -> ExchangedReceipt:
        """Goods came back, and others were handed out: the receipt of those, in every purchase in which these count.

        Up to the price of what came back, as this receipt is known now; what costs more is a purchase of its own.
        """
        price, before = self.remaining().total().minor, self._parts()
        self.return_goods(event.lines, event.amounts)
        price, after = price - self.remaining().total().minor, self._parts()
        facts = event.purchase.facts.as_replacement(price)
        share, value = facts.replacing_share, facts.replaces or 0
        shares = {purchase_id: mine * share for purchase_id, mine in self.shares.items()}
        if share < 1:
            shares[event.purchase.id] = 1 - share
        new = Receipt.of(replace(event.purchase, facts=facts), shares=shares)
        gone = {number: part - after.get(number, 0) for number, part in before.items() if part != after.get(number, 0)}
        covered = min(Fraction(1), Fraction(facts.to_pay()) / value) if value else Fraction(0)
        self.replacements.append(Replacement(gone, covered, new))
        return ExchangedReceipt(new, overpaid=value < price)

    def _parts(self) -> dict[int, Exact]:
        """The part of each line's price that is kept."""
        return {line.number: line.quantity_share * line.price_share for line in self.remaining().lines}

    def paid_parts(self) -> dict[int, Exact]:
        """The part of each line's price that is still paid for: kept, or standing in goods that replaced it."""
        parts = self._parts()
        for replacement in self.replacements:
            still = replacement.covered * replacement.receipt.paid_part()
            for number, part in replacement.returned_shares.items():
                parts[number] = parts.get(number, 0) + part * still
        return parts

    def paid_part(self) -> Exact:
        """The part of its whole price that is still paid for."""
        prices = {line.number: line.to_pay() for line in self.facts.lines}
        whole = sum(prices.values(), 0)
        paid = sum((prices[number] * part for number, part in self.paid_parts().items()), 0)
        return Fraction(paid) / Fraction(whole) if whole else Fraction(0)

    def remaining(self) -> PurchaseFacts:
        """What is kept of it, with the whole price of that."""
        return self.facts.remaining(self.quantities, price_shares=self.price_shares)

    def lines_in(self, purchase_id: str) -> list[Line]:
        """The lines that are kept, at the part of their price that counts in a purchase."""
        share = self.shares[purchase_id]
        lines = self.remaining().lines
        return list(lines) if share == 1 else [line._replace(price_share=line.price_share * share) for line in lines]


@dataclass(slots=True)
class PurchaseState:
    """A purchase as it was decided, and what has become of it since.

    `facts` are those that the rules saw. `receipts` are those whose goods count in it, its own first. `due` are the points
    that were due back so far, `short` those of them that were not there; `stamps_due` are the stamps. `expired` are the
    points of its own lot that expired unspent and count as taken.
    """

    event: PurchaseRecorded
    facts: PurchaseFacts
    decision: Decision
    receipts: list[Receipt]
    base: int = field(init=False)
    """Its points towards a tier."""
    usage: Usage = field(init=False)
    clawback_due: int = 0
    shortfall: int = 0
    expired: int = 0
    stamp_clawback_due: int = 0
    clawbacks: list[str] = field(default_factory=list)
    """What took points back, oldest first: the ids under which the wallet keeps what each took."""
    restored_by_redemption: dict[str, int] = field(default_factory=dict)
    """The points that came back of each redemption that it was paid with."""

    def __post_init__(self) -> None:
        self.base = base_points(self.decision, terms=self.event.terms)
        self.usage = usage_of(terms=self.event.terms, facts=self.facts, decision=self.decision)

    @property
    def clawed_back(self) -> Clawback:
        """What was really taken back: taken, owed, or expired unspent; not what was short."""
        return Clawback(self.clawback_due - self.shortfall, self.stamp_clawback_due)

    @property
    def budget_share_changes(self) -> tuple[tuple[str, int], ...]:
        """What it adds to its customer's own share of each budget: what it took of what is left for all, less what is held.

        Below 0 where more is held: it was the customer's own already, or a late fact gives more.
        """
        customer_facts = self.event.facts.customer_facts
        charged, held = dict(customer_facts.charged or self.decision.charged()), dict(self.usage.budgets)
        added = ((key, charged.get(key, 0) - held.get(key, 0)) for key, _ in customer_facts.shares)
        return tuple((key, points) for key, points in added if points)

    def remaining(self) -> PurchaseFacts:
        """The purchase as it is kept, with the goods that stand in the place of some that came back."""
        lines = [line for receipt in self.receipts for line in receipt.lines_in(self.event.id)]
        if len(self.receipts) > 1:
            lines = [line._replace(number=number) for number, line in enumerate(lines, start=1)]
        return self.facts.exchange_difference().with_lines(tuple(lines))

    def payments(self) -> PurchaseFacts:
        """The purchase as it was paid for: line by line or, of an exchange, what was paid on top in one amount."""
        if self.facts.replaces is None:
            return self.facts
        on_top = max(0, self.facts.total().minor - self.facts.replaces)
        line = Line(1, self.facts.lines[0].sku, Decimal(1), on_top)
        return replace(self.facts, lines=(line,), replaces=None, amount_only=True)

    def remaining_payments(self) -> PurchaseFacts:
        """The part of it that is still paid for."""
        whole = self.payments()
        if self.facts.replaces is not None:
            part = self.receipts[0].paid_part() if self.receipts else 0
            return whole.with_lines(tuple(line._replace(price_share=part) for line in whole.lines if part))
        parts = self.receipts[0].paid_parts()
        lines = (line._replace(price_share=parts[line.number]) for line in whole.lines if parts.get(line.number))
        return whole.with_lines(tuple(lines))

    def evaluate_remaining(self, remaining: PurchaseFacts) -> RemainingPurchase:
        """What the part that is kept comes to, by the terms of the purchase."""
        return evaluate_remaining(
            terms=self.event.terms, earned=self.decision.points, stamps=self.decision.stamps, remaining=remaining
        )

    def usage_of(self, remaining: PurchaseFacts, *, evaluation: RemainingPurchase) -> Usage:
        """What it counts for in later decisions."""
        return remaining_usage(
            terms=self.event.terms,
            facts=self.facts,
            decision=self.decision,
            remaining=remaining,
            remaining_decision=evaluation.decision,
            clawback=self.clawed_back,
        )
