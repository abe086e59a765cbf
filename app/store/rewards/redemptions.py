"""Redemptions: rewards paid with points."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.domain.decisions import Decision
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.receipt_numbers import Numbering, NumberSpace, ReceiptOrigin, digest_fields
from app.domain.rewards.redemption import Redemption, RedemptionState
from app.store.database.codecs import instant, instant_or_none, json_value
from app.store.database.row_digests import digest
from app.store.database.session import Row, Session

_COLUMNS = (
    "id, customer_id, reward_id, state, points, occurred_at, recorded_at, facts, terms_version, decision, held_until,"
    " ended_at, checkout, fulfilled_at, fulfilled_by, number_location, number_day, actor, issued_at, source"
)


async def add(session: Session, *, redemption: Redemption) -> None:
    """Store a new redemption (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        f"INSERT INTO redemptions (program_id, {_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
        " $14, $15, $16, $17, $18, $19, $20, $21)",
        redemption.id,
        redemption.customer_id,
        redemption.reward_id,
        redemption.state.value,
        redemption.points,
        redemption.occurred_at,
        redemption.recorded_at,
        redemption.facts_text,
        redemption.terms_version,
        redemption.decision_text,
        redemption.held_until,
        redemption.ended_at,
        redemption.checkout,
        redemption.fulfilled_at,
        redemption.fulfilled_by,
        *redemption.space,
        redemption.actor,
        redemption.issued_at,
        redemption.source,
    )


def row_digest(redemption: Redemption) -> int:
    """The digest of a redemption. Fulfilment, and issue with source, are left out if not stored, as in older digests."""
    fulfilment = (
        (redemption.fulfilled_at, redemption.fulfilled_by) if redemption.fulfilled_at or redemption.fulfilled_by else ()
    )
    issue = (redemption.issued_at, redemption.source)
    return digest(
        "redemptions",
        redemption.id,
        redemption.customer_id,
        redemption.reward_id,
        redemption.state.value,
        redemption.points,
        redemption.occurred_at,
        redemption.recorded_at,
        redemption.facts_text,
        redemption.terms_version,
        redemption.decision_text,
        redemption.held_until,
        redemption.ended_at,
        redemption.checkout,
        *fulfilment,
        *digest_fields(redemption.space),
        redemption.actor,
        *(issue if any(issue) else ()),
    )


async def set_state(session: Session, *, redemption_id: str, state: RedemptionState, ended_at: datetime | None) -> None:
    """Store the state of a redemption (sent with the next statements: see `Session.enqueue`); the account must be locked."""
    await session.enqueue(
        "UPDATE redemptions SET state = $3, ended_at = $4 WHERE program_id = $1 AND id = $2",
        redemption_id,
        state.value,
        ended_at,
    )


async def set_payment_and_fulfilment(session: Session, *, redemption: Redemption) -> None:
    """Store that a hold was paid for, or that the reward was handed over (sent with the next statements: see `Session.enqueue`); the account must be locked."""
    await session.enqueue(
        "UPDATE redemptions SET state = $3, fulfilled_at = $4, fulfilled_by = $5, issued_at = $6"
        " WHERE program_id = $1 AND id = $2",
        redemption.id,
        redemption.state.value,
        redemption.fulfilled_at,
        redemption.fulfilled_by,
        redemption.issued_at,
    )


async def latest_fulfilled_with(session: Session, *, access_key_id: str) -> str | None:
    """The redemption (id) that was fulfilled last with an access key, whatever its state is now; None if there is none."""
    row = await session.row(
        "SELECT id FROM redemptions WHERE program_id = $1 AND fulfilled_by = $2"
        " ORDER BY fulfilled_at DESC, id DESC LIMIT 1",
        access_key_id,
    )
    return None if row is None else row["id"]


async def of_customers(session: Session, *, customer_ids: Sequence[str]) -> tuple[Redemption, ...]:
    """Every redemption of customers, in no particular order."""
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM redemptions WHERE program_id = $1 AND customer_id = ANY($2)", list(customer_ids)
    )
    return tuple(_redemption(row) for row in rows)


async def page(
    session: Session,
    *,
    customer_ids: Sequence[str],
    state: RedemptionState | None,
    after: str | None,
    before: str | None,
    limit: int,
    newest_first: bool,
) -> tuple[Redemption, ...]:
    """Redemptions of customers with `after` < id < `before`, in the order of recording, newest or oldest first; at most `limit`."""
    order = "DESC" if newest_first else "ASC"
    conditions, values = "", []
    for condition, value in (("state =", state and state.value), ("id >", after), ("id <", before)):
        if value is not None:
            values.append(value)
            conditions += f" AND {condition} ${len(values) + 2}"
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM redemptions WHERE program_id = $1 AND customer_id = ANY($2){conditions}"
        f" ORDER BY id {order} LIMIT {limit:d}",
        list(customer_ids),
        *values,
    )
    return tuple(map(_redemption, rows))


async def by_id(session: Session, *, redemption_id: str) -> Redemption | None:
    """The redemption with this id; None if there is none."""
    redemptions_by_id = await by_ids(session, redemption_ids=[redemption_id])
    return redemptions_by_id.get(redemption_id)


async def begun_by_checkout(
    session: Session, *, checkout: str, sources: Sequence[str], origin: ReceiptOrigin, numbering: Numbering
) -> Redemption | None:
    """The redemption of the checkout with this number, one of these sources, and this location (key) and time; None if none."""
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM redemptions WHERE program_id = $1 AND checkout = $2"
        " AND number_location = ANY($3) AND number_day = ANY($4) AND source = ANY($5) ORDER BY occurred_at DESC, id DESC",
        checkout,
        *map(list, numbering.candidate_spaces(origin)),
        list(sources),
    )
    with_same_number = map(_redemption, rows)
    return next(
        (
            redemption
            for redemption in with_same_number
            if numbering.is_same_receipt(origin, recorded_origin=redemption.origin, space=redemption.space)
        ),
        None,
    )


async def by_checkout_number(
    session: Session, *, checkout: str, sources: Sequence[str], limit: int
) -> tuple[Redemption, ...]:
    """At most `limit` redemptions of checkouts with this number and one of these sources, at any location and time.

    Holds come first, then the newest ones.
    """
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM redemptions WHERE program_id = $1 AND checkout = $2 AND source = ANY($3)"
        f" ORDER BY CASE WHEN state = 'HELD' THEN 0 ELSE 1 END, occurred_at DESC, id DESC LIMIT {limit}",
        checkout,
        list(sources),
    )
    return tuple(map(_redemption, rows))


async def by_ids(session: Session, *, redemption_ids: Sequence[str]) -> dict[str, Redemption]:
    """Several redemptions by id; unknown ids are left out."""
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM redemptions WHERE program_id = $1 AND id = ANY($2)", list(redemption_ids)
    )
    return {row["id"]: _redemption(row) for row in rows}


async def counts_by_reward(session: Session) -> dict[str, int]:
    """How many items of each reward (by id) are redeemed or held, to verify the stock."""
    rows = await session.rows(
        "SELECT reward_id, count(*) AS given FROM redemptions WHERE program_id = $1"
        " AND state IN ('HELD', 'ISSUED', 'FULFILLED') GROUP BY reward_id"
    )
    return {row["reward_id"]: row["given"] for row in rows}


def _redemption(row: Row) -> Redemption:
    return Redemption(
        id=row["id"],
        customer_id=row["customer_id"],
        reward_id=row["reward_id"],
        state=RedemptionState(row["state"]),
        points=row["points"],
        occurred_at=instant(row["occurred_at"]),
        recorded_at=instant(row["recorded_at"]),
        facts=PurchaseFacts.from_data(json_value(row["facts"])),
        terms_version=row["terms_version"],
        decision=Decision.from_data(json_value(row["decision"])),
        facts_text=row["facts"],
        decision_text=row["decision"],
        held_until=instant_or_none(row["held_until"]),
        ended_at=instant_or_none(row["ended_at"]),
        checkout=row["checkout"],
        fulfilled_at=instant_or_none(row["fulfilled_at"]),
        fulfilled_by=row["fulfilled_by"],
        space=NumberSpace(row["number_location"], row["number_day"]),
        actor=row["actor"],
        issued_at=instant_or_none(row["issued_at"]),
        source=row["source"],
    )


async def count(session: Session) -> int:
    """How many redemptions the program has."""
    row = await session.row("SELECT count(*) AS n FROM redemptions WHERE program_id = $1")
    return int(row["n"]) if row is not None else 0
