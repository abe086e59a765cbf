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
        """The table of the model."""

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
        """The table of the model."""

        table = "clause_items"


class ClauseBudgetRow(Model):
    """The budget of a clause.

    `points_used`: what all customers together have used of it, in points. The key of the table is the program and the clause.
    """

    program_id = Id()
    clause = TextKey(primary_key=True)
    points_used = fields.BigIntField()

    class Meta:
        """The table of the model."""

        table = "clause_budgets"


class BudgetShareChangeRow(Model):
    """A purchase's change of its customer's own share of the budget of a clause.

    Points of a budget that came back are granted to the same customer first: the sum of the rows is the share.

    `points`: what the purchase adds to the share; below 0: what it takes from it. The ORM knows keys of one column: the
    key of the table is the program, purchase, clause and customer.
    """

    program_id = Id()
    purchase_id = Id(primary_key=True)
    clause = fields.TextField()
    customer_id = Id()
    points = fields.BigIntField()

    class Meta:
        """The table of the model."""

        table = "budget_shares"
