"""What is compared of a wallet: the same shape from the core and from the reference."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.calendar import local_date
from app.domain.units import Unit
from app.domain.wallets.course import Course
from tests.ledger.reference import Wallet
from tests.ledger.reference_lots import FREE, HELD


def of_core(course: Course, at: datetime) -> dict[str, Any]:
    """What the core says."""
    terms = course.in_force(at)
    holders = list({id(one): one for one in course.holders.values()}.values())
    balance = course.points.holdings.balance(
        at=at, qualifying=sum(one.qualifying.points(terms=terms, at=at) for one in holders)
    )
    stamps = course.purses[Unit.STAMPS].holdings
    return {
        "lots": {
            lot.id: (lot.points, lot.remaining, lot.held, lot.earned_at, lot.available_from, lot.valid_until)
            for lot in course.points.holdings.lots.values()
        },
        "balance": {
            name: getattr(balance, name) for name in ("available", "pending", "held", "owed", "lifetime", "qualifying")
        },
        "stamps": {lot.id: (lot.points, lot.remaining, lot.held, lot.earned_at) for lot in stamps.lots.values()}
        | {"owed": stamps.owed, "lifetime": stamps.lifetime},
        "tiers": {id: one.standing.tier for id, one in course.holders.items()},
        "falls": {id: one.standing.falls_at for id, one in course.holders.items()},
        "ends": {lot.id: course.points.expires_at(lot) for lot in course.points.holdings.lots.values() if lot.free},
    }


def of_reference(wallet: Wallet, at: datetime) -> dict[str, Any]:
    """What the reference says."""
    terms = wallet.in_force(at)
    customers = list({id(one): one for one in wallet.customers.values()}.values())
    today = local_date(at, zone_name=terms.zone)
    lots = [lot for lot in wallet.lots if lot.points]
    return {
        "lots": {
            lot.id: (
                len(lot.points),
                lot.count(FREE, HELD),
                lot.count(HELD),
                lot.earned_at,
                lot.available_from,
                lot.valid_until,
            )
            for lot in lots
        },
        "balance": {
            "available": wallet.free(pending=False),
            "pending": wallet.free(pending=True),
            "held": sum(lot.count(HELD) for lot in lots),
            "owed": len(wallet.owed),
            "lifetime": wallet.lifetime,
            "qualifying": sum(one.qualifying(terms, today) for one in customers),
        },
        "stamps": {
            row.id: (len(row.stamps), row.count(FREE, HELD), row.count(HELD), row.earned_at)
            for row in wallet.card.rows
            if row.stamps
        }
        | {"owed": len(wallet.card.owed), "lifetime": wallet.card.lifetime},
        "tiers": {id: one.tier for id, one in wallet.customers.items()},
        "falls": {id: one.falls_at for id, one in wallet.customers.items()},
        "ends": {lot.id: lot.ends(wallet.active_at) for lot in lots if lot.count(FREE)},
    }


def unlike(core: dict[str, Any], plain: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where the two differ: what the core says, then the reference."""
    found = {}
    for part in core:
        for key in {**core[part], **plain[part]}:
            one, other = core[part].get(key, "nothing"), plain[part].get(key, "nothing")
            if one != other:
                found[f"{part} {key}"] = one, other
    return found
