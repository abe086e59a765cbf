"""What customers used of clauses: limits per period, counted items and budgets."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.store.database.models.columns import Id, Instant, TextKey


class ClauseUseRow(Model):
    """A use of a clause by a customer, for limits per period.

    `birthday_year` is the year of the birthday that the use was for, if it was for one. A late event or a refund may change
    these counters, so rows may be removed.
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

    `points_used`: the points that all customers together have used of it. The key of the table is the program and the clause.
    """

    program_id = Id()
    clause = TextKey(primary_key=True)
    points_used = fields.BigIntField()

    class Meta:
        """The table of the model."""

        table = "clause_budgets"


class BudgetShareChangeRow(Model):
    """What a purchase adds to its customer's own share of the budget of a clause: points of the budget that came back.

    Only this customer can get them again. The share is the sum of the rows.

    `points`: what the purchase adds to the share; below 0: what it uses of the share. The ORM has keys of one column only;
    the key of the table is the program, the purchase, the clause and the customer.
    """

    program_id = Id()
    purchase_id = Id(primary_key=True)
    clause = fields.TextField()
    customer_id = Id()
    points = fields.BigIntField()

    class Meta:
        """The table of the model."""

        table = "budget_shares"
