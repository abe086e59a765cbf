"""Customers, their identities, and the account that each till operation starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.identities import IdentityKind
from app.domain.ledger import Balance
from app.store.unit import Session


class CustomerState(StrEnum):
    """What a customer may do."""

    ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True)
class CustomerBy:
    """How a customer is looked up: by one identity (value normalised), or by id (a UUID as text) when `kind` is None."""

    value: str
    kind: IdentityKind | None = None


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer with the account of the program's points: its balance, its number of entries and the last hash."""

    id: str
    wallet_id: str
    account_id: str
    unit: str
    state: CustomerState
    locale: str | None
    accepted_terms_version: int | None
    enrolled_at: datetime
    balance: Balance
    entries: int
    head: str


@dataclass(frozen=True, slots=True)
class Identity:
    """One normalised identity of a customer; `id` is the identity's own."""

    id: str
    customer_id: str
    kind: IdentityKind
    value: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer to enrol, with the ids of the wallet and account that come with them (balance zero)."""

    id: str
    wallet_id: str
    account_id: str
    unit: str
    locale: str | None
    accepted_terms_version: int | None
    enrolled_at: datetime
    identities: tuple[tuple[str, IdentityKind, str], ...]
    """Each (id, kind, normalised value)."""


async def find(session: Session, *, program_id: str, by: CustomerBy, lock: bool = False) -> CustomerRow | None:
    """The customer with the account, in one statement; `lock` holds the account until the transaction ends."""
    raise NotImplementedError


async def by_ids(session: Session, *, program_id: str, customer_ids: Sequence[str]) -> dict[str, CustomerRow]:
    """Several customers by id; ids that are not there are left out."""
    raise NotImplementedError


async def enrol(session: Session, *, program_id: str, customer: NewCustomer) -> None:
    """Keep a new customer with identities, wallet and an account without points."""
    raise NotImplementedError


async def taken(
    session: Session, *, program_id: str, identities: Sequence[tuple[IdentityKind, str]]
) -> tuple[tuple[IdentityKind, str], ...]:
    """Those of the identities that belong to a customer already."""
    raise NotImplementedError


async def identities_of(
    session: Session, *, program_id: str, customer_ids: Sequence[str]
) -> dict[str, tuple[Identity, ...]]:
    """The identities of several customers, oldest first; a customer without any has an empty tuple."""
    raise NotImplementedError


async def page(
    session: Session, *, program_id: str, after: str | None = None, limit: int = 1000
) -> tuple[CustomerRow, ...]:
    """Customers in the order of their ids, those after the id `after`: for whoever walks through all of them."""
    raise NotImplementedError
