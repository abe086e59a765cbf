"""The state of purchases in a wallet: remaining goods, exchanges, and points clawed back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from app.domain.amounts import Exact
from app.domain.decisions import Decision
from app.domain.engine.earning import base_points
from app.domain.engine.refund import RemainingPurchase, evaluate_remaining, remaining_price_shares
from app.domain.engine.usage import Clawback, Usage, usage_of
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.lines import Line
from app.domain.wallets.events import ExchangeRecorded, PurchaseRecorded


@dataclass(frozen=True, slots=True)
class Replacement:
    """An exchange of goods of one receipt for those of a new receipt.

    `returned_shares` are the parts of each line's price that were returned, by line number; `covered_part`, from 0 to 1, is
    the part of the returned price that the new goods replace.
    """

    returned_shares: Mapping[int, Exact]
    covered_part: Exact
    new_receipt: Receipt


class ExchangedReceipt(NamedTuple):
    """The new receipt of an exchange. `is_overpaid`: points paid more of the new receipt than the price difference."""

    new_receipt: Receipt
    is_overpaid: bool


@dataclass(slots=True)
class Receipt:
    """The goods of one receipt and how much of them remains.

    `shares` are the parts of the price, from 0 to 1, by the id of the purchase in which they count. Usually the whole price
    counts in the receipt's own purchase; for the new goods of an exchange, the part up to the price of the returned goods
    counts in the purchase of the returned goods. `quantities` are those that remain, by line number.
    """

    id: str
    facts: PurchaseFacts
    shares: Mapping[str, Exact]
    remaining_quantities: dict[int, Decimal]
    price_shares: dict[int, Exact] = field(default_factory=dict)
    replacements: list[Replacement] = field(default_factory=list)

    @classmethod
    def of(cls, event: PurchaseRecorded, *, shares: Mapping[str, Exact]) -> Receipt:
        """A receipt without returns."""
        return cls(event.id, event.facts, shares, {line.number: line.quantity for line in event.facts.lines})

    @property
    def has_no_exchange(self) -> bool:
        """Whether the receipt has no part in an exchange."""
        return self.facts.replaced_price is None and not self.replacements

    def return_goods(self, quantities: Mapping[int, Decimal], amounts: Mapping[int, int]) -> None:
        """Return quantities by line number, and refund `amounts` (minor units) without goods."""
        remaining_quantities = {
            number: quantity - quantities.get(number, Decimal(0))
            for number, quantity in self.remaining_quantities.items()
        }
        self.price_shares = remaining_price_shares(
            self.facts, quantities=remaining_quantities, price_shares=self.price_shares, amounts=amounts
        )
        self.remaining_quantities = remaining_quantities

    def exchange(self, event: ExchangeRecorded) -> ExchangedReceipt:
        """Exchange goods; the new receipt counts in every purchase in which this one counts.

        The new receipt counts there up to the price of the returned goods, by this receipt as it is known now; the price
        difference is a purchase of its own.
        """
        price_before, parts_before = self.remaining().total().minor, self._remaining_parts()
        self.return_goods(event.quantities, event.amounts)
        returned_price, parts_after = price_before - self.remaining().total().minor, self._remaining_parts()
        facts = event.purchase.facts.as_replacement(returned_price)
        replaced_share, replaced_price = facts.replaced_share, facts.replaced_price or 0
        shares = {
            purchase_id: share_of_receipt * replaced_share for purchase_id, share_of_receipt in self.shares.items()
        }
        if replaced_share < 1:
            shares[event.purchase.id] = 1 - replaced_share
        new_receipt = Receipt.of(replace(event.purchase, facts=facts), shares=shares)
        returned_shares = {
            number: part - parts_after.get(number, 0)
            for number, part in parts_before.items()
            if part != parts_after.get(number, 0)
        }
        covered_part = (
            min(Fraction(1), Fraction(facts.amount_due()) / replaced_price) if replaced_price else Fraction(0)
        )
        self.replacements.append(Replacement(returned_shares, covered_part, new_receipt))
        return ExchangedReceipt(new_receipt, is_overpaid=replaced_price < returned_price)

    def _remaining_parts(self) -> dict[int, Exact]:
        """The remaining part of each line's price, by line number."""
        return {line.number: line.quantity_share * line.price_share for line in self.remaining().lines}

    def paid_parts(self) -> dict[int, Exact]:
        """The part of each line's price that is still paid for, by line number: remaining goods, and goods taken in exchange."""
        parts = self._remaining_parts()
        for replacement in self.replacements:
            still_paid = replacement.covered_part * replacement.new_receipt.paid_part()
            for number, part in replacement.returned_shares.items():
                parts[number] = parts.get(number, 0) + part * still_paid
        return parts

    def paid_part(self) -> Exact:
        """The part of the whole price, from 0 to 1, that is still paid for."""
        prices = {line.number: line.amount_due() for line in self.facts.lines}
        full_price = sum(prices.values(), 0)
        paid_price = sum((prices[number] * part for number, part in self.paid_parts().items()), 0)
        return Fraction(paid_price) / Fraction(full_price) if full_price else Fraction(0)

    def remaining(self) -> PurchaseFacts:
        """The remaining goods at their whole remaining price, even if a part of that price counts in another purchase."""
        return self.facts.with_remaining_quantities(self.remaining_quantities, price_shares=self.price_shares)

    def lines_in(self, purchase_id: str) -> list[Line]:
        """The remaining lines, at the part of their price that counts in a purchase."""
        share = self.shares[purchase_id]
        lines = self.remaining().lines
        return list(lines) if share == 1 else [line._replace(price_share=line.price_share * share) for line in lines]


@dataclass(slots=True)
class PurchaseState:
    """A purchase as decided, and its refunds since.

    `facts` are those by which it was decided. `receipts` are those whose goods count in the purchase, its own first.
    `clawback_due` and `stamp_clawback_due` are the points and stamps due for clawback so far; `shortfall` is the number of due
    points that could not be taken. `expired_points` of its own lot expired unspent and count as clawed back.
    """

    event: PurchaseRecorded
    facts: PurchaseFacts
    decision: Decision
    receipts: list[Receipt]
    qualifying_points: int = field(init=False)
    """Points towards a tier, reduced by returns."""
    usage: Usage = field(init=False)
    clawback_due: int = 0
    shortfall: int = 0
    expired_points: int = 0
    stamp_clawback_due: int = 0
    clawback_keys: list[str] = field(default_factory=list)
    """Keys of its clawbacks in `LotInventory.draws_by_event`, oldest first."""
    restored_by_redemption: dict[str, int] = field(default_factory=dict)
    """Points restored so far, by the id of the redemption that paid with them."""

    def __post_init__(self) -> None:
        self.qualifying_points = base_points(self.decision, terms=self.event.terms)
        self.usage = usage_of(terms=self.event.terms, facts=self.facts, decision=self.decision)

    @property
    def clawed_back(self) -> Clawback:
        """What was clawed back: taken, owed, or expired unspent; without the shortfall."""
        return Clawback(self.clawback_due - self.shortfall, self.stamp_clawback_due)

    @property
    def budget_share_changes(self) -> tuple[tuple[str, int], ...]:
        """By clause, what the purchase adds to its customer's own share of a budget.

        These are the points that the purchase took from the common budget when it was recorded, less those that it still
        uses after refunds. A number below 0 says that the purchase uses more than it took: points of the customer's own
        share, or points that a late event grants in addition.
        """
        rule_facts = self.event.facts.rule_facts
        if not rule_facts.own_budget_shares:
            return ()
        taken_points, used_points = (
            dict(rule_facts.common_budget_usage or self.decision.common_budget_usage()),
            dict(self.usage.budget_usage),
        )
        changes = ((key, taken_points.get(key, 0) - used_points.get(key, 0)) for key, _ in rule_facts.own_budget_shares)
        return tuple((key, points) for key, points in changes if points)

    def remaining(self) -> PurchaseFacts:
        """The purchase with its remaining goods, including those handed out in exchanges."""
        lines = [line for receipt in self.receipts for line in receipt.lines_in(self.event.id)]
        if len(self.receipts) > 1:
            lines = [line._replace(number=number) for number, line in enumerate(lines, start=1)]
        return self.facts.exchange_difference().with_lines(tuple(lines))

    def paid_facts(self) -> PurchaseFacts:
        """The purchase as it was paid for: line by line or, for an exchange, the price difference in one amount."""
        if self.facts.replaced_price is None:
            return self.facts
        price_difference = max(0, self.facts.total().minor - self.facts.replaced_price)
        line = Line(1, self.facts.lines[0].sku, Decimal(1), price_difference)
        return replace(self.facts, lines=(line,), replaced_price=None, amount_only=True)

    def remaining_paid_facts(self) -> PurchaseFacts:
        """The part of the purchase that is still paid for."""
        paid_facts = self.paid_facts()
        if self.facts.replaced_price is not None:
            part = self.receipts[0].paid_part() if self.receipts else 0
            return paid_facts.with_lines(tuple(line._replace(price_share=part) for line in paid_facts.lines if part))
        parts = self.receipts[0].paid_parts()
        lines = (line._replace(price_share=parts[line.number]) for line in paid_facts.lines if parts.get(line.number))
        return paid_facts.with_lines(tuple(lines))

    def evaluate_remaining(self, remaining: PurchaseFacts) -> RemainingPurchase:
        """What the remaining goods earn by the terms of the purchase, and what is due for clawback."""
        return evaluate_remaining(
            terms=self.event.terms,
            earned_points=self.decision.points,
            earned_stamps=self.decision.stamps,
            remaining=remaining,
        )

    def remaining_usage(self, remaining: PurchaseFacts, *, evaluation: RemainingPurchase) -> Usage:
        """What the remaining purchase counts for in later decisions."""
        return usage_of(
            terms=self.event.terms,
            facts=self.facts,
            decision=self.decision,
            remaining=remaining,
            remaining_decision=evaluation.decision,
            clawback=self.clawed_back,
        )
