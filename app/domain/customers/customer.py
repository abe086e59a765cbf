"""Customers, and how they are looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from app.domain.customers.current_tier import CurrentTier
from app.domain.customers.identities import IdentityKind
from app.domain.ledger.account import Account
from app.domain.units import Unit


class CustomerState(StrEnum):
    """The state of a customer. MERGED: another customer, the survivor, continues in their place."""

    ACTIVE = "ACTIVE"
    MERGED = "MERGED"


@dataclass(frozen=True, slots=True)
class CustomerReference:
    """How a customer is looked up: by an identity, whose `value` is normalised, or by id (a UUID) if `kind` is None."""

    value: str
    kind: IdentityKind | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with the points account of the wallet and the current tier.

    `survivor_id` is the customer into whom this one was merged, None for an active customer. `other_accounts` are the
    wallet's accounts of other units, if they were read as well: for customers who are shown, not for those to be
    changed.
    """

    id: str
    state: CustomerState
    locale: str | None
    accepted_terms_version: int | None
    enrolled_at: datetime
    account: Account
    tier: CurrentTier = field(default_factory=CurrentTier)
    survivor_id: str | None = None
    other_accounts: Mapping[Unit, Account] = field(default_factory=dict)
    requested_id: str | None = None
    """The merged customer whose identity or id was looked up; None if this customer was looked up directly."""


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer to enrol, with the ids of the new wallet and of its account, whose balance is 0."""

    id: str
    wallet_id: str
    account_id: str
    locale: str | None
    accepted_terms_version: int | None
    enrolled_at: datetime
    identities: tuple[tuple[str, IdentityKind, str], ...]
    """Each (id, kind, normalised value)."""
    birthday: date | None = None
