"""The base classes of effects: of all, of those that earn points, and of those that add to what is earned."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from app.domain.amounts import Parts
from app.domain.details import Detail, range_detail
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import GoodsForm
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.rule import Rule
from app.domain.units import Unit

MAX_POINTS_PER_CLAUSE = 1_000_000
"""The largest number of points that one clause may name."""

_KINDS: dict[str, type[Effect]] = {}


def points_error(points: int) -> Detail | None:
    """What is wrong with the points that a clause names, or None."""
    return None if 1 <= points <= MAX_POINTS_PER_CLAUSE else range_detail(1, MAX_POINTS_PER_CLAUSE)


class ClauseKind(StrEnum):
    """What a clause is about."""

    EARNING = "EARNING"
    LIMIT = "LIMIT"
    TIER = "TIER"
    REWARD = "REWARD"
    POLICY = "POLICY"


class Effect(Rule):
    """What a clause does. Its sentence is the main part of its clause's sentence, without a full stop."""

    __slots__ = ()

    clause_kind: ClassVar[ClauseKind]
    is_benefit: ClassVar[bool] = False
    """Whether a clause of this kind only gives: adding one is better for customers, except where it displaces another."""
    is_burden: ClassVar[bool] = False
    """Whether a clause of this kind only restricts or delays: removing one is better for customers."""
    depends_on_amount: ClassVar[bool] = False
    """Whether the effect gives points for an amount of money, and not for a visit or an item."""

    goods_form: ClassVar[GoodsForm | None] = None
    """The form in which the sentence names the goods that count; None if these are named like other conditions."""

    def __init_subclass__(cls) -> None:
        # A dataclass with slots is created twice; the second class is the one in use.
        if "kind" in cls.__dict__:
            _KINDS[cls.kind] = cls

    @classmethod
    def from_data_of_any_kind(cls, data: Mapping[str, Any]) -> Effect:
        """The stored effect of any kind. Raises KeyError for an unknown kind."""
        return _KINDS[data["kind"]].from_data(data)

    def sentence_for_goods(self, goods: str, *, phrasebook: Phrasebook) -> str:
        """The main part with the goods that count; only for effects with a `goods_form`."""
        raise NotImplementedError

    def sentence_for_units(self, units: tuple[Unit, ...], *, phrasebook: Phrasebook) -> str:  # noqa: ARG002  # most are about one unit
        """The main part under terms by which members collect or spend these units."""
        return self.sentence(phrasebook)

    def additional_sentence(self, phrasebook: Phrasebook) -> str | None:  # noqa: ARG002  # most clauses have none
        """A separate sentence after the conditions, or None."""
        return None

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether this effect is surely at least as good as `other` for every customer; False for another kind."""
        return self == other


class Earning(Effect):
    """An effect that gives points for a purchase; if several earning clauses fit, the terms say which of them count."""

    __slots__ = ()

    clause_kind: ClassVar[ClauseKind] = ClauseKind.EARNING
    is_benefit: ClassVar[bool] = True

    @abstractmethod
    def earn(self, purchase: EligiblePurchase) -> Parts:
        """The unrounded points, in parts that are rounded one by one where the terms round each line."""


class Extra(Effect):
    """An effect that comes on top of what the earning clauses give."""

    __slots__ = ()

    clause_kind: ClassVar[ClauseKind] = ClauseKind.EARNING
    is_benefit: ClassVar[bool] = True
