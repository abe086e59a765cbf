"""Which amounts count, for all conditions and effects about money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.i18n import Phrasebook
from app.domain.purchases.eligible import AmountBasis
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.rule import rule_field
from app.domain.units import Unit

_OPTIONAL_KINDS = ("gift_cards", "shipping", "tips", "deposits")
"""The fields that say whether a kind of line counts; goods always count."""


@dataclass(frozen=True, slots=True)
class CountedAmounts(Effect):
    """Which amounts count; see `AmountBasis`. Used for sales and refunds alike."""

    kind: ClassVar[str] = "counted_amounts"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    description: ClassVar[str] = (
        "What counts as spent. Standard clause; left out, all are false: net of tax and after discounts, goods only."
    )
    taxes: bool = rule_field("Count amounts with tax.", default=False)
    discounts_ignored: bool = rule_field("Count amounts before discounts.", default=False)
    gift_cards: bool = rule_field("Count gift cards that are bought.", default=False)
    shipping: bool = rule_field("Count postage.", default=False)
    tips: bool = rule_field("Count tips.", default=False)
    deposits: bool = rule_field("Count deposits.", default=False)

    @property
    def basis(self) -> AmountBasis:
        """The amounts that count, for the calculation."""
        return AmountBasis(
            taxes=self.taxes,
            discounts_ignored=self.discounts_ignored,
            gift_cards=self.gift_cards,
            shipping=self.shipping,
            tips=self.tips,
            deposits=self.deposits,
        )

    def sentence(self, phrasebook: Phrasebook) -> str:
        """What counts and what does not, for points."""
        return self.sentence_for_units((Unit.POINTS,), phrasebook=phrasebook)

    def sentence_for_units(self, units: tuple[Unit, ...], *, phrasebook: Phrasebook) -> str:
        """What counts and what does not, for what members collect."""
        counted_kinds = [phrasebook(f"counted_amounts.{kind}") for kind in _OPTIONAL_KINDS if getattr(self, kind)]
        uncounted_kinds = [phrasebook(f"counted_amounts.{kind}") for kind in _OPTIONAL_KINDS if not getattr(self, kind)]
        return phrasebook(
            f"counted_amounts.{'_and_'.join(unit.value for unit in units) or Unit.POINTS.value}",
            tax=phrasebook("counted_amounts.with_tax" if self.taxes else "counted_amounts.without_tax"),
            discounts=phrasebook(
                "counted_amounts.before_discounts" if self.discounts_ignored else "counted_amounts.after_discounts"
            ),
            counted=phrasebook("counted_amounts.also", kinds=phrasebook.listed(counted_kinds, last="and"))
            if counted_kinds
            else "",
            left_out=phrasebook.listed(
                [
                    *uncounted_kinds,
                    phrasebook("counted_amounts.rewards"),
                    phrasebook("counted_amounts.paid_with_points"),
                ],
                last="and",
            ),
        )

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether every amount that counts under `other` counts here."""
        return isinstance(other, CountedAmounts) and all(
            getattr(self, name) or not getattr(other, name) for name in ("taxes", "discounts_ignored", *_OPTIONAL_KINDS)
        )
