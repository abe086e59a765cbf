"""Ledger entries as the API shows them, in pages, with the purchases and redemptions that they belong to."""

from __future__ import annotations

from datetime import datetime

import strawberry
from strawberry.types.lazy_type import LazyType

from app.api.conventions.arguments import After, Before, First, Last
from app.api.conventions.context import Context, Info
from app.api.conventions.ids import encode
from app.api.conventions.money import PointUnit, unit_of
from app.api.conventions.node import Node
from app.api.conventions.pagination import PageInfo, PageWindow, encode_cursor, page_window
from app.api.types.decisions.decision import Decision, decision_object
from app.api.types.ledger.correction import CorrectionCause, Lot, cause_of, stated_reason_of
from app.api.types.ledger.entry_visibility import counterparties_of, may_see_decision, may_see_subject
from app.api.types.programs.actor import Actor
from app.api.types.purchases.purchase import Purchase
from app.api.types.rewards.redemption import Redemption
from app.domain.access import Permission
from app.domain.ledger.entries import EntryType, Movement, StoredEntry
from app.domain.terms import version as rules
from app.domain.units import Unit
from app.queries.ledger import counterparties, entries


@strawberry.type(description="Points put into or taken from one lot.")
class LotMovement:
    """A lot, which holds points that were earned together, and a change of its points."""

    lot: strawberry.ID = strawberry.field(description="Opaque id of the lot.")
    points: int = strawberry.field(description="Positive into the lot, negative out of it.")


@strawberry.type(description="One movement of points; it never changes. Seen by whoever sees the customer.")
class LedgerEntry(Node):
    """An entry with the decision behind it."""

    stored_entry: strawberry.Private[StoredEntry]
    deciding_terms: strawberry.Private[rules.Terms | None]
    id: strawberry.ID = strawberry.field(description="Opaque id.")
    type: EntryType = strawberry.field(description="The kind of movement.")
    points: int = strawberry.field(description="Whole points or stamps: positive to the customer, negative from them.")
    unit: PointUnit = strawberry.field(description="The unit.")
    occurred_at: datetime = strawberry.field(description="Business time.")
    recorded_at: datetime = strawberry.field(
        description="Server time; in a sandbox what the clock of the program showed."
    )

    @classmethod
    def of(cls, stored_entry: StoredEntry, *, deciding_terms: rules.Terms | None, context: Context) -> LedgerEntry:
        """The GraphQL object for a stored entry."""
        entry = stored_entry.entry
        return cls(
            stored_entry=stored_entry,
            deciding_terms=deciding_terms,
            id=strawberry.ID(encode("LedgerEntry", entry.id)),
            type=entry.type,
            points=entry.points,
            unit=unit_of(context, Unit(entry.unit)),
            occurred_at=entry.occurred_at,
            recorded_at=entry.recorded_at,
        )

    @strawberry.field(
        description="The decision as it was made; null to a customer for what another customer of the shared wallet did, and for what was decided before a purchase was moved to them."
    )
    async def decision(self, info: Info) -> Decision | None:
        """The stored decision."""
        if self.deciding_terms is None:
            raise LookupError("the terms of the decision were not read")
        if not await may_see_decision(self.stored_entry.entry, info=info):
            return None
        decision = entries.decision_of(self.stored_entry.entry)
        # A decision without reasons, which no clause made, is explained by the cause of the entry.
        correction = await cause_of(self.stored_entry.entry, info=info) if not decision.reasons else None
        cause = correction.cause if correction is not None else None
        return decision_object(
            decision, deciding_terms=self.deciding_terms, entry_id=self.stored_entry.entry.id, cause=cause
        )

    @strawberry.field(
        description="The purchase it belongs to; null for a redemption, and to a customer for the purchase of another customer, who shares the wallet or to whom it was moved."
    )
    async def purchase(self, info: Info) -> Purchase | None:
        """The purchase that earned or was refunded, as it is now."""
        if self.stored_entry.entry.purchase_id is None or not await may_see_subject(self.stored_entry.entry, info=info):
            return None
        purchase = await info.context.load_heavy(entries.purchases_by_id, self.stored_entry.entry.purchase_id)
        return Purchase.of(purchase) if purchase is not None else None

    @strawberry.field(
        description="The redemption it belongs to; null for anything else, and to a customer for the redemption of another customer of the shared wallet."
    )
    async def redemption(self, info: Info) -> Redemption | None:
        """The redemption as it is now."""
        if self.stored_entry.entry.redemption_id is None or not await may_see_subject(
            self.stored_entry.entry, info=info
        ):
            return None
        redemption = await info.context.load(entries.redemptions_by_id, self.stored_entry.entry.redemption_id)
        return Redemption.of(redemption) if redemption is not None else None

    @strawberry.field(
        description="Whether it corrects what was booked before, because an earlier event became known later, or a receipt was corrected."
    )
    def correction(self) -> bool:
        """Whether the entry has a cause."""
        return self.stored_entry.entry.cause is not None

    @strawberry.field(
        description="The late event or the receipt correction that made this entry necessary; null where the entry is no correction."
    )
    async def cause(self, info: Info) -> CorrectionCause | None:
        """The late event or correction."""
        return await cause_of(self.stored_entry.entry, info=info)

    @strawberry.field(
        description="The reason given for it. Everybody who sees the customer can read the reasons of adjustments and cancelled redemptions; only owner and staff those of transfers, merges and receipt corrections. Null where none was given."
    )
    async def reason(self, info: Info) -> str | None:
        """The reason as it was entered."""
        visible_to_all = self.type in (EntryType.ADJUST, EntryType.REVERSAL)
        if not visible_to_all and not info.context.principal.may(Permission.ADJUST_POINTS):
            return None
        stated_reason = await stated_reason_of(self.stored_entry.entry, info=info)
        return stated_reason.reason if stated_reason is not None else None

    @strawberry.field(
        description="The access key with which staff moved the points or corrected the receipt; null if staff did neither, or did it with the `troth` command. For the owner, null to others."
    )
    async def actor(self, info: Info) -> Actor | None:
        """The access key, by its id."""
        if not info.context.principal.may(Permission.READ_ACTORS):
            return None
        stated_reason = await stated_reason_of(self.stored_entry.entry, info=info)
        return Actor.of(stated_reason.actor) if stated_reason is not None and stated_reason.actor is not None else None

    @strawberry.field(description="The lots that it opened, as they were then; most entries open one or none.")
    def opened_lots(self) -> list[Lot]:
        """The lots with their points and dates."""
        return [Lot.of(lot) for lot in self.stored_entry.entry.new_lots]

    @strawberry.field(
        description="For a TRANSFER or MERGE, the customers on the other side whom the caller may see: usually one; for a household, all who share the wallet. For a merged customer, the surviving customer is returned. Empty for anything else.",
        graphql_type=list[LazyType("Customer", "app.api.types.customers.customer")],  # type: ignore[misc]  # customers have ledgers, so ledgers cannot import them
    )
    async def counterparties(self, info: Info) -> list[Node]:
        """The customers as they are now."""
        return await counterparties_of(self.stored_entry.entry, info=info)

    @strawberry.field(
        description="For a MERGE that brought points along, the ledger of the account that they came from, newest entry first, each entry as it was booked there; null for anything else, and for callers who may not see that customer. `first` or `last`: 1 to 100, default 20."
    )
    async def merged_ledger(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> LedgerEntryConnection | None:
        """A page of the merged account's ledger."""
        window = page_window(first=first, after=after, last=last, before=before)
        if self.type is not EntryType.MERGE:
            return None
        merged_account = await info.context.load(counterparties.merged_accounts, self.stored_entry.entry.id)
        if merged_account is None or not info.context.principal.may_see_any_of(merged_account.holders):
            return None
        return await ledger_connection(merged_account.account_id, window=window, context=info.context)

    @strawberry.field(description="The lots that it added points to or took points from.")
    def lots(self) -> list[LotMovement]:
        """The movements in the order in which they were made."""
        return [_lot_movement(movement) for movement in self.stored_entry.entry.movements]


@strawberry.type(description="A ledger entry with its cursor.")
class LedgerEntryEdge:
    """An edge of the connection."""

    cursor: str = strawberry.field(description="Opaque cursor, for `after` and `before`.")
    node: LedgerEntry = strawberry.field(description="The entry.")


@strawberry.type(description="A page of a ledger, newest entry first.")
class LedgerEntryConnection:
    """A connection."""

    nodes: list[LedgerEntry] = strawberry.field(description="The entries alone.")
    page_info: PageInfo = strawberry.field(description="Whether there are more pages before and after.")

    @strawberry.field(description="The entries with their cursors.")
    def edges(self) -> list[LedgerEntryEdge]:
        """Each entry with its cursor."""
        return [LedgerEntryEdge(cursor=encode_cursor(node.stored_entry.entry.number), node=node) for node in self.nodes]


async def ledger_connection(account_id: str | None, *, window: PageWindow, context: Context) -> LedgerEntryConnection:
    """A page of the ledger of an account that the caller may see; an empty page without an account."""
    if account_id is None:
        return LedgerEntryConnection(
            nodes=[],
            page_info=PageInfo(has_next_page=False, has_previous_page=False, start_cursor=None, end_cursor=None),
        )
    page = await context.query(
        entries.ledger_page,
        account_id=account_id,
        window=entries.Window(size=window.size, after=window.after, before=window.before, from_end=window.from_end),
        with_lots=not context.reachable_fields.isdisjoint({"LedgerEntry.lots", "LedgerEntry.openedLots"}),
        with_decisions="LedgerEntry.decision" in context.reachable_fields,
    )
    nodes = [
        LedgerEntry.of(
            entry,
            deciding_terms=page.terms.get(entries.deciding_version(entry.entry)) if page.terms else None,
            context=context,
        )
        for entry in page.entries
    ]
    return LedgerEntryConnection(
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=page.more_after,
            has_previous_page=page.more_before,
            start_cursor=encode_cursor(page.entries[0].entry.number) if page.entries else None,
            end_cursor=encode_cursor(page.entries[-1].entry.number) if page.entries else None,
        ),
    )


def _lot_movement(movement: Movement) -> LotMovement:
    return LotMovement(lot=strawberry.ID(encode("Lot", movement.lot_id)), points=movement.points)
