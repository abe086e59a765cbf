"""The GraphQL schema, put together."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig

from app.api.conventions.scalars import SCALARS
from app.api.conventions.user_errors import ReceiptRefusal, TechnicalRefusal
from app.api.customers.customers import Customer
from app.api.drafting.previews import ImpactPreview
from app.api.program.programs import Program
from app.api.program.rewards import Reward
from app.api.program.terms import Terms
from app.api.reading import Query
from app.api.wallets.ledgers import LedgerEntry
from app.api.wallets.receipts import Purchase, Redemption
from app.api.writing import Mutation

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
        ReceiptRefusal,
        TechnicalRefusal,
        Terms,
    ],
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
)
