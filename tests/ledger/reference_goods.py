"""The reference's receipts: how many of their goods are kept, and in which purchases they count."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from app.domain.amounts import Exact, Rounding, rounded
from app.domain.engine.refund import remaining_price_shares
from app.domain.purchases.facts import PaymentKind, PurchaseFacts
from app.domain.purchases.lines import Line
from app.domain.wallets.events import ExchangeRecorded, PurchaseRecorded, RefundRecorded


@dataclass(slots=True)
class Goods:
    """The goods of a receipt. `shares` is the part of their price that counts in each purchase; `replacements` are the
    goods of exchanges."""

    facts: PurchaseFacts
    shares: dict[str, Fraction]
    quantities: dict[int, Decimal] = field(init=False)
    price_shares: dict[int, Exact] = field(default_factory=dict)
    replacements: list[tuple[dict[int, Fraction], Fraction, Goods]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.quantities = {line.number: line.quantity for line in self.facts.lines}

    def return_goods(self, event: RefundRecorded | ExchangeRecorded) -> None:
        """Applies a refund: goods returned, and money refunded without goods."""
        for number, quantity in event.quantities.items():
            self.quantities[number] -= quantity
        self.price_shares = remaining_price_shares(
            self.facts, quantities=self.quantities, price_shares=self.price_shares, amounts=event.amounts
        )

    def exchange(self, event: ExchangeRecorded) -> Goods:
        """Replaces goods by others up to the price of the returned ones; the rest of the new price is a purchase."""
        before, value = self.kept_parts(), self.kept_price()
        self.return_goods(event)
        value -= self.kept_price()
        price = sum(line.amount_due() for line in event.purchase.facts.lines)
        paid = sum(payment.amount for payment in event.purchase.facts.payments if payment.kind is PaymentKind.POINTS)
        # What points paid cannot have been paid by what came back, too.
        value = min(value, int(price - paid)) if paid else value
        part = min(Fraction(1), Fraction(value) / price) if price else Fraction(1)
        shares = {id: mine * part for id, mine in self.shares.items()}
        facts = replace(event.purchase.facts, replaced_price=value)
        new = Goods(facts, shares | ({event.purchase.id: 1 - part} if part < 1 else {}))
        gone = {number: there - self.kept_parts().get(number, Fraction(0)) for number, there in before.items()}
        self.replacements.append((gone, min(Fraction(1), Fraction(price) / value) if value else Fraction(0), new))
        return new

    def kept_lines(self) -> tuple[Line, ...]:
        return self.facts.with_remaining_quantities(self.quantities, price_shares=self.price_shares).lines

    def kept_price(self) -> int:
        """The price of the kept goods, each line in whole minor units."""
        return sum(rounded(line.amount_due(), mode=Rounding.HALF_UP) for line in self.kept_lines())

    def kept_parts(self) -> dict[int, Fraction]:
        """The part of each line's price that is kept."""
        return {line.number: Fraction(line.quantity_share) * line.price_share for line in self.kept_lines()}

    def paid_parts(self) -> dict[int, Fraction]:
        """The part of each line's price that is kept, or is in goods that replaced it."""
        found = self.kept_parts()
        for gone, covered, new in self.replacements:
            for number, part in gone.items():
                found[number] = found.get(number, Fraction(0)) + part * covered * new.paid_part()
        return found

    def paid_part(self) -> Fraction:
        prices = {line.number: Fraction(line.amount_due()) for line in self.facts.lines}
        whole = sum(prices.values())
        return (
            sum((prices[number] * part for number, part in self.paid_parts().items()), Fraction(0)) / whole
            if whole
            else Fraction(0)
        )


def kept_purchase(id: str, facts: PurchaseFacts, goods: list[Goods]) -> PurchaseFacts:
    """A purchase of all goods that count in it, each at the part of its price that counts there."""
    lines = [
        line._replace(price_share=line.price_share * each.shares[id]) for each in goods for line in each.kept_lines()
    ]
    if len(goods) > 1:
        lines = [line._replace(number=number) for number, line in enumerate(lines, start=1)]
    return facts.exchange_difference().with_lines(tuple(lines))


def paid_purchase(facts: PurchaseFacts, goods: Goods) -> PurchaseFacts:
    """The purchase reduced to the goods that are still paid for."""
    parts = goods.paid_parts()
    return replace(
        facts,
        lines=tuple(line._replace(price_share=parts[line.number]) for line in facts.lines if parts.get(line.number)),
        payments=(),
    )


def goods_of(bought: PurchaseRecorded) -> Goods:
    """The goods of a purchase that is no exchange."""
    return Goods(bought.facts, {bought.id: Fraction(1)})
