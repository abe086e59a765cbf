"""The GraphQL schema of the API, with its queries, its mutations and the types that implement interfaces."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig

from app.api.conventions.scalars import SCALARS
from app.api.conventions.user_errors import ReceiptError, TechnicalError
from app.api.mutation import Mutation
from app.api.query import Query
from app.api.types.customers.customer import Customer
from app.api.types.impact_preview import ImpactPreview
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.programs.program import Program
from app.api.types.purchases.purchase import Purchase
from app.api.types.rewards.redemption import Redemption
from app.api.types.rewards.reward import Reward
from app.api.types.terms.terms import Terms

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=[
        Customer,
        ImpactPreview,
        LedgerEntry,
        Program,
        Purchase,
        Redemption,
        Reward,
        ReceiptError,
        TechnicalError,
        Terms,
    ],
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
)
