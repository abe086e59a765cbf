"""The basis of all money conditions and effects, printed in the terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from app.domain.counting import Basis
from app.domain.effects.effect import ClauseKind, Effect
from app.domain.wording import Wording

_KINDS = ("gift_cards", "shipping", "tips", "deposits")


@dataclass(frozen=True, slots=True)
class CountedAmounts(Effect):
    """Which amounts count; see `Basis`. Used for sales and refunds alike."""

    kind: ClassVar[str] = "counted_amounts"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    taxes: bool = False
    discounts_ignored: bool = False
    gift_cards: bool = False
    shipping: bool = False
    tips: bool = False
    deposits: bool = False

    @property
    def basis(self) -> Basis:
        """The switches as the counting takes them."""
        return Basis(
            taxes=self.taxes,
            discounts_ignored=self.discounts_ignored,
            gift_cards=self.gift_cards,
            shipping=self.shipping,
            tips=self.tips,
            deposits=self.deposits,
        )

    def sentence(self, say: Wording) -> str:
        """What counts and what does not."""
        counted = [say(f"counted_amounts.{kind}") for kind in _KINDS if getattr(self, kind)]
        left_out = [say(f"counted_amounts.{kind}") for kind in _KINDS if not getattr(self, kind)]
        return say(
            "counted_amounts",
            tax=say("counted_amounts.with_tax" if self.taxes else "counted_amounts.without_tax"),
            discounts=say(
                "counted_amounts.before_discounts" if self.discounts_ignored else "counted_amounts.after_discounts"
            ),
            counted=say("counted_amounts.also", kinds=say.listed(counted, last="and")) if counted else "",
            left_out=say.listed(
                [*left_out, say("counted_amounts.rewards"), say("counted_amounts.paid_with_points")], last="and"
            ),
        )

    def to_data(self) -> dict[str, Any]:
        """The switches that are on."""
        names = ("taxes", "discounts_ignored", *_KINDS)
        return {name: True for name in names if getattr(self, name)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The stored effect."""
        return cls(**{name: bool(value) for name, value in data.items() if name != "kind"})
