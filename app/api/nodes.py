"""node and nodes: a loader for each type that can be read by id, which checks whether the caller may see the object.

Ids that are malformed, unknown, forbidden or of another program all give null, so that nothing can be learned from a difference.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import strawberry

from app.api.conventions.context import Context, Info
from app.api.conventions.ids import encode, type_and_key
from app.api.conventions.node import Node
from app.api.types.access_key import load_access_key
from app.api.types.customers.customer import Customer, Wallet
from app.api.types.impact_preview import load_impact_preview
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.programs.location import Location
from app.api.types.programs.program import program_of
from app.api.types.purchases.purchase import Purchase
from app.api.types.quarantine import QuarantinedReceipt, load_quarantined_receipt
from app.api.types.rewards.redemption import Redemption
from app.api.types.rewards.reward import Reward
from app.api.types.terms.terms import Terms
from app.domain.access import Permission
from app.queries.customers import customers
from app.queries.ledger import entries
from app.queries.programs.locations import locations_by_id
from app.queries.rewards import offers
from app.queries.terms.published_terms import terms_version

Loader = Callable[[str, Info], Awaitable[Node | None]]


async def load_node(info: Info, id: strawberry.ID) -> Node | None:
    """The object with this id; None if there is none, or the caller may not see it."""
    info.context.require(Permission.READ_OWN_CARD)
    parts = type_and_key(id)
    if parts is None or parts[0] not in LOADERS:
        return None
    return await LOADERS[parts[0]](parts[1], info)


async def _wallet(key: str, info: Info) -> Node | None:
    holders = await info.context.load(customers.wallet_holders, key, at=info.context.now)
    visible = [holder for holder in holders if info.context.principal.may_see_customer(holder.id)]
    return Wallet.of(visible[0]) if visible else None


async def _program(key: str, info: Info) -> Node | None:
    return program_of(info) if key == info.context.program.id else None


async def _customer(key: str, info: Info) -> Node | None:
    customer = await info.context.load(customers.customers_as_of, key, at=info.context.now)
    if customer is None or not info.context.principal.may_see_customer(customer.id):
        return None
    return Customer.of(customer)


async def _terms(key: str, info: Info) -> Node | None:
    program_id, _, number = key.partition(".")
    if program_id != info.context.program.id:
        return None
    published = await info.context.query(terms_version, number=int(number))
    return Terms.of(published.terms, context=info.context) if published is not None else None


async def _reward(key: str, info: Info) -> Node | None:
    reward = await info.context.load(offers.rewards_by_id, key)
    return Reward.of(reward, context=info.context) if reward is not None else None


async def _purchase(key: str, info: Info) -> Node | None:
    purchase = await info.context.load_heavy(entries.purchases_by_id, key)
    if purchase is None or not info.context.principal.may_see_customer(purchase.customer_id):
        return None
    return Purchase.of(purchase)


async def _redemption(key: str, info: Info) -> Node | None:
    redemption = await info.context.load(entries.redemptions_by_id, key)
    if redemption is None or not info.context.principal.may_see_customer(redemption.customer_id):
        return None
    return Redemption.of(redemption)


async def _entry(key: str, info: Info) -> Node | None:
    context: Context = info.context
    owned_entry = await context.load(entries.owned_entries, key)
    if owned_entry is None or not context.principal.may_see_any_of(owned_entry.holders):
        return None
    deciding_terms = await context.terms(entries.deciding_version(owned_entry.stored_entry.entry))
    return LedgerEntry.of(owned_entry.stored_entry, deciding_terms=deciding_terms, context=context)


async def _impact_preview(key: str, info: Info) -> Node | None:
    context: Context = info.context
    if not context.principal.may(Permission.PUBLISH_TERMS):
        return None
    return await load_impact_preview(encode("ImpactPreview", key), context=context)


async def _location(key: str, info: Info) -> Node | None:
    location = await info.context.load(locations_by_id, key)
    return Location.of(location) if location is not None else None


async def _access_key(key: str, info: Info) -> Node | None:
    access_key: Node | None = await load_access_key(key, context=info.context)
    return access_key


async def _quarantined_receipt(key: str, info: Info) -> Node | None:
    context: Context = info.context
    if not context.principal.may(Permission.SETTLE_QUARANTINED):
        return None
    receipt: QuarantinedReceipt | None = await load_quarantined_receipt(key, context=context)
    return receipt


LOADERS: Mapping[str, Loader] = {
    "Program": _program,
    "Customer": _customer,
    "Wallet": _wallet,
    "Terms": _terms,
    "Reward": _reward,
    "Location": _location,
    "Purchase": _purchase,
    "Redemption": _redemption,
    "LedgerEntry": _entry,
    "ImpactPreview": _impact_preview,
    "QuarantinedReceipt": _quarantined_receipt,
    "AccessKey": _access_key,
}
"""The loaders of all types that implement Node. They are called with keys of the form that their type has."""
