"""What customers used of clauses: limits per period, counted items and budgets."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.store.database.models.columns import Id, Instant, TextKey


class ClauseUseRow(Model):
    """A use of a clause by a customer, for limits per period.

    birthday_year is the year of the birthday that a birthday clause was used for. A late event or a refund may
    change these counters, so rows may be removed.
    """

    program_id = Id()
    id = Id(primary_key=True)
    customer_id = Id()
    clause = fields.TextField()
    occurred_at = Instant()
    birthday_year = fields.BigIntField(null=True)

    class Meta:
        """Its table."""

        table = "clause_uses"


class ClauseItemsRow(Model):
    """Items that a customer bought under a clause that counts them (every nth item). Rows may be removed."""

    program_id = Id()
    id = Id(primary_key=True)
    customer_id = Id()
    clause = fields.TextField()
    items = fields.BigIntField()
    occurred_at = Instant()

    class Meta:
        """Its table."""

        table = "clause_items"


class ClauseBudgetRow(Model):
    """What was granted of the budget of a clause to all customers together."""

    program_id = Id()
    clause = TextKey(primary_key=True)
    spent = fields.BigIntField()

    class Meta:
        """Its table."""

        table = "clause_budgets"


class BudgetShareRow(Model):
    """What a purchase adds to its customer's own share of the budget of a clause, or takes from it (below 0):
    points of a budget that came back are granted to the same customer first.
    """

    program_id = Id()
    purchase_id = Id(primary_key=True)
    clause = fields.TextField()
    customer_id = Id()
    points = fields.BigIntField()

    class Meta:
        """Its table."""

        table = "budget_shares"
