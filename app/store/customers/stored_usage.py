"""Usage counters of customers: stored beside the events, and rebuilt when a late event or returned goods change them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

from app.domain.engine.usage import Use, uses_of
from app.domain.wallets.purchase_state import PurchaseState
from app.domain.wallets.wallet import Wallet
from app.store.database.codecs import instant
from app.store.database.session import Session
from app.store.terms import budgets


class Reduction(NamedTuple):
    """What no longer counts of a purchase: its visit (`no_visit`), and the points that were clawed back."""

    purchase_id: str
    at: datetime
    no_visit: bool
    points: int

    @classmethod
    def of(cls, purchase: PurchaseState) -> Reduction | None:
        """The reduction of a purchase; None if it is a visit and no points were clawed back.

        The purchase of the new goods of an exchange is never a visit of its own.
        """
        clawed_back, in_exchange = purchase.clawed_back.points, purchase.facts.replaced_price is not None
        if purchase.usage.counts_as_visit and not clawed_back:
            return None
        return cls(purchase.event.id, purchase.event.at, in_exchange or not purchase.usage.counts_as_visit, clawed_back)


@dataclass(frozen=True, slots=True)
class StoredUsage:
    """The counters of a customer, each sorted, so that two can be compared.

    `uses` have the key of the clause, the time of the purchase or redemption, and the calendar year of the birthday that
    the use was for or `NO_BIRTHDAY`. `items` have the key of the clause, the time of the purchase, and how many items the
    clause counted. `shares` have a purchase (id), the key of a clause, and the points that the purchase adds to the
    customer's own share of the clause's budget.
    """

    uses: tuple[tuple[str, datetime, int], ...] = ()
    items: tuple[tuple[str, datetime, int], ...] = ()
    reductions: tuple[Reduction, ...] = ()
    shares: tuple[tuple[str, str, int], ...] = ()

    @classmethod
    def of(cls, wallet: Wallet, *, customer_id: str) -> StoredUsage:
        """The counters that a replayed wallet gives a customer; what customers merged into this one did does not count."""
        purchase_states = [
            purchase for purchase in wallet.purchases.values() if purchase.event.customer_id == customer_id
        ]
        redemptions = [
            redemption for redemption in wallet.redemptions.values() if redemption.customer_id == customer_id
        ]
        uses = [use for purchase in purchase_states for use in _use_values(purchase.usage.uses, at=purchase.event.at)]
        for redemption in redemptions:
            clauses = dict.fromkeys(redemption.clause_keys, 1)
            uses += _use_values(
                uses_of(redemption.terms, facts=redemption.facts, times_by_clause=clauses), at=redemption.at
            )
        items = [(key, purchase.event.at, count) for purchase in purchase_states for key, count in purchase.usage.items]
        reductions = [reduction for purchase in purchase_states if (reduction := Reduction.of(purchase)) is not None]
        shares = _shares(wallet, customer_id=customer_id)
        return cls(tuple(sorted(uses)), tuple(sorted(items)), tuple(sorted(reductions)), shares)


def _shares(wallet: Wallet, *, customer_id: str) -> tuple[tuple[str, str, int], ...]:
    """The customer's own shares of budgets, sorted: what purchases add, and what purchases moved to another customer left."""
    shares: Counter[tuple[str, str]] = Counter()
    for purchase in wallet.purchases.values():
        if purchase.event.customer_id == customer_id:
            shares.update({(purchase.event.id, clause): points for clause, points in purchase.budget_share_changes})
    for move in wallet.moves_with_budget_usage:
        if move.earlier_purchase is not None and move.earlier_purchase.customer_id == customer_id:
            shares.update({(move.purchase_id, clause): points for clause, points in move.retained_budget_usage})
    return _sorted_shares(shares)


def _sorted_shares(shares: Mapping[tuple[str, str], int]) -> tuple[tuple[str, str, int], ...]:
    return tuple(sorted((purchase, clause, points) for (purchase, clause), points in shares.items() if points))


NO_BIRTHDAY = 0
"""The calendar year of a use that was for no birthday."""


def _use_values(uses: Sequence[Use], *, at: datetime) -> list[tuple[str, datetime, int]]:
    return [(use.clause_key, at, use.birthday_year or NO_BIRTHDAY) for use in uses for _ in range(use.times)]


async def of_customers(session: Session, *, customer_ids: Sequence[str]) -> dict[str, StoredUsage]:
    """The stored counters of customers, by id."""
    rows_by_customer = await _stored_rows(session, customer_ids=customer_ids)
    shares = await budgets.shares(session, customer_ids=customer_ids)
    return {
        id: StoredUsage(
            tuple(sorted(rows.uses.values())),
            tuple(sorted(rows.items.values())),
            tuple(sorted(rows.reductions.values())),
            _sorted_shares(shares.get(id, {})),
        )
        for id, rows in {**dict.fromkeys(shares, NO_ROWS), **rows_by_customer}.items()
    }


async def rebuild(session: Session, *, wallet: Wallet, new_id: Callable[[], str]) -> None:
    """Store the counters of a replayed wallet, for all its customers and those merged into them.

    The account must be locked. Only rows that differ from the counters are changed.
    """
    customer_ids = sorted(wallet.memberships)
    stored_rows = await _stored_rows(session, customer_ids=customer_ids)
    await _rebuild_shares(session, wallet=wallet)
    for id in customer_ids:
        expected, rows = StoredUsage.of(wallet, customer_id=id), stored_rows.get(id, NO_ROWS)
        surplus_ids, missing_uses = _difference(rows.uses, wanted=expected.uses)
        if surplus_ids:
            await _delete(session, table="clause_uses", ids=surplus_ids)
        for key, at, year in missing_uses:
            await add_uses(session, customer_id=id, uses=[Use(key, 1, year or None)], new_id=new_id, at=at)
        surplus_ids, missing_items = _difference(rows.items, wanted=expected.items)
        if surplus_ids:
            await _delete(session, table="clause_items", ids=surplus_ids)
        for key, at, count in missing_items:
            await add_items(session, customer_id=id, items=[(key, count)], new_id=new_id, at=at)
        surplus_ids, missing_reductions = _difference(rows.reductions, wanted=expected.reductions)
        if surplus_ids:
            await _delete(session, table="purchase_reductions", ids=surplus_ids, key="purchase_id")
        for reduction in missing_reductions:
            await set_reduction(session, customer_id=id, reduction=reduction)


async def _rebuild_shares(session: Session, *, wallet: Wallet) -> None:
    """Store the customers' own shares of budgets; runs no statement for a wallet that never had any."""
    if not wallet.moves_with_budget_usage and not any(
        purchase.event.facts.rule_facts.own_budget_shares for purchase in wallet.purchases.values()
    ):
        return
    stored_shares = await budgets.shares(session, customer_ids=sorted(wallet.memberships))
    for id in sorted(wallet.memberships):
        rows = stored_shares.get(id, {})
        expected = {(purchase, clause): points for purchase, clause, points in _shares(wallet, customer_id=id)}
        for purchase, clause in sorted(rows.keys() | expected.keys()):
            points = expected.get((purchase, clause), 0)
            if points != rows.get((purchase, clause), 0):
                await budgets.set_share(session, customer_id=id, purchase_id=purchase, clause=clause, points=points)


async def add_uses(
    session: Session, *, customer_id: str, uses: Iterable[Use], new_id: Callable[[], str], at: datetime
) -> None:
    """Store uses of clauses by a customer, one row for each time (sent with the next statements: see `Session.enqueue`)."""
    for use in uses:
        for _ in range(use.times):
            await session.enqueue(
                "INSERT INTO clause_uses (program_id, id, customer_id, clause, occurred_at, birthday_year)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                new_id(),
                customer_id,
                use.clause_key,
                at,
                use.birthday_year,
            )


async def add_items(
    session: Session, *, customer_id: str, items: Iterable[tuple[str, int]], new_id: Callable[[], str], at: datetime
) -> None:
    """Store how many items clauses counted in a purchase of a customer (sent with the next statements: see `Session.enqueue`)."""
    for clause, count in items:
        await session.enqueue(
            "INSERT INTO clause_items (program_id, id, customer_id, clause, items, occurred_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            new_id(),
            customer_id,
            clause,
            count,
            at,
        )


async def set_reduction(session: Session, *, customer_id: str, reduction: Reduction) -> None:
    """Store the reduction of a customer's purchase, in place of an earlier one (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        f"{_INSERT_REDUCTION} DO UPDATE SET customer_id = excluded.customer_id, no_visit = excluded.no_visit,"
        " points = excluded.points",
        *_reduction_values(reduction, customer_id=customer_id),
    )


async def add_to_reduction(session: Session, *, customer_id: str, reduction: Reduction) -> None:
    """Store a further reduction of a customer's purchase; its points are added (sent with the next statements: see `Session.enqueue`)."""
    if reduction.points or reduction.no_visit:
        await session.enqueue(
            f"{_INSERT_REDUCTION} DO UPDATE SET no_visit = excluded.no_visit, points = purchase_reductions.points + excluded.points",
            *_reduction_values(reduction, customer_id=customer_id),
        )


def _reduction_values(reduction: Reduction, *, customer_id: str) -> tuple[object, ...]:
    return reduction.purchase_id, customer_id, reduction.at, int(reduction.no_visit), reduction.points


_INSERT_REDUCTION = (
    "INSERT INTO purchase_reductions (program_id, purchase_id, customer_id, occurred_at, no_visit, points)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (program_id, purchase_id)"
)


class _StoredRows(NamedTuple):
    """The stored uses, items and reductions of a customer, each by the id of its row."""

    uses: dict[str, tuple[str, datetime, int]]
    items: dict[str, tuple[str, datetime, int]]
    reductions: dict[str, Reduction]


NO_ROWS = _StoredRows({}, {}, {})


async def _stored_rows(session: Session, *, customer_ids: Sequence[str]) -> dict[str, _StoredRows]:
    """The stored rows of customers, by customer id; customers without any are left out."""
    rows_by_customer: dict[str, _StoredRows] = {}
    ids = list(customer_ids)
    for row in await session.rows(
        "SELECT id, customer_id, clause, occurred_at, birthday_year FROM clause_uses"
        " WHERE program_id = $1 AND customer_id = ANY($2)",
        ids,
    ):
        use = row["clause"], instant(row["occurred_at"]), row["birthday_year"] or NO_BIRTHDAY
        rows_by_customer.setdefault(row["customer_id"], _StoredRows({}, {}, {})).uses[row["id"]] = use
    for row in await session.rows(
        "SELECT id, customer_id, clause, occurred_at, items FROM clause_items"
        " WHERE program_id = $1 AND customer_id = ANY($2)",
        ids,
    ):
        items = row["clause"], instant(row["occurred_at"]), row["items"]
        rows_by_customer.setdefault(row["customer_id"], _StoredRows({}, {}, {})).items[row["id"]] = items
    for row in await session.rows(
        "SELECT purchase_id, customer_id, occurred_at, no_visit, points FROM purchase_reductions"
        " WHERE program_id = $1 AND customer_id = ANY($2)",
        ids,
    ):
        reduction = Reduction(row["purchase_id"], instant(row["occurred_at"]), bool(row["no_visit"]), row["points"])
        rows_by_customer.setdefault(row["customer_id"], _StoredRows({}, {}, {})).reductions[row["purchase_id"]] = (
            reduction
        )
    return rows_by_customer


Value = TypeVar("Value", bound=Hashable)


def _difference(stored: Mapping[str, Value], *, wanted: Sequence[Value]) -> tuple[list[str], list[Value]]:
    """The ids of stored rows whose values are not `wanted`, and the wanted values that are not stored."""
    missing = Counter(wanted)
    surplus_ids = []
    for id, value in stored.items():
        if missing[value] > 0:
            missing[value] -= 1
        else:
            surplus_ids.append(id)
    return surplus_ids, list(missing.elements())


async def _delete(session: Session, *, table: str, ids: Sequence[str], key: str = "id") -> None:
    await session.execute(f"DELETE FROM {table} WHERE program_id = $1 AND {key} = ANY($2)", list(ids))
