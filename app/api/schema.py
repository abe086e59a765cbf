"""The GraphQL schema, put together."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig

from app.api.baskets import BasketInput
from app.api.catalogue import CreateRewardInput
from app.api.customers import Customer, CustomerBy
from app.api.earning import RecordPurchaseInput
from app.api.enrolling import EnrolCustomerInput
from app.api.inputs import build_inputs_directly
from app.api.ledgers import LedgerEntry, Purchase, Redemption
from app.api.payloads import TechnicalRefusal
from app.api.programs import Program
from app.api.publishing import PublishTermsInput
from app.api.reading import Query
from app.api.redeeming import RedeemRewardInput
from app.api.refunding import RecordRefundInput
from app.api.rewards import Reward
from app.api.scalars import SCALARS
from app.api.terms import Terms
from app.api.writing import Mutation

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=[Customer, LedgerEntry, Program, Purchase, Redemption, Reward, TechnicalRefusal, Terms],
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
)

build_inputs_directly(
    schema,
    BasketInput,
    CreateRewardInput,
    CustomerBy,
    EnrolCustomerInput,
    PublishTermsInput,
    RecordPurchaseInput,
    RecordRefundInput,
    RedeemRewardInput,
)
