"""The costs of the schema's fields: usual lengths of lists, and fields that cost more than the objects they show.

Lengths are usual ones, not the largest: an operation that reads far longer lists is stopped while it runs
(`app/graphql_server/limits/time_budget.py`). Scalars and lists of scalars cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.api.conventions.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from app.graphql_server.limits.cost_analysis import FieldCosts

PAGED = 1
"""A list of a page: the connection has counted it."""

WHOLE_LEDGER = 1_000
"""What adds up every entry of a program: one call in a second."""

CLAUSES = 30
"""Clauses of a program's terms."""

REPLAY_COST = 10
"""Replaying a wallet's history from its first purchase."""

LIST_SIZES: Mapping[str, int] = {
    "AccessKeyConnection.edges": PAGED,
    "AccessKeyConnection.nodes": PAGED,
    "BasketCheck.clauses": CLAUSES,
    "Balance.buysToday": 10,
    "Clause.conditions": 2,
    "ClauseOutlook.almostMet": 1,
    "ClauseOutlook.reasons": 3,
    "Customer.expiryNotices": 3,
    "Customer.identities": 3,
    "Customer.notices": 3,
    "Customer.preferences": 3,
    "Customer.tierChanges": 5,
    "Decision.lines": 20,
    "Decision.points": 1,
    "Decision.reasons": 10,
    "DeliverExpiryNoticesPayload.notices": 1,
    "ExcludedLine.clauses": 1,
    "ExpiryNotice.deliveries": 1,
    "ExpiryNotice.lots": 10,
    "Impact.mostGaining": 10,
    "Impact.mostLosing": 10,
    "Impact.rewards": 10,
    "LedgerEntry.lots": 3,
    "LedgerEntry.openedLots": 1,
    "LedgerEntry.counterparties": 1,
    "LedgerEntryConnection.edges": PAGED,
    "LedgerEntryConnection.nodes": PAGED,
    "Liability.units": 1,
    "LinePoints.points": 1,
    "LocationConnection.edges": PAGED,
    "LocationConnection.nodes": PAGED,
    "Purchase.lines": 20,
    "Query.pendingRefunds": 3,
    "QuarantinedReceiptConnection.edges": PAGED,
    "QuarantinedReceiptConnection.nodes": PAGED,
    "Reason.remedies": 1,
    "RedemptionConnection.edges": PAGED,
    "RedemptionConnection.nodes": PAGED,
    "ReceiptError.purchases": 3,
    "ReceiptError.redemptions": 3,
    "RefundPreview.balances": 1,
    "Remedy.locations": 3,
    "RewardOfferConnection.edges": PAGED,
    "RewardOfferConnection.nodes": PAGED,
    "PublicTerms.changes": 10,
    "PublicTerms.clauses": CLAUSES,
    "PublicTerms.highlights": 3,
    "PublicTerms.versions": 5,
    "Terms.changes": 10,
    "Terms.clauses": CLAUSES,
    "Terms.tiers": 3,
    "TermsCheck.changes": 10,
    "TermsCheck.findings": 10,
    "TermsDraft.clauses": CLAUSES,
    "TermsNotice.changes": 10,
    "TierStatus.reasons": 1,
    "UnitLiability.ages": 5,
    "Wallet.balances": 1,
    "Wallet.holders": 1,
}
"""Usual sizes by `Type.field`. What is not here counts as the largest page."""

PAYLOADS: Mapping[str, int] = {"balances": 1, "userErrors": 1}
"""Usual sizes of lists that many payloads have."""

FIELD_COSTS: Mapping[str, int] = {
    "Query.rewards": CLAUSES,
    "Query.liability": WHOLE_LEDGER,
    "Query.explain": CLAUSES,
    "Balance.buysToday": CLAUSES,
    "Customer.tierChanges": CLAUSES,
    "Balance.nextActivation": REPLAY_COST,
    "Customer.expiryNotices": REPLAY_COST,
    "DeliverExpiryNoticesPayload.notices": REPLAY_COST,
    "Balance.nextExpiry": REPLAY_COST,
    "Customer.balanceAt": REPLAY_COST,
    "PublicTerms.text": CLAUSES,
    "Query.publicTerms": CLAUSES,
    "Terms.text": CLAUSES,
    "TermsDraft.text": CLAUSES,
    "TermsNotice.effectOnCustomer": 10,
    "TierStatus.projected": CLAUSES,
    "TierStatus.reasons": CLAUSES,
}
"""The cost of a field beside the objects that it shows, say for deciding on every reward."""

ARGUMENT_LISTS: Mapping[str, tuple[str, ...]] = {
    "Query.basketCheck": ("basket", "lines"),
    "Query.rewards": ("basket", "lines"),
    "Query.termsCheck": ("clauses",),
}
"""Lists inside arguments whose items are each evaluated by every clause."""

ARGUMENT_ITEM = 2
"""The cost of each such item."""


def size_of(place: str) -> int | None:
    """The usual size of a list; None where none is declared."""
    return LIST_SIZES.get(place, PAYLOADS.get(place.partition(".")[2]))


COSTS = FieldCosts(
    extra_costs=FIELD_COSTS,
    list_size=size_of,
    argument_lists=ARGUMENT_LISTS,
    argument_item_cost=ARGUMENT_ITEM,
    default_page=DEFAULT_PAGE_SIZE,
    max_page=MAX_PAGE_SIZE,
)
"""The costs that the GraphQL server uses for this schema."""
