"""The GraphQL schema, put together."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig

from app.api.customers import Customer
from app.api.ledgers import LedgerEntry
from app.api.previews import ImpactPreview
from app.api.programs import Program
from app.api.reading import Query
from app.api.receipts import Purchase, Redemption
from app.api.rewards import Reward
from app.api.scalars import SCALARS
from app.api.terms import Terms
from app.api.user_errors import TechnicalRefusal
from app.api.writing import Mutation

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=[Customer, ImpactPreview, LedgerEntry, Program, Purchase, Redemption, Reward, TechnicalRefusal, Terms],
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
)
