"""graphql-core's executor, with compiled functions for most selections (`app/graphql_server/execution/compiled_selections.py`).

After each field that is not compiled, and at intervals in a long list, it checks the operation's time budget: then it
yields to other requests, or stops (`app/graphql_server/limits/time_budget.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias, TypeGuard

import orjson
from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    default_field_resolver,
    default_type_resolver,
    get_nullable_type,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, FragmentDetails, GroupedFieldSet
from graphql.execution.executor import Executor
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, is_awaitable

from app.graphql_server.execution.compiled_selections import (
    MAX_INLINE_ITEMS,
    CompiledField,
    compile_field,
    compile_object,
)
from app.graphql_server.limits.time_budget import TimeBudget

Collected: TypeAlias = dict[tuple[object, ...], CollectedFields]
"""The fields selected of an object, by its type and the identities of the nodes that select them."""

Compiled: TypeAlias = dict[tuple[str, int], tuple[object, CompiledField | None]]
"""Compiled objects and fields, by type and by the identity of the selection, which is kept with them."""

_NEVER_AWAITED = frozenset({str, int, bool, type(None), list, dict})


def must_be_awaited(value: Any) -> TypeGuard[Awaitable[Any]]:
    """Whether a resolver's result must be awaited."""
    return type(value) not in _NEVER_AWAITED and is_awaitable(value)


class CompiledExecutor(Executor[Any]):
    """Uses the compiled function of a selection where there is one."""

    collected: Collected | None
    compiled: Compiled
    time_budget: TimeBudget

    @classmethod
    def of(
        cls,
        operation: OperationDefinitionNode,
        *,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDetails],
        variables: VariableValues,
        collected: Collected | None,
        compiled: Compiled | None,
        context: Any,
        time_budget: TimeBudget,
    ) -> CompiledExecutor:
        """The executor of one request, without the preparation that `Executor.build` repeats for each request."""
        executor = cls(
            schema,
            {name: details.definition for name, details in fragments.items()},
            dict(fragments),
            None,
            context,
            operation,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=must_be_awaited,
            hide_suggestions=True,
        )
        executor.collected = collected
        executor.compiled = compiled if compiled is not None else {}
        executor.time_budget = time_budget
        return executor

    async def with_abort_signal(self, awaitable: Awaitable[Any]) -> Any:
        """Await the result of a resolver; the time until then does not count as work."""
        found = await awaitable
        self.time_budget.resume()
        return found

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields:
        """The fields selected of an object, collected once for all requests of a document where that is possible."""
        if self.collected is None:
            return super().collect_subfields(return_type, field_details_list)
        key = (return_type.name, *[id(field.node) for field in field_details_list])
        found = self.collected.get(key)
        if found is None:
            found = self.collected[key] = super().collect_subfields(return_type, field_details_list)
        return found

    def compiled_object(self, type_: GraphQLObjectType, details: FieldDetailsList) -> CompiledField | None:
        """The compiled form of the object that a field selects; None where it cannot be compiled."""
        return self._compiled(type_, self.collect_subfields(type_, details).grouped_field_set)

    def _compiled(self, type_: GraphQLObjectType, selected: GroupedFieldSet) -> CompiledField | None:
        key = (type_.name, id(selected))
        if key not in self.compiled:
            # The selection is kept with the entry: an identity is valid as long as its object lives.
            self.compiled[key] = selected, compile_object(type_, selected, executor=self)
        return self.compiled[key][1]

    def _compiled_field(self, parent: GraphQLObjectType, name: Any, details: FieldDetailsList) -> CompiledField | None:
        key = (parent.name, id(details))
        if key not in self.compiled:
            self.compiled[key] = details, compile_field(parent, name, details, executor=self)
        return self.compiled[key][1]

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Any,
        grouped_field_set: Any,
        position_context: Any,
    ) -> Any:
        """The fields of an object."""
        # The fields of the root are collected for each request, so their identity is no key.
        compiled = self._compiled(parent_type, grouped_field_set) if path is not None else None
        if compiled is not None and (compiled.flat or not self.time_budget.should_yield):
            with suppress(Exception):  # graphql-core fails in the same way, and reports it to the client and the log
                return compiled.serialize(source_value, path, self)
        return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)

    def complete_iterable_value(
        self, item_type: Any, field_details_list: Any, info: Any, path: Path, items: Any, position_context: Any
    ) -> Any:
        """The items of a list; a selection of scalars only is serialized without graphql-core."""
        if self.time_budget.should_yield:
            return self._after_yielding(
                self.complete_iterable_value, item_type, field_details_list, info, path, items, position_context
            )
        if not isinstance(items, list):
            return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)
        inner = get_nullable_type(item_type)
        if inner is item_type and len(items) > 1:
            return self._complete_distinct(item_type, field_details_list, info, path, items, position_context)
        compiled = None
        if isinstance(inner, GraphQLObjectType):
            compiled = self._compiled(inner, self.collect_subfields(inner, field_details_list).grouped_field_set)
        if compiled is not None and compiled.flat:
            with suppress(Exception):  # graphql-core fails in the same way, and reports it to the client and the log
                return self._show_flat(items, compiled)
            self.time_budget.check()
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    async def _after_yielding(self, go_on: Callable[..., Any], *arguments: Any) -> Any:
        """Continue after other requests have had a turn."""
        await self.time_budget.yield_to_others()
        self.time_budget.check()
        completed = go_on(*arguments)
        return await completed if must_be_awaited(completed) else completed

    def _complete_distinct(
        self, item_type: Any, field_details_list: Any, info: Any, path: Path, items: list[Any], position_context: Any
    ) -> Any:
        """The items of a list that may contain null; a repeated item is completed once and shown at each of its places."""
        first: dict[int, int] = {}
        places = [first.setdefault(id(item), place) for place, item in enumerate(items)]
        once = [item if places[place] == place else None for place, item in enumerate(items)]
        completed = super().complete_iterable_value(item_type, field_details_list, info, path, once, position_context)
        if isinstance(completed, list):
            return self._repeated(completed, places)

        async def later() -> list[Any]:
            return self._repeated(await completed, places)

        return later()

    def _repeated(self, once: list[Any], places: list[int]) -> list[Any]:
        again = Counter(place for number, place in enumerate(places) if place != number)
        for place, times in again.items():
            if self.time_budget.exhausted:
                break
            self.time_budget.count_repeated_bytes(times * len(orjson.dumps(once[place])))
        return [once[place] for place in places]

    def _show_flat(self, items: list[Any], compiled: CompiledField) -> list[Any]:
        """The selected scalars of each object of a list."""
        shown = []
        for number, item in enumerate(items, start=1):
            shown.append(compiled.serialize(item, None, self))
            if number % MAX_INLINE_ITEMS == 0:
                self.time_budget.tick()
                self.time_budget.check()
        return shown

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> Any:
        """The value of a field."""
        time_budget = self.time_budget
        # The fields of the root are collected for each request, so their identity is no key.
        compiled = self._compiled_field(parent_type, path.key, field_details_list) if path.prev is not None else None
        if compiled is not None and (compiled.flat or not time_budget.should_yield):
            with suppress(Exception):  # graphql-core fails in the same way, and reports it to the client and the log
                return compiled.serialize(source, path.prev, self)
        if time_budget.should_yield:
            time_budget.check()
            return self._after_yielding(
                self.execute_field, parent_type, source, field_details_list, path, position_context
            )
        completed = super().execute_field(parent_type, source, field_details_list, path, position_context)
        time_budget.tick()
        return completed
