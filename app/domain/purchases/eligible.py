"""The eligible part of a purchase: what conditions and effects look at, for purchases and refunds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from app.domain.amounts import Exact, Parts
from app.domain.calendar import Period
from app.domain.customers.rule_facts import NO_RULE_FACTS, RuleFacts
from app.domain.purchases.facts import Channel, Payment, PurchaseFacts
from app.domain.purchases.lines import Line, LineKind


@dataclass(frozen=True)
class AmountBasis:
    """Which amounts count. If all fields are False: the amounts of goods only, without tax, after discounts.

    The part paid with points, goods given as a reward, and lines without a price never count.
    """

    taxes: bool = False
    discounts_ignored: bool = False
    gift_cards: bool = False
    shipping: bool = False
    tips: bool = False
    deposits: bool = False

    @cached_property
    def line_kinds(self) -> frozenset[LineKind]:
        """The kinds of lines that count."""
        counted_by_kind = {
            LineKind.GIFT_CARD: self.gift_cards,
            LineKind.SHIPPING: self.shipping,
            LineKind.TIP: self.tips,
            LineKind.DEPOSIT: self.deposits,
        }
        return frozenset({LineKind.GOODS, *(kind for kind, is_counted in counted_by_kind.items() if is_counted)})


DEFAULT_BASIS = AmountBasis()


class EligiblePurchase(NamedTuple):
    """A purchase reduced to what counts: its lines with an eligible amount, and the exact amount of each in minor units.

    `amounts` are in `currency`, converted if the purchase was in a foreign one; prices on lines stay in the currency of
    the purchase. Lines without an eligible amount, such as gifts or goods paid for with points, are left out.

    - `clause_key`: the key of the clause that is being evaluated, for conditions that read its counters; otherwise
      empty;
    - `matched_clause_keys`: the keys of the clauses that are already known to match;
    - `location`: the key of the location; `zone` and `program_zone`: the IANA zones of the location and of the program;
    - `basis`: what the amounts include; `scale`: the factor by which they were then multiplied, for the part paid with
      points and for the conversion into `currency`;
    - `amount_only`: whether this is only the price difference of an exchange, which is no visit and has no items;
    - `self_service`: whether a customer redeems with a key of their own.
    """

    occurred_at: datetime
    zone: str
    currency: str
    lines: tuple[Line, ...]
    amounts: Parts
    channel: Channel | None = None
    payments: tuple[Payment, ...] = ()
    rule_facts: RuleFacts = NO_RULE_FACTS
    clause_key: str = ""
    matched_clause_keys: frozenset[str] = frozenset()
    location: str | None = None
    basis: AmountBasis = DEFAULT_BASIS
    scale: Exact = 1
    program_zone: str = "UTC"
    amount_only: bool = False
    self_service: bool = False

    @classmethod
    def of(cls, facts: PurchaseFacts, *, basis: AmountBasis, program_zone: str) -> EligiblePurchase:
        """The eligible part of a purchase. What was paid with points is taken off the amounts of all lines in proportion.

        Amounts in a foreign currency are converted last, and not rounded.
        """
        lines = tuple(line for line in facts.lines if line.kind in basis.line_kinds)
        amounts = Parts.of(
            [line.amount(taxes=basis.taxes, discounts_ignored=basis.discounts_ignored) for line in lines]
        )
        scale: Exact = 1
        if facts.payments and (paid_with_points := facts.paid_with_points()):
            amount_due = sum((line.amount_due() for line in facts.lines), 0)
            share = (
                max(Fraction(0), 1 - Fraction(paid_with_points) / Fraction(amount_due)) if amount_due else Fraction(0)
            )
            amounts, scale = amounts.scaled(share.numerator, share.denominator), share
        if not all(amounts.numerators):
            lines, amounts = _nonzero_lines(lines, amounts)
        exchange_rate = facts.exchange_rate
        if exchange_rate is not None:
            factor = exchange_rate.factor(foreign_currency=facts.currency)
            amounts, scale = amounts.scaled(factor.numerator, factor.denominator), scale * factor
        return cls(
            occurred_at=facts.occurred_at,
            zone=facts.zone,
            currency=facts.currency if exchange_rate is None else exchange_rate.target_currency,
            lines=lines,
            amounts=amounts,
            channel=facts.channel,
            payments=facts.payments,
            rule_facts=facts.rule_facts,
            location=facts.location,
            basis=basis,
            scale=scale,
            program_zone=program_zone,
            amount_only=facts.amount_only,
            self_service=facts.self_service,
        )

    def period_zone(self, period: Period) -> str:
        """The zone by whose calendar a period is counted for this purchase."""
        return period_zone(period, location_zone=self.zone, program_zone=self.program_zone)

    def narrowed_to(self, selects: Callable[[Line], bool]) -> EligiblePurchase:
        """The part of the purchase with the lines that `selects` accepts."""
        indexes = [index for index, line in enumerate(self.lines) if selects(line)]
        if len(indexes) == len(self.lines):
            return self
        numerators, denominator = self.amounts
        return self._replace(
            lines=tuple([self.lines[index] for index in indexes]),
            amounts=Parts(tuple([numerators[index] for index in indexes]), denominator),
        )

    def item_count(self) -> int:
        """The number of items; of goods sold by weight or length, only whole units count."""
        return sum([line.remaining_quantity().__floor__() for line in self.lines])

    def total(self, *, taxes: bool | None = None) -> Exact:
        """The sum of the amounts in minor units, with or without `taxes`; None: as the basis says."""
        if taxes is None or taxes is self.basis.taxes:
            return self.amounts.total()
        discounts_ignored = self.basis.discounts_ignored
        amounts = Parts.of([line.amount(taxes=taxes, discounts_ignored=discounts_ignored) for line in self.lines])
        return amounts.scaled(self.scale.numerator, self.scale.denominator).total()


def period_zone(period: Period, *, location_zone: str, program_zone: str) -> str:
    """The zone by whose calendar a period is counted: of a day the location's, of longer periods the program's."""
    return location_zone if period is Period.DAY else program_zone


def _nonzero_lines(lines: tuple[Line, ...], amounts: Parts) -> tuple[tuple[Line, ...], Parts]:
    """The lines with an amount other than 0, and their amounts."""
    indexes = [index for index, amount in enumerate(amounts.numerators) if amount]
    numerators = tuple([amounts.numerators[index] for index in indexes])
    return tuple([lines[index] for index in indexes]), Parts(numerators, amounts.denominator)
