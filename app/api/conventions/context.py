"""What a resolver can reach: who asks, in which language, at what time, and the desk that does the work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

import strawberry
from graphql import GraphQLError
from strawberry.dataloader import DataLoader

from app.domain.access import Permission, Principal
from app.domain.i18n import Address, Phrasebook, wording_for
from app.domain.terms.version import Terms
from app.queries.programs.authentication import SignedIn
from app.queries.programs.programs import one_program
from app.queries.records import Program
from app.queries.terms.published_terms import terms_version
from app.usecases.application import Application

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Asked(NamedTuple):
    """A question, and who waits for its answer."""

    question: Callable[[Any], Awaitable[Any]]
    answer: asyncio.Future[Any]
    dear: bool


@dataclass(slots=True)
class Context:
    """One operation. Made anew for each, so that nothing it has read outlives it."""

    application: Application
    signed_in: SignedIn | None
    language: Phrasebook
    needed: frozenset[str] = frozenset()
    loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)
    spoken: dict[str | int, Phrasebook] = field(default_factory=dict)
    nodes_asked: int = 0
    _now: datetime | None = None
    _waiting: list[_Asked] = field(default_factory=list)
    _reading: asyncio.Task[None] | None = None

    @property
    def program(self) -> Program:
        """The program that the key opens. Raises UNAUTHENTICATED without a key."""
        return self._holder().program

    @property
    def principal(self) -> Principal:
        """The holder of the key. Raises UNAUTHENTICATED without a key."""
        return self._holder().principal

    @property
    def now(self) -> datetime:
        """The program's time, the same throughout the operation. Raises UNAUTHENTICATED without a key."""
        if self._now is None:
            self._now = self.application.now(self.program)
        return self._now

    def wording_for(self, tags: str | None) -> Phrasebook:
        """The words for a BCP 47 tag or an Accept-Language header, as they are written where the program is."""
        if self.signed_in is None:
            return wording_for(tags, region=None, address=Address.FORMAL)
        program = self.signed_in.program
        return wording_for(tags, region=program.region, address=program.address)

    async def reread_program(self) -> None:
        """Let the rest of the operation go by the program's clock and settings as they are now, after they were changed."""
        holder = self._holder()
        program = await self.query(one_program)
        assert program is not None, "a program is never deleted"
        self.signed_in, self._now = replace(holder, program=program), None

    def require(self, permission: Permission) -> None:
        """Raise UNAUTHENTICATED without a key and FORBIDDEN when its role lacks the permission."""
        if not self.principal.may(permission):
            raise GraphQLError(
                f"Keys of the role {self.principal.role.value} may not do this.", extensions={"code": "FORBIDDEN"}
            )

    def _holder(self) -> SignedIn:
        if self.signed_in is None:
            raise GraphQLError(
                "Send an access key: `Authorization: Bearer <key>`.", extensions={"code": "UNAUTHENTICATED"}
            )
        return self.signed_in

    async def query(self, question: Callable[..., Awaitable[V]], **parameters: Any) -> V:
        """Ask one question of the program that the key opens.

        What the resolvers of one turn of the loop ask is read together, on one snapshot.
        """
        return await self._asked(question, parameters, dear=False)

    async def query_heavy(self, question: Callable[..., Awaitable[V]], **parameters: Any) -> V:
        """Ask a question that the rules have to be asked about, or for something large.

        The first one is read with everything else; of further ones each is read alone, and others have their turn before.
        """
        return await self._asked(question, parameters, dear=True)

    async def _asked(self, question: Callable[..., Awaitable[V]], parameters: Mapping[str, Any], *, dear: bool) -> V:
        answer: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            self._reading = asyncio.ensure_future(self._read())
        self._waiting.append(_Asked(partial(question, **parameters), answer, dear))
        return await answer

    async def _read(self) -> None:
        """Read what is waiting."""
        asked, self._waiting = self._waiting, []
        dear = [each_asked for each_asked in asked if each_asked.dear]
        if len(dear) < 2:
            await self._answer(asked)
            return
        await self._answer([each_asked for each_asked in asked if not each_asked.dear or each_asked is dear[0]])
        for item in dear[1:]:
            await asyncio.sleep(0)
            if not item.answer.done():
                await self._answer([item])

    async def _answer(self, asked: Sequence[_Asked]) -> None:
        """Answer every question, with the fault when the read as a whole fails."""
        try:
            answers = await self.application.query_all(
                [other_asked.question for other_asked in asked], program_id=self.program.id
            )
        except (Exception, asyncio.CancelledError) as fault:  # noqa: BLE001 - handed to everybody who waits
            for item in asked:
                if not item.answer.done():
                    item.answer.set_exception(fault)
            return
        for item, found in zip(asked, answers, strict=True):
            if not item.answer.done():
                item.answer.set_result(found)

    async def load(self, question: Callable[..., Awaitable[Sequence[V]]], id: str, **parameters: Hashable) -> V:
        """One of many by id: what one operation asks for together, with the same parameters, is read together."""
        return await self._loaded(partial(question, **parameters), id, of=question, ask=self.query, at_once=100)

    async def load_heavy(self, question: Callable[..., Awaitable[Sequence[V]]], id: str, **parameters: Hashable) -> V:
        """As `load`, for what is large: a few are read together, and others have their turn before the next few."""
        return await self._loaded(partial(question, **parameters), id, of=question, ask=self.query_heavy, at_once=10)

    async def _loaded(
        self, question: partial[Awaitable[Sequence[V]]], id: str, *, of: Hashable, ask: Callable[..., Any], at_once: int
    ) -> V:
        key = (of, *sorted(question.keywords.items()))
        loader = self.loaders.get(key)
        if loader is None:

            async def batch(ids: list[str]) -> Sequence[V]:
                found: Sequence[V] = await ask(question, ids=ids)
                return found

            loader = self.loaders[key] = DataLoader(load_fn=batch, max_batch_size=at_once)
        found: V = await loader.load(id)
        return found

    async def terms(self, number: int) -> Terms:
        """A published version that something stored refers to."""
        published = await self.query(terms_version, number=number)
        if published is None:
            raise LookupError(f"terms version {number} is missing")
        return published.terms


Info = strawberry.Info[Context, None]


def set_locale(info: Info, locale: str | None) -> None:
    """Let everything below this root field be said in the locale of its argument, if one is given."""
    if locale is not None:
        info.context.spoken[info.path.key] = info.context.wording_for(locale)


def translator(info: Info) -> Phrasebook:
    """The words for a field: the locale that its root field was given, else the one of the request."""
    spoken = info.context.spoken
    if not spoken:
        return info.context.language
    step = info.path
    while step.prev is not None:
        step = step.prev
    return spoken.get(step.key, info.context.language)


def said_in(info: Info, locale: str | None) -> Phrasebook:
    """The words for a field that takes a locale itself: that one, else the one of the field above."""
    return translator(info) if locale is None else info.context.wording_for(locale)


def bad_input(message: str) -> GraphQLError:
    """A top-level refusal of an argument that no client should send."""
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})
