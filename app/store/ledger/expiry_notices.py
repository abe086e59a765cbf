"""Expiry notices in customers' inboxes, and their deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from app.domain.ledger.expiry_notice import Delivery, ExpiryNotice, NoticeChannel, NotifiedLot
from app.store.database.codecs import instant, json_text, json_value
from app.store.database.row_digests import digest
from app.store.database.session import Row, Session


async def add(session: Session, *, notice: ExpiryNotice) -> None:
    """Store a new notice (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        "INSERT INTO expiry_notices (program_id, id, account_id, given_at, lots) VALUES ($1, $2, $3, $4, $5)",
        notice.id,
        notice.account_id,
        notice.given_at,
        json_text(_lots_data(notice)),
    )


async def add_delivery(session: Session, *, delivery: Delivery) -> None:
    """Store the delivery of a notice (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        "INSERT INTO expiry_notice_deliveries (program_id, id, notice_id, channel, delivered_at, recorded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        delivery.id,
        delivery.notice_id,
        delivery.channel.value,
        delivery.delivered_at,
        delivery.recorded_at,
    )


def row_digest(notice: ExpiryNotice) -> int:
    """The digest of a notice."""
    return digest("expiry_notices", notice.id, notice.account_id, notice.given_at, _lots_data(notice))


def delivery_digest(delivery: Delivery) -> int:
    """The digest of a delivery."""
    return digest(
        "expiry_notice_deliveries",
        delivery.id,
        delivery.notice_id,
        delivery.channel.value,
        delivery.delivered_at,
        delivery.recorded_at,
    )


async def of_accounts(session: Session, *, account_ids: Sequence[str]) -> tuple[ExpiryNotice, ...]:
    """The notices of accounts, newest first."""
    rows = await session.rows(
        "SELECT id, account_id, given_at, lots FROM expiry_notices WHERE program_id = $1 AND account_id = ANY($2)"
        " ORDER BY given_at DESC, id DESC",
        list(account_ids),
    )
    return tuple(_notice(row) for row in rows)


async def undelivered(
    session: Session, *, since: datetime, until: datetime, after: str, limit: int
) -> tuple[ExpiryNotice, ...]:
    """At most `limit` notices after an id, of all accounts, that were given in (`since`, `until`] and never delivered."""
    rows = await session.rows(
        "SELECT id, account_id, given_at, lots FROM expiry_notices n WHERE program_id = $1"
        " AND given_at > $2 AND given_at <= $3 AND id > $4 AND NOT EXISTS (SELECT 1 FROM expiry_notice_deliveries d"
        " WHERE d.program_id = n.program_id AND d.notice_id = n.id) ORDER BY id LIMIT $5",
        since,
        until,
        after,
        limit,
    )
    return tuple(_notice(row) for row in rows)


async def deliveries(session: Session, *, notice_ids: Sequence[str]) -> tuple[Delivery, ...]:
    """The deliveries of notices, earliest first."""
    rows = await session.rows(
        "SELECT id, notice_id, channel, delivered_at, recorded_at FROM expiry_notice_deliveries"
        " WHERE program_id = $1 AND notice_id = ANY($2) ORDER BY delivered_at, id",
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


def _lots_data(notice: ExpiryNotice) -> list[dict[str, Any]]:
    return [{"lot": lot.lot_id, "points": lot.points, "last_day": lot.last_day.isoformat()} for lot in notice.lots]


def _notice(row: Row) -> ExpiryNotice:
    return ExpiryNotice(
        id=row["id"],
        account_id=row["account_id"],
        given_at=instant(row["given_at"]),
        lots=tuple(
            NotifiedLot(lot_id=value["lot"], points=value["points"], last_day=date.fromisoformat(value["last_day"]))
            for value in json_value(row["lots"])
        ),
    )
