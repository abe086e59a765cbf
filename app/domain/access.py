"""Roles of access keys and their permissions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

PROGRAM_SOURCES = ("",)
"""The sources of an access key that belongs to no customer: only the program's, written as an empty text."""


class Role(StrEnum):
    """What the holder of an access key is to the program."""

    OWNER = "OWNER"
    STAFF = "STAFF"
    TILL = "TILL"
    INTEGRATION = "INTEGRATION"
    CUSTOMER = "CUSTOMER"


class Permission(StrEnum):
    """A permission; every root field and every node loader requires one."""

    READ_TERMS = "READ_TERMS"
    READ_OWN_CARD = "READ_OWN_CARD"
    READ_CARDS = "READ_CARDS"
    READ_IDENTITIES = "READ_IDENTITIES"
    READ_PROFILES = "READ_PROFILES"
    STATE_PREFERENCES = "STATE_PREFERENCES"
    UPDATE_PROFILES = "UPDATE_PROFILES"
    ENROL = "ENROL"
    RECORD_PURCHASES = "RECORD_PURCHASES"
    RECORD_REFUNDS = "RECORD_REFUNDS"
    REDEEM = "REDEEM"
    FULFIL_REDEMPTIONS = "FULFIL_REDEMPTIONS"
    CANCEL_REDEMPTIONS = "CANCEL_REDEMPTIONS"
    ADJUST_POINTS = "ADJUST_POINTS"
    READ_ACTORS = "READ_ACTORS"
    TRANSFER_POINTS = "TRANSFER_POINTS"
    MERGE_CUSTOMERS = "MERGE_CUSTOMERS"
    AMEND_PURCHASES = "AMEND_PURCHASES"
    MOVE_PURCHASES = "MOVE_PURCHASES"
    SETTLE_QUARANTINED = "SETTLE_QUARANTINED"
    MANAGE_REWARDS = "MANAGE_REWARDS"
    MANAGE_LOCATIONS = "MANAGE_LOCATIONS"
    PUBLISH_TERMS = "PUBLISH_TERMS"
    READ_INSIGHTS = "READ_INSIGHTS"
    READ_CLOCK = "READ_CLOCK"
    ADVANCE_CLOCK = "ADVANCE_CLOCK"
    UPDATE_PROGRAM = "UPDATE_PROGRAM"
    CONFIRM_INBOX_NOTICES = "CONFIRM_INBOX_NOTICES"
    PRINT_NOTICES = "PRINT_NOTICES"
    SEND_NOTICES = "SEND_NOTICES"
    MANAGE_KEYS = "MANAGE_KEYS"
    MANAGE_CUSTOMER_KEYS = "MANAGE_CUSTOMER_KEYS"


_TILL_PERMISSIONS = frozenset(
    {
        Permission.READ_TERMS,
        Permission.READ_OWN_CARD,
        Permission.READ_CARDS,
        Permission.STATE_PREFERENCES,
        Permission.ENROL,
        Permission.RECORD_PURCHASES,
        Permission.RECORD_REFUNDS,
        Permission.AMEND_PURCHASES,
        Permission.REDEEM,
        Permission.FULFIL_REDEMPTIONS,
        Permission.CANCEL_REDEMPTIONS,
        Permission.READ_CLOCK,
        Permission.PRINT_NOTICES,
    }
)

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.OWNER: frozenset(Permission),
        Role.STAFF: _TILL_PERMISSIONS
        | {
            Permission.READ_IDENTITIES,
            Permission.READ_PROFILES,
            Permission.UPDATE_PROFILES,
            Permission.CONFIRM_INBOX_NOTICES,
            Permission.SEND_NOTICES,
            Permission.ADJUST_POINTS,
            Permission.TRANSFER_POINTS,
            Permission.MERGE_CUSTOMERS,
            Permission.MOVE_PURCHASES,
            Permission.SETTLE_QUARANTINED,
        },
        Role.TILL: _TILL_PERMISSIONS,
        # An app's own server issues keys to customers, and acts for a customer only with that customer's key.
        Role.INTEGRATION: frozenset(
            {
                Permission.READ_TERMS,
                Permission.READ_OWN_CARD,
                Permission.ENROL,
                Permission.MANAGE_CUSTOMER_KEYS,
            }
        ),
        Role.CUSTOMER: frozenset(
            {
                Permission.READ_TERMS,
                Permission.READ_OWN_CARD,
                Permission.STATE_PREFERENCES,
                Permission.CONFIRM_INBOX_NOTICES,
                Permission.REDEEM,
                Permission.CANCEL_REDEMPTIONS,
            }
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of an access key. `key_id` is the id of the key, for the audit record.

    For a customer's key, `customer_id` is the customer, `merged_customer_ids` are the customers that were merged into
    this one, and `issued_to_customer_id` is the customer for whom the key was made: it stays the same after a merge.
    `own_customer_id` is the customer record of a member of staff, if the key names it: they may not change their own
    card.

    `sources` are the namespaces of the idempotency keys and checkouts that are sent with this key. A customer's key has
    the ids of the customer, any other key "", the namespace of the program. What is sent is stored under the first
    source. The others are searched as well, because a customer may have sent the same before a merge.
    """

    role: Role
    key_id: str
    customer_id: str | None = None
    merged_customer_ids: frozenset[str] = frozenset()
    own_customer_id: str | None = None
    issued_to_customer_id: str | None = None
    sources: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        candidates = (
            (self.issued_to_customer_id, self.customer_id, *sorted(self.merged_customer_ids))
            if self.customer_id is not None
            else PROGRAM_SOURCES
        )
        object.__setattr__(self, "sources", tuple(dict.fromkeys(source for source in candidates if source is not None)))

    def may(self, permission: Permission) -> bool:
        """Whether the role has the permission."""
        return permission in PERMISSIONS[self.role]

    def may_see_profile(self, customer_id: str) -> bool:
        """Whether the holder may see the customer's profile (date of birth and segments), and what reveals it."""
        return self.may(Permission.READ_PROFILES) or self.is_customer(customer_id)

    def may_see_customer(self, customer_id: str) -> bool:
        """Whether the holder may see the customer's card: wallet, ledger and decisions."""
        return self.may(Permission.READ_CARDS) or self.is_customer(customer_id)

    def may_see_any_of(self, customer_ids: Iterable[str]) -> bool:
        """Whether the holder may see something that these customers share."""
        return any(self.may_see_customer(id_) for id_ in customer_ids)

    def is_customer(self, customer_id: str) -> bool:
        """Whether the holder is this customer, or the one they were merged into."""
        return self.customer_id is not None and (
            self.customer_id == customer_id or customer_id in self.merged_customer_ids
        )
