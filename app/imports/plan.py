"""The plan of an import: the receipts to record, and the records that are rejected, each with its reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from app.domain.customers.identities import IdentityKind
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.problems import ProblemCode
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.receipt_numbers import Numbering


class RejectionReason(StrEnum):
    """Why a record is rejected, in addition to the problems for which a till's command is rejected."""

    UNREADABLE = "UNREADABLE"
    NO_CUSTOMER = "NO_CUSTOMER"
    NO_SALE = "NO_SALE"
    SEVERAL_CUSTOMERS = "SEVERAL_CUSTOMERS"
    TIMES_DIFFER = "TIMES_DIFFER"
    INCOMPLETE_RECEIPT = "INCOMPLETE_RECEIPT"
    RETURN_MATCHES_NOTHING = "RETURN_MATCHES_NOTHING"
    RETURN_AT_OTHER_PRICE = "RETURN_AT_OTHER_PRICE"
    PURCHASE_REJECTED = "PURCHASE_REJECTED"


REASONS = {
    RejectionReason.UNREADABLE: "a column is missing or cannot be read",
    RejectionReason.NO_CUSTOMER: "the line has no customer",
    RejectionReason.NO_SALE: "nothing is bought: no quantity, no price, or all of it is taken back on the receipt itself",
    RejectionReason.SEVERAL_CUSTOMERS: "the lines of this receipt name more than one customer",
    RejectionReason.TIMES_DIFFER: "the lines of this receipt number are of different times",
    RejectionReason.INCOMPLETE_RECEIPT: "another line of this receipt is rejected, and with it the whole receipt",
    RejectionReason.RETURN_MATCHES_NOTHING: "no earlier lines of this customer and stock code have that much left",
    RejectionReason.RETURN_AT_OTHER_PRICE: "what this customer has left of this stock code was sold at another price",
    RejectionReason.PURCHASE_REJECTED: "the purchase that this return belongs to was rejected",
}

RejectionCause: TypeAlias = RejectionReason | ProblemCode


def reason_text(reason: RejectionCause) -> str:
    """A reason in English."""
    return REASONS[reason] if isinstance(reason, RejectionReason) else phrasebook_in(Locale.EN)(f"error.{reason.value}")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that is not imported; `file_line` is the line on which it begins, counted from 1, the header included.

    `detail` is more on the reason, if there is more.
    """

    file_line: int
    reason: RejectionCause
    receipt_number: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class ImportTarget:
    """The settings of the program that decide which receipts can be imported into it.

    `terms_since` is when its first terms started, None without any; `latest` is the last instant that is not in the
    future; `numbering` says where and when receipt numbers are unique.
    """

    currency: str
    zone: str
    region: str
    terms_since: datetime | None
    latest: datetime
    numbering: Numbering = field(default_factory=Numbering)

    def problem_at(self, at: datetime) -> ProblemCode | None:
        """The problem with receipts of an instant, or None: no terms were in force, or it is in the future."""
        if at > self.latest:
            return ProblemCode.CLOCK_SKEW
        if self.terms_since is None or at < self.terms_since:
            return ProblemCode.NO_TERMS_IN_FORCE
        return None


class CustomerIdentity(NamedTuple):
    """A customer as the file identifies them, normalised."""

    kind: IdentityKind
    value: str


@dataclass(frozen=True, slots=True)
class FileRow:
    """A readable record: the line on which it begins, and its fields."""

    file_line: int
    receipt_number: str
    sku: str
    name: str | None
    quantity: Decimal
    price: Decimal
    at: datetime
    customer: CustomerIdentity


@dataclass(frozen=True, slots=True)
class FaultyRecord:
    """A record that cannot be part of a receipt, and why.

    `receipt_number` is the number in it, `possible_numbers` are those that it may have where its columns are ambiguous,
    `at` is its time if that can be read.
    """

    file_line: int
    receipt_number: str
    reason: RejectionCause
    detail: str | None = None
    at: datetime | None = None
    possible_numbers: tuple[str, ...] | None = None

    def rejected(self) -> Rejected:
        """The record, rejected."""
        return Rejected(self.file_line, self.reason, self.receipt_number, self.detail)


@dataclass(frozen=True, slots=True)
class Return:
    """Returned goods: a refund with a number of its own, of a line of an earlier receipt."""

    refund_number: str
    receipt_number: str
    sold_on: date | None
    line: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class FileReceipt:
    """A receipt of the file, recorded completely or not at all: purchases, returns, or both.

    `day` is its business day where receipt numbers restart each day; `file_lines` are its lines in the file.
    """

    receipt_number: str
    day: date | None
    customer: CustomerIdentity
    at: datetime
    file_lines: tuple[int, ...]
    facts: PurchaseFacts | None = None
    returns: tuple[Return, ...] = ()

    @property
    def key(self) -> tuple[str, date | None]:
        """The number and the business day, which together are unique in the file."""
        return self.receipt_number, self.day


@dataclass(slots=True)
class Plan:
    """The plan of a file, in order of business time; every record is in a receipt or among the rejected."""

    receipts: list[FileReceipt] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    lines: int = 0

    @property
    def purchases(self) -> list[PurchaseFacts]:
        """The facts of the purchases, in order of business time."""
        return [receipt.facts for receipt in self.receipts if receipt.facts is not None]

    @property
    def returns(self) -> list[Return]:
        """The refunds, in order of business time."""
        return [returned for receipt in self.receipts for returned in receipt.returns]

    def customers(self) -> list[CustomerIdentity]:
        """The customers of the purchases, in the order of their first purchase."""
        return list(dict.fromkeys(receipt.customer for receipt in self.receipts if receipt.facts is not None))

    def reject(self, rejections: Mapping[tuple[str, date | None], tuple[RejectionCause, str | None]]) -> None:
        """Move receipts, by their keys, to the rejected records; each key with the reason and more detail, if any."""
        for receipt in self.receipts:
            if receipt.key in rejections:
                reason, detail = rejections[receipt.key]
                self.rejected.extend(
                    Rejected(file_line, reason, receipt.receipt_number, detail) for file_line in receipt.file_lines
                )
        self.receipts = [receipt for receipt in self.receipts if receipt.key not in rejections]

    def rejected_in_file_order(self) -> list[Rejected]:
        """The rejected records in the order of the file."""
        return sorted(self.rejected, key=lambda rejected: rejected.file_line)

    def counts_by_reason(self) -> dict[str, int]:
        """How many records were rejected, by reason: every reason of an import, even if 0, and the problems that occurred."""
        counts: dict[str, int] = defaultdict(int, dict.fromkeys(RejectionReason, 0))
        for rejected in self.rejected:
            counts[rejected.reason] += 1
        return {str(reason): count for reason, count in counts.items()}
