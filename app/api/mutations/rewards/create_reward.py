"""createReward: an article is put into the catalogue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.payloads import Payload, canonical_json
from app.api.types.rewards.reward import Reward, load_reward
from app.domain.access import Permission
from app.domain.amounts import AmountError, Money
from app.domain.names import NameProblem, normalised_identifier, normalised_name
from app.domain.problems import Problem, ProblemCode
from app.usecases.command import Answer
from app.usecases.rewards import create_reward
from app.usecases.rewards.create_reward import CreateReward

_KEY = re.compile(r"[a-z0-9-]{1,40}")
MOST_VARIANTS = 50

_PICTURE = re.compile(r"https://[^\s\"<>]{1,500}")


@strawberry.input(description="A reward to put into the catalogue. Its cost is a clause of the terms.")
class CreateRewardInput:
    """Exactly what the customer gets."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    key: str = strawberry.field(description="Your name for it, a-z, 0-9 and dashes, 1 to 40; the terms use it.")
    name: str = strawberry.field(
        description="What it is called, 1 to 200 characters, none of them invisible, no quotation marks such as “ ”; "
        "terms print it."
    )
    description: str = strawberry.field(
        description="Exactly what the customer gets, 1 to 2,000 characters; of those that are invisible only line breaks."
    )
    picture_url: str | None = strawberry.field(default=None, description="A picture, https.")
    retail_value: Decimal | None = strawberry.field(
        default=None, description="In the program's currency, not negative."
    )
    stock: int | None = strawberry.field(default=None, description="How many there are, from 0; null: without limit.")
    article: str | None = strawberry.field(
        default=None, description="The stock code of what is given, 1 to 200 characters."
    )
    variants: list[str] | None = strawberry.field(
        default=None,
        description=f"What there is to choose from, such as sizes or colours: at most {MOST_VARIANTS}, each 1 to 100 characters.",
    )
    cash_part: Decimal | None = strawberry.field(
        default=None,
        description="What has to be paid besides, in the program's currency, above 0. The clause that prices it states the same.",
    )


@strawberry.type(description="What creating a reward came to.")
class CreateRewardPayload(Payload):
    """The new reward."""

    answer: strawberry.Private[Answer | None] = None

    @strawberry.field(description="The reward, as it is now.")
    async def reward(self, info: Info) -> Reward | None:
        """Read again."""
        return await load_reward(self.answer, context=info.context)


async def resolve(
    info: Info,
    input: Annotated[CreateRewardInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> CreateRewardPayload | None:
    """Put a reward into the catalogue."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        create_reward.run,
        name="createReward",
        permission=Permission.MANAGE_REWARDS,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_order(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return CreateRewardPayload(problem=outcome)
    return CreateRewardPayload(answer=outcome)


def _order(sent: CreateRewardInput, *, context: Context) -> CreateReward | Problem:
    def wrong(field: str, detail: str) -> Problem:
        return Problem(ProblemCode.INVALID_INPUT, path=(field,), detail=detail)

    if not _KEY.fullmatch(sent.key):
        return wrong("key", "a-z, 0-9 and dashes, 1 to 40 characters")
    try:
        name = normalised_name(sent.name, quoted=True)
    except NameProblem as problem:
        return wrong("name", str(problem))
    try:
        description = normalised_name(sent.description, most=2000, paragraphs=True)
    except NameProblem as problem:
        return wrong("description", str(problem))
    if sent.picture_url is not None and not _PICTURE.fullmatch(sent.picture_url):
        return wrong("pictureUrl", "an https address of at most 500 characters")
    if sent.stock is not None and sent.stock < 0:
        return wrong("stock", "not negative")
    try:
        article = None if sent.article is None else normalised_name(normalised_identifier(sent.article))
    except NameProblem as problem:
        return wrong("article", str(problem))
    try:
        variants = _variants(sent.variants or ())
    except NameProblem as problem:
        return wrong("variants", str(problem))
    try:
        value = _amount(sent.retail_value, least=0, context=context)
    except AmountError as error:
        return wrong("retailValue", str(error))
    try:
        cash_part = _amount(sent.cash_part, least=1, context=context)
    except AmountError as error:
        return wrong("cashPart", str(error))
    return CreateReward(
        key=sent.key,
        name=name,
        description=description,
        picture_url=sent.picture_url,
        retail_value=value,
        stock=sent.stock,
        article=article,
        variants=variants,
        cash_part=cash_part,
    )


def _variants(sent: Sequence[str]) -> tuple[str, ...]:
    """What there is to choose from. Raises NameProblem."""
    if len(sent) > MOST_VARIANTS:
        raise NameProblem(f"at most {MOST_VARIANTS}")
    names = tuple(normalised_name(text, most=100) for text in sent)
    if len(set(names)) < len(names):
        raise NameProblem("each once")
    return names


def _amount(sent: Decimal | None, *, least: int, context: Context) -> Money | None:
    """An amount in the program's currency, of at least so many minor units. Raises AmountError."""
    if sent is None:
        return None
    amount = Money.of(sent, context.program.currency)
    if amount.minor < least:
        raise AmountError("not negative" if least == 0 else "above 0")
    return amount
