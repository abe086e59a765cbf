"""Notices that points expire, and their deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class NoticeChannel(StrEnum):
    """What counts as the delivery of an expiry notice.

    INBOX: the customer opened it in the inbox. RECEIPT: it is printed on a receipt. MESSAGE: the customer's channel has
    accepted the message.
    """

    INBOX = "INBOX"
    RECEIPT = "RECEIPT"
    MESSAGE = "MESSAGE"


@dataclass(frozen=True, slots=True)
class NotifiedLot:
    """One lot of a notice: how many points expire, and their last valid day."""

    lot_id: str
    points: int
    last_day: date


@dataclass(frozen=True, slots=True)
class ExpiryNotice:
    """A notice of points that expire; `given_at` is when it was put into the inbox."""

    id: str
    account_id: str
    given_at: datetime
    lots: tuple[NotifiedLot, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery of a notice to its customer through a channel."""

    id: str
    notice_id: str
    channel: NoticeChannel
    delivered_at: datetime
    recorded_at: datetime
