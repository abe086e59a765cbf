"""Comparable summaries of a wallet of the engine and of a reference wallet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.calendar import local_date
from app.domain.units import Unit
from app.domain.wallets.unit_account import terms_at
from app.domain.wallets.wallet import Wallet
from tests.ledger.reference import ReferenceWallet
from tests.ledger.reference_lots import FREE, HELD


def core_summary(wallet: Wallet, at: datetime) -> dict[str, Any]:
    """The summary of a wallet of the engine."""
    terms = terms_at(wallet.versions, at=at)
    memberships = list({id(membership): membership for membership in wallet.memberships.values()}.values())
    balance = wallet.point_account.inventory.balance(
        at=at,
        qualifying=sum(membership.qualifying_points.counting_points(terms=terms, at=at) for membership in memberships),
    )
    stamps = wallet.unit_accounts[Unit.STAMPS].inventory
    return {
        "lots": {
            lot.id: (lot.points, lot.remaining, lot.held, lot.earned_at, lot.available_from, lot.promised_last_day)
            for lot in wallet.point_account.inventory.lots.values()
        },
        "balance": {
            name: getattr(balance, name) for name in ("available", "pending", "held", "owed", "lifetime", "qualifying")
        },
        "stamps": {lot.id: (lot.points, lot.remaining, lot.held, lot.earned_at) for lot in stamps.lots.values()}
        | {"owed": stamps.owed, "lifetime": stamps.lifetime},
        "tiers": {id: membership.tier.key for id, membership in wallet.memberships.items()},
        "falls": {id: membership.tier.grace_ends_at for id, membership in wallet.memberships.items()},
        "ends": {
            lot.id: wallet.point_account.expires_at(lot)
            for lot in wallet.point_account.inventory.lots.values()
            if lot.free
        },
    }


def reference_summary(wallet: ReferenceWallet, at: datetime) -> dict[str, Any]:
    """The summary of a reference wallet."""
    terms = terms_at(wallet.versions, at=at)
    customers = list({id(customer): customer for customer in wallet.customers.values()}.values())
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
                lot.promised_last_day,
            )
            for lot in lots
        },
        "balance": {
            "available": wallet.free(pending=False),
            "pending": wallet.free(pending=True),
            "held": sum(lot.count(HELD) for lot in lots),
            "owed": len(wallet.debts),
            "lifetime": wallet.lifetime,
            "qualifying": sum(customer.qualifying(terms, today) for customer in customers),
        },
        "stamps": {
            row.id: (len(row.stamps), row.count(FREE, HELD), row.count(HELD), row.earned_at)
            for row in wallet.card.lots
            if row.stamps
        }
        | {"owed": len(wallet.card.debts), "lifetime": wallet.card.lifetime},
        "tiers": {id: customer.tier for id, customer in wallet.customers.items()},
        "falls": {id: customer.grace_ends_at for id, customer in wallet.customers.items()},
        "ends": {lot.id: lot.expires_at(wallet.last_activity_at) for lot in lots if lot.count(FREE)},
    }


def differences(core: dict[str, Any], plain: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where two summaries differ: the engine's value, then the reference's."""
    found = {}
    for part in core:
        for key in {**core[part], **plain[part]}:
            first, other = core[part].get(key, "nothing"), plain[part].get(key, "nothing")
            if first != other:
                found[f"{part} {key}"] = first, other
    return found
