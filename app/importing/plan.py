"""What a file of receipts comes to: the steps to carry out, and the lines that were left out, each with its reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from app.domain.facts import PurchaseFacts
from app.domain.problems import ProblemCode
from app.domain.wording import Locale, wording


class LeftOut(StrEnum):
    """Why a line was not brought in, beside the technical refusals that a till gets as well."""

    UNREADABLE = "UNREADABLE"
    NO_CUSTOMER = "NO_CUSTOMER"
    NO_SALE = "NO_SALE"
    SEVERAL_CUSTOMERS = "SEVERAL_CUSTOMERS"
    RETURN_OF_NO_GOODS = "RETURN_OF_NO_GOODS"
    RETURN_MATCHES_NOTHING = "RETURN_MATCHES_NOTHING"
    SALE_LEFT_OUT = "SALE_LEFT_OUT"


REASONS = {
    LeftOut.UNREADABLE: "a column is missing or cannot be read",
    LeftOut.NO_CUSTOMER: "the line has no customer",
    LeftOut.NO_SALE: "no stock code of five digits, or no positive quantity and price",
    LeftOut.SEVERAL_CUSTOMERS: "the lines of this invoice name more than one customer",
    LeftOut.RETURN_OF_NO_GOODS: "a return without a stock code of five digits",
    LeftOut.RETURN_MATCHES_NOTHING: "no earlier line of this customer and stock code has that much left",
    LeftOut.SALE_LEFT_OUT: "the sale that this return belongs to was refused",
}

Reason: TypeAlias = LeftOut | ProblemCode


def said(reason: Reason) -> str:
    """A reason in English."""
    return REASONS[reason] if isinstance(reason, LeftOut) else wording(Locale.EN)(f"error.{reason.value}")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that was not brought in; `number` is the line on which it begins, counted from 1, the header included.

    `detail` says what the reason alone does not; it may be missing.
    """

    number: int
    reason: Reason
    invoice: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """The program that the receipts are for, as far as it decides what can be brought in.

    `terms_since` is when its first terms started, None without any; `latest` the last instant that is not the future.
    """

    currency: str
    zone: str
    region: str
    terms_since: datetime | None
    latest: datetime

    def refuses(self, at: datetime) -> ProblemCode | None:
        """Why nothing can have been bought at an instant, or None."""
        if at > self.latest:
            return ProblemCode.CLOCK_SKEW
        if self.terms_since is None or at < self.terms_since:
            return ProblemCode.NO_TERMS_IN_FORCE
        return None


@dataclass(frozen=True, slots=True)
class Row:
    """A readable record: the line on which it begins, its place among the records of its invoice, and its fields."""

    number: int
    place: int
    invoice: str
    sku: str
    name: str | None
    quantity: Decimal
    price: Decimal
    at: datetime
    customer: str


@dataclass(frozen=True, slots=True)
class Sale:
    """An invoice to record as a purchase; `rows` are the lines of the file that it was read from."""

    invoice: str
    customer: str
    facts: PurchaseFacts
    rows: tuple[int, ...]

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.facts.occurred_at

    @property
    def receipt(self) -> str:
        """The number under which it is recorded."""
        return self.invoice

    @property
    def on_paper(self) -> str:
        """The number that the file gives it."""
        return self.invoice


@dataclass(frozen=True, slots=True)
class Return:
    """A returned line, to record as a refund of a line of an earlier invoice."""

    receipt: str
    customer: str
    invoice: str
    line: int
    quantity: Decimal
    at: datetime
    rows: tuple[int, ...]

    @property
    def on_paper(self) -> str:
        """The number that the file gives it."""
        return self.receipt.rpartition("/")[0]


@dataclass(slots=True)
class Plan:
    """What a file comes to, in the order in which it happened; every record is in a step or among the rejected."""

    steps: list[Sale | Return] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    lines: int = 0

    @property
    def sales(self) -> list[Sale]:
        """The purchases."""
        return [step for step in self.steps if isinstance(step, Sale)]

    @property
    def returns(self) -> list[Return]:
        """The refunds."""
        return [step for step in self.steps if isinstance(step, Return)]

    def customers(self) -> list[str]:
        """The customers of the sales, in the order in which they first bought."""
        return list(dict.fromkeys(sale.customer for sale in self.sales))

    def reject(self, row: Row, reason: Reason, detail: str | None = None) -> None:
        """Leave a row out."""
        self.rejected.append(Rejected(row.number, reason, row.invoice, detail))

    def leave_out(self, refused: Mapping[str, tuple[Reason, str | None]]) -> None:
        """Take back the steps with these receipts, each for its reason (and what there is to say beside it)."""
        for step in self.steps:
            if step.receipt in refused:
                reason, detail = refused[step.receipt]
                self.rejected.extend(Rejected(number, reason, step.on_paper, detail) for number in step.rows)
        self.steps = [step for step in self.steps if step.receipt not in refused]

    def left_out(self) -> list[Rejected]:
        """The rejected in the order of the file."""
        return sorted(self.rejected, key=lambda one: one.number)

    def counted(self) -> dict[str, int]:
        """How many records were left out for each reason; ours are all named, the refusals only where there are any."""
        counts: dict[str, int] = defaultdict(int, dict.fromkeys(LeftOut, 0))
        for one in self.rejected:
            counts[one.reason] += 1
        return {str(reason): count for reason, count in counts.items()}
