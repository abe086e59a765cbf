"""The costs of the schema's fields: usual lengths of lists, and fields that cost more than the objects that they show.

Lengths are usual ones, not the greatest: an operation that reads far longer lists is stopped while it runs
(`app/graphql_server/limits/time_budget.py`). Scalars and lists of scalars cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.api.conventions.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from app.graphql_server.limits.cost_analysis import FieldCosts

COUNTED_WITH_PAGE = 1
"""The size of a list inside a connection: its length is counted as the size of the page."""

WHOLE_LEDGER_COST = 1_000
"""The cost of adding up all entries of a program: it allows one call a second."""

CLAUSES = 30
"""The usual number of clauses in a program's terms."""

REPLAY_COST = 10
"""The cost of replaying a wallet's history from its first purchase."""

LIST_SIZES: Mapping[str, int] = {
    "AccessKeyConnection.edges": COUNTED_WITH_PAGE,
    "AccessKeyConnection.nodes": COUNTED_WITH_PAGE,
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
    "LedgerEntryConnection.edges": COUNTED_WITH_PAGE,
    "LedgerEntryConnection.nodes": COUNTED_WITH_PAGE,
    "Liability.units": 1,
    "LinePoints.points": 1,
    "LocationConnection.edges": COUNTED_WITH_PAGE,
    "LocationConnection.nodes": COUNTED_WITH_PAGE,
    "Purchase.lines": 20,
    "Query.pendingRefunds": 3,
    "QuarantinedReceiptConnection.edges": COUNTED_WITH_PAGE,
    "QuarantinedReceiptConnection.nodes": COUNTED_WITH_PAGE,
    "Reason.remedies": 1,
    "RedemptionConnection.edges": COUNTED_WITH_PAGE,
    "RedemptionConnection.nodes": COUNTED_WITH_PAGE,
    "ReceiptError.purchases": 3,
    "ReceiptError.redemptions": 3,
    "RefundPreview.balances": 1,
    "Remedy.locations": 3,
    "RewardOfferConnection.edges": COUNTED_WITH_PAGE,
    "RewardOfferConnection.nodes": COUNTED_WITH_PAGE,
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
"""Usual sizes of lists, by `Type.field`. A list that is not here counts as the largest page."""

PAYLOAD_LIST_SIZES: Mapping[str, int] = {"balances": 1, "userErrors": 1}
"""Usual sizes of lists that many payloads have."""

FIELD_COSTS: Mapping[str, int] = {
    "Query.rewards": CLAUSES,
    "Query.liability": WHOLE_LEDGER_COST,
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
"""The cost of a field in addition to the objects that it shows, such as for deciding on every reward."""

ARGUMENT_LISTS: Mapping[str, tuple[str, ...]] = {
    "Query.basketCheck": ("basket", "lines"),
    "Query.rewards": ("basket", "lines"),
    "Query.termsCheck": ("clauses",),
}
"""The paths to lists inside arguments, each item of which every clause evaluates."""

ARGUMENT_ITEM_COST = 2
"""The cost of each item of these lists."""


def list_size(field_name: str) -> int | None:
    """The usual size of a list; None where none is declared."""
    return LIST_SIZES.get(field_name, PAYLOAD_LIST_SIZES.get(field_name.partition(".")[2]))


COSTS = FieldCosts(
    extra_costs=FIELD_COSTS,
    list_size=list_size,
    argument_lists=ARGUMENT_LISTS,
    argument_item_cost=ARGUMENT_ITEM_COST,
    default_page=DEFAULT_PAGE_SIZE,
    max_page=MAX_PAGE_SIZE,
)
"""The costs that the GraphQL server uses for this schema."""
