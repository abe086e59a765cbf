"""createReward: a reward is added to the catalogue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Self

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.mutations.payload_objects import WithReward
from app.domain.access import Permission
from app.domain.amounts import AmountError, Money
from app.domain.details import Detail, detail_of, key_detail
from app.domain.names import InvalidNameError, normalised_identifier, normalised_name
from app.domain.problems import Problem, ProblemCode
from app.usecases.rewards import create_reward
from app.usecases.rewards.create_reward import CreateReward, CreateRewardResult

_KEY = re.compile(r"[a-z0-9-]{1,40}")
MAX_VARIANTS = 50

_PICTURE_URL = re.compile(r"https://[^\s\"<>]{1,500}")


@strawberry.input(description="A reward to put into the catalogue. Its cost is a clause of the terms.")
class CreateRewardInput(CommandInput):
    """The reward to add: its names, picture, stock and cash part."""

    key: str = strawberry.field(description="Your name for it, a-z, 0-9 and dashes, 1 to 40; the terms use it.")
    name: str = strawberry.field(
        description="What it is called, 1 to 200 characters, none of them invisible, no quotation marks such as “ ”; "
        "the terms name the reward by it."
    )
    description: str = strawberry.field(
        description="Exactly what the customer gets, 1 to 2,000 characters; line breaks are allowed, other invisible characters are not."
    )
    picture_url: str | None = strawberry.field(default=None, description="A picture, https.")
    retail_value: Decimal | None = strawberry.field(
        default=None, description="What it would cost in the shop, in the program's currency, not negative."
    )
    stock: int | None = strawberry.field(default=None, description="How many there are, from 0; null: without limit.")
    article: str | None = strawberry.field(
        default=None, description="The stock code of what is given, 1 to 200 characters."
    )
    variants: list[str] | None = strawberry.field(
        default=None,
        description=f"What the customer can choose from, such as sizes or colours: at most {MAX_VARIANTS}, each 1 to 100 characters.",
    )
    cash_part: Decimal | None = strawberry.field(
        default=None,
        description="The cash to pay in addition to points, in the program's currency, above 0. The clause that prices the reward must state the same.",
    )


@strawberry.type(description="Result of `createReward`.")
class CreateRewardPayload(WithReward[CreateRewardResult]):
    """The new reward."""

    @classmethod
    async def of(cls, result: CreateRewardResult, *, command: Any, context: Context) -> Self:
        """The payload of a command that was carried out."""
        return cls(result=result)


async def resolve(
    info: Info,
    input: Annotated[CreateRewardInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> CreateRewardPayload | None:
    """Add a reward to the catalogue, under a key that is new in the program."""
    return await mutate(
        CreateRewardPayload,
        create_reward.run,
        _command(input, context=info.context),
        permission=Permission.MANAGE_REWARDS,
        input=input,
        info=info,
    )


def _command(input: CreateRewardInput, *, context: Context) -> CreateReward | Problem:
    def invalid(field: str, field_detail: Detail) -> Problem:
        return Problem(ProblemCode.INVALID_INPUT, path=(field,), detail=field_detail)

    if not _KEY.fullmatch(input.key):
        return invalid("key", key_detail())
    try:
        name = normalised_name(input.name, rejects_quotation_marks=True)
    except InvalidNameError as error:
        return invalid("name", error.detail)
    try:
        description = normalised_name(input.description, max_length=2000, allows_line_breaks=True)
    except InvalidNameError as error:
        return invalid("description", error.detail)
    if input.picture_url is not None and not _PICTURE_URL.fullmatch(input.picture_url):
        return invalid("pictureUrl", detail_of("PICTURE", most=500))
    if input.stock is not None and input.stock < 0:
        return invalid("stock", detail_of("NOT_NEGATIVE"))
    try:
        article = None if input.article is None else normalised_name(normalised_identifier(input.article))
    except InvalidNameError as error:
        return invalid("article", error.detail)
    try:
        variants = _variants(input.variants or ())
    except InvalidNameError as error:
        return invalid("variants", error.detail)
    try:
        retail_value = _amount(input.retail_value, minimum=0, context=context)
    except AmountError as error:
        return invalid("retailValue", error.detail)
    try:
        cash_part = _amount(input.cash_part, minimum=1, context=context)
    except AmountError as error:
        return invalid("cashPart", error.detail)
    return CreateReward(
        key=input.key,
        name=name,
        description=description,
        picture_url=input.picture_url,
        retail_value=retail_value,
        stock=input.stock,
        article=article,
        variants=variants,
        cash_part=cash_part,
    )


def _variants(names: Sequence[str]) -> tuple[str, ...]:
    """The variants in normal form. Raises InvalidNameError."""
    if len(names) > MAX_VARIANTS:
        raise InvalidNameError(detail_of("COUNT_MOST", most=MAX_VARIANTS))
    variants = tuple(normalised_name(name, max_length=100) for name in names)
    if len(set(variants)) < len(variants):
        raise InvalidNameError(detail_of("REPEATED"))
    return variants


def _amount(value: Decimal | None, *, minimum: int, context: Context) -> Money | None:
    """An amount in the program's currency of at least `minimum` minor units. Raises AmountError."""
    if value is None:
        return None
    amount = Money.of(value, context.program.currency)
    if amount.minor < minimum:
        raise AmountError(detail_of("NOT_NEGATIVE" if minimum == 0 else "ABOVE_ZERO"))
    return amount
