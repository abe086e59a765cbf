"""Customers as the API shows them: the card, its identities, its balance and its ledger."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import strawberry

from app.api.conventions.arguments import After, Before, First, Last
from app.api.conventions.context import Context, Info, bad_input
from app.api.conventions.enums import CustomerState, RedemptionState
from app.api.conventions.ids import decode, encode
from app.api.conventions.node import Node
from app.api.conventions.pagination import id_window, page_window
from app.api.types.customers.terms_notice import TermsNotice
from app.api.types.customers.tier import TierChange, TierStatus, tier_changes_of, tier_of
from app.api.types.ledger.balance import Balance, balance_objects
from app.api.types.ledger.expiry import ExpiryNotice
from app.api.types.ledger.ledger_entry import LedgerEntryConnection, ledger_connection
from app.api.types.rewards.redemption import RedemptionConnection, redemption_connection
from app.domain.access import Permission
from app.domain.customers import identities
from app.domain.customers.customer import Customer as CustomerEntity
from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityError, IdentityKind
from app.domain.customers.profile import PreferenceKind
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.units import Unit
from app.queries.customers import current_state, customers, expiry_notices, profiles
from app.queries.terms.published_terms import notices


@strawberry.input(one_of=True, description="A customer, by id or by one of their identities.")
class CustomerBy:
    """Exactly one of these."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Opaque id.")
    card: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Card number; spaces, dashes and case do not matter, nor do zeros in front of a number with a GS1 check digit.",
    )
    phone: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Telephone number in digits, spaced as you like, without an extension; without a country code, it belongs to the program's region.",
    )
    email: str | None = strawberry.field(default=strawberry.UNSET, description="E-mail address; case does not matter.")
    token: str | None = strawberry.field(
        default=strawberry.UNSET, description="Token of an app or QR code, exact except for surrounding spaces."
    )
    external_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="Id in another system, exact except for surrounding spaces."
    )


_IDENTITY_KINDS = {
    "card": IdentityKind.CARD,
    "phone": IdentityKind.PHONE,
    "email": IdentityKind.EMAIL,
    "token": IdentityKind.TOKEN,
    "external_id": IdentityKind.EXTERNAL_ID,
}


def identity_of(input: object, *, context: Context) -> tuple[IdentityKind, str]:
    """The identity in a @oneOf input, normalised. Raises IdentityError and TooManyLookups."""
    if context.lookups.blocked_until:
        context.lookups.admit(context.principal.key_id)
    for name, kind in _IDENTITY_KINDS.items():
        text = getattr(input, name)
        if isinstance(text, str):
            return kind, identities.normalised_identity(kind, text, region=context.program.region)
    raise IdentityError(detail_of("NO_IDENTITY"))


def customer_reference_of(
    customer: CustomerBy, *, context: Context, path: tuple[str, ...] = ("customer",)
) -> CustomerReference | Problem:
    """The reference to the customer that an input names, or the problem found in the input."""
    if isinstance(customer.id, str):
        key = decode(customer.id, "Customer")
        return (
            CustomerReference(key) if key is not None else Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=(*path, "id"))
        )
    try:
        kind, value = identity_of(customer, context=context)
    except IdentityError as error:
        return Problem(ProblemCode.INVALID_IDENTITY, path=path, detail=error.detail)
    return CustomerReference(value, kind)


@strawberry.type(description="Something a customer is recognised by.")
class Identity:
    """An identity, normalised, and masked for keys of the role TILL."""

    kind: IdentityKind = strawberry.field(description="The kind of identity.")
    value: str = strawberry.field(
        description="Normalised. Owner, staff and the customer see all of it, a till only the last characters."
    )


@strawberry.type(description="Something that a customer has stated to like, to eat or to wear.")
class Preference:
    """In the customer's own spelling."""

    kind: PreferenceKind = strawberry.field(description="What the preference is about.")
    value: str = strawberry.field(description="As the customer stated it, 1 to 60 characters.")


@strawberry.type(
    description="The wallet that a customer, or a household, pays from. After a wallet is merged into another one, its customers pay from the other one."
)
class Wallet(Node):
    """One balance per unit."""

    customer: strawberry.Private[CustomerEntity]
    id: strawberry.ID = strawberry.field(description="Opaque id.")

    @classmethod
    def of(cls, customer: CustomerEntity) -> Wallet:
        """The wallet of a customer."""
        return cls(customer=customer, id=strawberry.ID(encode("Wallet", customer.account.wallet_id)))

    @strawberry.field(description="Points and, once anything was booked in them, stamps.")
    def balances(self, info: Info) -> list[Balance]:
        """The balances as they were read with the customer."""
        balances_by_unit = current_state.balances_of(self.customer)
        wallet_id = self.customer.account.wallet_id
        return balance_objects(
            balances_by_unit, customer_id=self.customer.id, wallet_id=wallet_id, context=info.context
        )

    @strawberry.field(
        description="Who shares the wallet, in the order in which they enrolled; to a customer only themselves."
    )
    async def holders(self, info: Info) -> list[Customer]:
        """The holders whom the caller may see."""
        context = info.context
        if context.principal.customer_id is not None:
            return [Customer.of(self.customer)]
        holders = await context.load(customers.wallet_holders, self.customer.account.wallet_id, at=context.now)
        return [Customer.of(customer) for customer in holders]


@strawberry.type(description="A customer of the program. Seen by owner, staff and tills, and by the customer.")
class Customer(Node):
    """A person enrolled in the program."""

    entity: strawberry.Private[CustomerEntity]
    id: strawberry.ID = strawberry.field(description="Opaque id.")
    state: CustomerState = strawberry.field(description="What the customer may do.")
    enrolled_at: datetime = strawberry.field(description="When the customer joined.")
    accepted_terms_version: int | None = strawberry.field(
        description="The version of the terms that was in force when the customer joined; null when there was none."
    )

    @classmethod
    def of(cls, entity: CustomerEntity) -> Customer:
        """The GraphQL object for a stored customer."""
        return cls(
            entity=entity,
            id=strawberry.ID(encode("Customer", entity.id)),
            state=CustomerState(entity.state.value),
            enrolled_at=entity.enrolled_at,
            accepted_terms_version=entity.accepted_terms_version,
        )

    @strawberry.field(description="What the customer is recognised by, oldest first.")
    async def identities(self, info: Info) -> list[Identity]:
        """Masked for tills."""
        context = info.context
        unmasked = context.principal.may(Permission.READ_IDENTITIES) or context.principal.is_customer(self.entity.id)
        stored_identities = await context.load(customers.identities, self.entity.id)
        return [
            Identity(
                kind=identity.kind,
                value=identity.value if unmasked else identities.masked_identity(identity.kind, identity.value),
            )
            for identity in stored_identities
        ]

    @strawberry.field(
        description="What the customer has stated to like, to eat or to wear, by kind and value. For owner, staff, tills and the customer."
    )
    async def preferences(self, info: Info) -> list[Preference]:
        """Sorted by kind and value."""
        profile = await info.context.load(profiles.preferences, self.entity.id)
        return [Preference(kind=preference.kind, value=preference.value) for preference in sorted(profile.preferences)]

    @strawberry.field(
        description="The date of birth; null where it is not known, and for tills. For owner, staff and the customer."
    )
    async def birthday(self, info: Info) -> date | None:
        """Hidden from tills."""
        context = info.context
        if not context.principal.may_see_profile(self.entity.id):
            return None
        return (await context.load(profiles.birthdays, self.entity.id)).birthday

    @strawberry.field(
        description="The groups that staff or the owner have put the customer into, by key; null for tills. For owner, staff and the customer."
    )
    async def segments(self, info: Info) -> list[str] | None:
        """Hidden from tills."""
        context = info.context
        if not context.principal.may_see_profile(self.entity.id):
            return None
        return sorted((await context.load(profiles.segments, self.entity.id)).segments)

    @strawberry.field(description="What the customer pays from.")
    def wallet(self) -> Wallet:
        """The wallet with its balances."""
        return Wallet.of(self.entity)

    @strawberry.field(
        description="The balance at a past instant, by what is known today about the time up to that instant. Before the customer joined a shared wallet, it is the balance of their own wallet."
    )
    async def balance_at(
        self,
        info: Info,
        at: Annotated[datetime, strawberry.argument(description="The instant, not in the future.")],
        unit: Annotated[Unit, strawberry.argument(description="The unit of the balance.")] = Unit.POINTS,
    ) -> Balance | None:
        """By all events up to that instant that are recorded by now, with those that were recorded late."""
        context = info.context
        if at > context.now:
            raise bad_input("`at` lies in the future.")
        balance = await context.query_heavy(current_state.balance_at, customer_id=self.entity.id, at=at, unit=unit)
        if balance is None:
            return None
        wallet_id = self.entity.account.wallet_id
        balance_by_unit = {unit: balance}
        return balance_objects(
            balance_by_unit, customer_id=self.entity.id, wallet_id=wallet_id, past_instant=at, context=context
        )[0]

    @strawberry.field(description="The tier held; null where the terms in force have no tiers.")
    async def tier(self, info: Info) -> TierStatus | None:
        """The tier as of now, by the events recorded so far."""
        return await tier_of(self.entity.id, info=info)

    @strawberry.field(description="The tiers reached and lost, newest first, by the events recorded so far.")
    async def tier_changes(self, info: Info) -> list[TierChange]:
        """Found by replaying the wallet's history."""
        return await tier_changes_of(self.entity.id, info=info)

    @strawberry.field(
        description="The inbox: changes of the terms announced since the customer joined, newest first. Customers who joined later accepted them by joining."
    )
    async def notices(self, info: Info) -> list[TermsNotice]:
        """One notice for each version."""
        terms_notices = await info.context.query(notices, enrolled_at=self.entity.enrolled_at)
        return [TermsNotice.of(notice) for notice in terms_notices]

    @strawberry.field(
        description="The inbox: notices of points that will expire, newest first, at most 100. Reading them here delivers nothing: `deliverExpiryNotices` does."
    )
    async def expiry_notices(self, info: Info) -> list[ExpiryNotice]:
        """One for each time that a notice was given."""
        notices_with_deliveries = await info.context.load_heavy(
            expiry_notices.of_accounts, self.entity.account.id, at=info.context.now
        )
        return [ExpiryNotice.of(view) for view in notices_with_deliveries]

    @strawberry.field(
        description="Every movement of points, or of stamps, newest first. `first` or `last`: 1 to 100, default 20."
    )
    async def ledger(
        self,
        info: Info,
        unit: Annotated[Unit, strawberry.argument(description="The unit of the balance.")] = Unit.POINTS,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> LedgerEntryConnection:
        """A page of the ledger."""
        window = page_window(first=first, after=after, last=last, before=before)
        account = self.entity.account if unit is Unit.POINTS else self.entity.other_accounts.get(unit)
        return await ledger_connection(account.id if account else None, window=window, context=info.context)

    @strawberry.field(
        description="The rewards that the customer redeemed or has on hold, the latest recorded first; in a shared wallet, without those of other customers. `first` or `last`: 1 to 100, default 20."
    )
    async def redemptions(
        self,
        info: Info,
        state: Annotated[
            RedemptionState | None,
            strawberry.argument(description="Only those in this state, such as HELD; default all."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> RedemptionConnection:
        """A page, which includes the redemptions of customers merged into this one."""
        window = id_window(first=first, after=after, last=last, before=before)
        return await redemption_connection(self.entity.id, state=state, window=window, context=info.context)
