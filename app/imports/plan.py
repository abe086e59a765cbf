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


class ImportRejection(StrEnum):
    """Reasons to reject a record that only an import has; a till's command is rejected with a `ProblemCode`."""

    UNREADABLE = "UNREADABLE"
    NO_CUSTOMER = "NO_CUSTOMER"
    NO_SALE = "NO_SALE"
    SEVERAL_CUSTOMERS = "SEVERAL_CUSTOMERS"
    TIMES_DIFFER = "TIMES_DIFFER"
    INCOMPLETE_RECEIPT = "INCOMPLETE_RECEIPT"
    RETURN_MATCHES_NOTHING = "RETURN_MATCHES_NOTHING"
    RETURN_AT_OTHER_PRICE = "RETURN_AT_OTHER_PRICE"
    PURCHASE_REJECTED = "PURCHASE_REJECTED"


REJECTION_TEXTS = {
    ImportRejection.UNREADABLE: "a column is missing or cannot be read",
    ImportRejection.NO_CUSTOMER: "the line has no customer",
    ImportRejection.NO_SALE: "nothing is bought: no quantity, no price, or all of it is taken back on the receipt itself",
    ImportRejection.SEVERAL_CUSTOMERS: "the lines of this receipt name more than one customer",
    ImportRejection.TIMES_DIFFER: "the lines of this receipt number are of different times",
    ImportRejection.INCOMPLETE_RECEIPT: "another line of this receipt is rejected, and with it the whole receipt",
    ImportRejection.RETURN_MATCHES_NOTHING: "no earlier lines of this customer and stock code have that much left",
    ImportRejection.RETURN_AT_OTHER_PRICE: "what this customer has left of this stock code was sold at another price",
    ImportRejection.PURCHASE_REJECTED: "the purchase that this return belongs to was rejected",
}

RejectionReason: TypeAlias = ImportRejection | ProblemCode
ReasonWithDetail: TypeAlias = tuple[RejectionReason, str | None]
"""A reason, and what exactly is wrong, if more is known than the reason says."""


def reason_text(reason: RejectionReason) -> str:
    """A reason in English."""
    return (
        REJECTION_TEXTS[reason]
        if isinstance(reason, ImportRejection)
        else phrasebook_in(Locale.EN)(f"error.{reason.value}")
    )


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record that is not imported; `file_line` is the line on which it begins, counted from 1, the header included.

    `detail` says what exactly is wrong, if more is known than the reason says.
    """

    file_line: int
    reason: RejectionReason
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
        """Why receipts of an instant cannot be imported: it is in the future, or no terms were in force. None if they can."""
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
    """A readable record: the line of the file on which it begins, and its fields; `price` is the price of one item."""

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

    `possible_numbers` are the receipt numbers that it may have if its columns are ambiguous, otherwise None;
    `receipt_number` is the first of them, or the only one, and may be empty. `at` is its time, None if it cannot be read.
    """

    file_line: int
    receipt_number: str
    reason: RejectionReason
    detail: str | None = None
    at: datetime | None = None
    possible_numbers: tuple[str, ...] | None = None

    def as_rejected(self) -> RejectedRecord:
        """The record as one of those that a plan rejects."""
        return RejectedRecord(self.file_line, self.reason, self.receipt_number, self.detail)


@dataclass(frozen=True, slots=True)
class Return:
    """Returned goods: a refund with a number of its own, of a line of an earlier receipt.

    `sold_receipt_number` is the number of that receipt, `sold_on` its business day where numbers restart each day,
    `sold_line` the line on it.
    """

    refund_number: str
    sold_receipt_number: str
    sold_on: date | None
    sold_line: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class FileReceipt:
    """A receipt of the file, recorded completely or not at all: a purchase (`facts`), returns, or both.

    `day` is its business day where receipt numbers restart each day, otherwise None; `file_lines` are the numbers of its
    lines in the file.
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
        """The receipt's number and business day, which together are unique in the file."""
        return self.receipt_number, self.day


@dataclass(slots=True)
class Plan:
    """The plan of a file: its receipts in order of business time, and its rejected records.

    Each of the file's `record_count` records is part of a receipt or rejected.
    """

    receipts: list[FileReceipt] = field(default_factory=list)
    rejected_records: list[RejectedRecord] = field(default_factory=list)
    record_count: int = 0

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

    def reject(self, rejections: Mapping[tuple[str, date | None], ReasonWithDetail]) -> None:
        """Move the receipts with these keys to the rejected records, each with its reason."""
        for receipt in self.receipts:
            if receipt.key in rejections:
                reason, detail = rejections[receipt.key]
                self.rejected_records.extend(
                    RejectedRecord(file_line, reason, receipt.receipt_number, detail)
                    for file_line in receipt.file_lines
                )
        self.receipts = [receipt for receipt in self.receipts if receipt.key not in rejections]

    def rejected_in_file_order(self) -> list[RejectedRecord]:
        """The rejected records in the order of the file."""
        return sorted(self.rejected_records, key=lambda rejected: rejected.file_line)

    def counts_by_reason(self) -> dict[str, int]:
        """How many records were rejected, by reason: every reason of an import, even if 0, and the problems that occurred."""
        counts: dict[str, int] = defaultdict(int, dict.fromkeys(ImportRejection, 0))
        for rejected in self.rejected_records:
            counts[rejected.reason] += 1
        return {str(reason): count for reason, count in counts.items()}
