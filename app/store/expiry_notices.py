"""Notices of expiry: what was put into a customer's inbox, and when it reached the customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.domain.effects.points_validity import NoticeChannel
from app.store.evidence import digest
from app.store.unit import Row, Session
from app.store.values import instant, json_text, json_value


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice says of a lot: how many points expire after which last valid day."""

    lot_id: str
    points: int
    last_day: date


@dataclass(frozen=True, slots=True)
class ExpiryNotice:
    """A notice of points that expire; `given_at` is when it was put into the inbox."""

    id: str
    account_id: str
    given_at: datetime
    lots: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """That a notice reached the customer through a channel."""

    id: str
    notice_id: str
    channel: NoticeChannel
    delivered_at: datetime
    recorded_at: datetime


async def add(session: Session, *, program_id: str, notice: ExpiryNotice) -> None:
    """Keep a new notice (with the next statements, see `Session.later`)."""
    await session.later(
        "INSERT INTO expiry_notices (program_id, id, account_id, given_at, lots) VALUES ($1, $2, $3, $4, $5)",
        program_id,
        notice.id,
        notice.account_id,
        notice.given_at,
        json_text(_data(notice)),
    )


async def deliver(session: Session, *, program_id: str, delivery: Delivery) -> None:
    """Keep that a notice reached the customer (with the next statements)."""
    await session.later(
        "INSERT INTO expiry_notice_deliveries (program_id, id, notice_id, channel, delivered_at, recorded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        program_id,
        delivery.id,
        delivery.notice_id,
        delivery.channel.value,
        delivery.delivered_at,
        delivery.recorded_at,
    )


def evidence(one: ExpiryNotice) -> int:
    """The digest of a notice."""
    return digest("expiry_notices", one.id, one.account_id, one.given_at, _data(one))


def evidence_of_delivery(one: Delivery) -> int:
    """The digest of a delivery."""
    return digest(
        "expiry_notice_deliveries", one.id, one.notice_id, one.channel.value, one.delivered_at, one.recorded_at
    )


async def of_accounts(session: Session, *, program_id: str, account_ids: Sequence[str]) -> tuple[ExpiryNotice, ...]:
    """The notices of accounts, newest first."""
    rows = await session.rows(
        "SELECT id, account_id, given_at, lots FROM expiry_notices WHERE program_id = $1 AND account_id = ANY($2)"
        " ORDER BY given_at DESC, id DESC",
        program_id,
        list(account_ids),
    )
    return tuple(_notice(row) for row in rows)


async def unread(
    session: Session, *, program_id: str, since: datetime, until: datetime, after: str, limit: int
) -> tuple[ExpiryNotice, ...]:
    """Notices of all accounts that were given after `since` and not after `until` and reached nobody, in the order of ids."""
    rows = await session.rows(
        "SELECT id, account_id, given_at, lots FROM expiry_notices n WHERE program_id = $1"
        " AND given_at > $2 AND given_at <= $3 AND id > $4 AND NOT EXISTS (SELECT 1 FROM expiry_notice_deliveries d"
        " WHERE d.program_id = n.program_id AND d.notice_id = n.id) ORDER BY id LIMIT $5",
        program_id,
        since,
        until,
        after,
        limit,
    )
    return tuple(_notice(row) for row in rows)


async def deliveries(session: Session, *, program_id: str, notice_ids: Sequence[str]) -> tuple[Delivery, ...]:
    """The deliveries of notices, earliest first."""
    rows = await session.rows(
        "SELECT id, notice_id, channel, delivered_at, recorded_at FROM expiry_notice_deliveries"
        " WHERE program_id = $1 AND notice_id = ANY($2) ORDER BY delivered_at, id",
        program_id,
        list(notice_ids),
    )
    return tuple(
        Delivery(
            id=row["id"],
            notice_id=row["notice_id"],
            channel=NoticeChannel(row["channel"]),
            delivered_at=instant(row["delivered_at"]),
            recorded_at=instant(row["recorded_at"]),
        )
        for row in rows
    )


def _data(notice: ExpiryNotice) -> list[dict[str, Any]]:
    return [{"lot": one.lot_id, "points": one.points, "last_day": one.last_day.isoformat()} for one in notice.lots]


def _notice(row: Row) -> ExpiryNotice:
    return ExpiryNotice(
        id=row["id"],
        account_id=row["account_id"],
        given_at=instant(row["given_at"]),
        lots=tuple(
            Told(lot_id=one["lot"], points=one["points"], last_day=date.fromisoformat(one["last_day"]))
            for one in json_value(row["lots"])
        ),
    )
