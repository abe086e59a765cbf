"""graphql-core's executor, with compiled functions for most selections (`app/graphql_server/execution/compiled_selections.py`).

After each field that is not compiled, and at intervals in a long list, it checks the operation's time budget
(`app/graphql_server/limits/time_budget.py`), and yields to other requests or stops if a time is used up.
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

CollectedCache: TypeAlias = dict[tuple[object, ...], CollectedFields]
"""The fields selected of an object, by the object's type and the identities of the nodes that select them."""

CompiledCache: TypeAlias = dict[tuple[str, int], tuple[object, CompiledField | None]]
"""Compiled objects and fields, by type and by the identity of the selection.

The selection itself is stored with them: an identity is valid only as long as its object lives.
"""

_NEVER_AWAITED = frozenset({str, int, bool, type(None), list, dict})


def must_be_awaited(value: Any) -> TypeGuard[Awaitable[Any]]:
    """Whether a resolver's result must be awaited."""
    return type(value) not in _NEVER_AWAITED and is_awaitable(value)


class CompiledExecutor(Executor[Any]):
    """Uses the compiled function of a selection if there is one."""

    collected_cache: CollectedCache | None
    compiled_cache: CompiledCache
    time_budget: TimeBudget

    @classmethod
    def of(
        cls,
        operation: OperationDefinitionNode,
        *,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDetails],
        variables: VariableValues,
        collected_cache: CollectedCache | None,
        compiled_cache: CompiledCache | None,
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
        executor.collected_cache = collected_cache
        executor.compiled_cache = compiled_cache if compiled_cache is not None else {}
        executor.time_budget = time_budget
        return executor

    async def with_abort_signal(self, awaitable: Awaitable[Any]) -> Any:
        """Await the result of a resolver; the time that this takes does not count as work."""
        result = await awaitable
        self.time_budget.resume()
        return result

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields:
        """The fields selected of an object, collected once for all requests with a document if there is a cache for it."""
        if self.collected_cache is None:
            return super().collect_subfields(return_type, field_details_list)
        key = (return_type.name, *[id(field.node) for field in field_details_list])
        collected = self.collected_cache.get(key)
        if collected is None:
            collected = self.collected_cache[key] = super().collect_subfields(return_type, field_details_list)
        return collected

    def compiled_object(self, type_: GraphQLObjectType, details: FieldDetailsList) -> CompiledField | None:
        """The compiled form of the object that a field selects; None if it cannot be compiled."""
        return self._compiled_selections(type_, self.collect_subfields(type_, details).grouped_field_set)

    def _compiled_selections(self, type_: GraphQLObjectType, selections: GroupedFieldSet) -> CompiledField | None:
        key = (type_.name, id(selections))
        if key not in self.compiled_cache:
            self.compiled_cache[key] = selections, compile_object(type_, selections, executor=self)
        return self.compiled_cache[key][1]

    def _compiled_field(self, parent: GraphQLObjectType, name: Any, details: FieldDetailsList) -> CompiledField | None:
        key = (parent.name, id(details))
        if key not in self.compiled_cache:
            self.compiled_cache[key] = details, compile_field(parent, name, details, executor=self)
        return self.compiled_cache[key][1]

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Any,
        grouped_field_set: Any,
        position_context: Any,
    ) -> Any:
        """The fields of an object."""
        # The fields of the root are collected for each request, so the cache cannot find them by their identity.
        compiled = self._compiled_selections(parent_type, grouped_field_set) if path is not None else None
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
        nullable_type = get_nullable_type(item_type)
        if nullable_type is item_type and len(items) > 1:
            return self._complete_distinct(item_type, field_details_list, info, path, items, position_context)
        compiled = None
        if isinstance(nullable_type, GraphQLObjectType):
            compiled = self._compiled_selections(
                nullable_type, self.collect_subfields(nullable_type, field_details_list).grouped_field_set
            )
        if compiled is not None and compiled.flat:
            with suppress(Exception):  # graphql-core fails in the same way, and reports it to the client and the log
                return self._serialize_flat(items, compiled)
            self.time_budget.check()
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    async def _after_yielding(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call the function after other requests have had a turn."""
        await self.time_budget.yield_to_others()
        self.time_budget.check()
        completed = function(*arguments)
        return await completed if must_be_awaited(completed) else completed

    def _complete_distinct(
        self, item_type: Any, field_details_list: Any, info: Any, path: Path, items: list[Any], position_context: Any
    ) -> Any:
        """The items of a list that may contain null. An item that is repeated is completed once and copied to its other places."""
        first_place_by_id: dict[int, int] = {}
        first_places = [first_place_by_id.setdefault(id(item), place) for place, item in enumerate(items)]
        distinct_items = [item if first_places[place] == place else None for place, item in enumerate(items)]
        completed = super().complete_iterable_value(
            item_type, field_details_list, info, path, distinct_items, position_context
        )
        if isinstance(completed, list):
            return self._with_repeated_items(completed, first_places)

        async def complete_later() -> list[Any]:
            return self._with_repeated_items(await completed, first_places)

        return complete_later()

    def _with_repeated_items(self, completed: list[Any], first_places: list[int]) -> list[Any]:
        repetitions = Counter(place for number, place in enumerate(first_places) if place != number)
        for place, times in repetitions.items():
            if self.time_budget.exhausted:
                break
            self.time_budget.count_repeated_bytes(times * len(orjson.dumps(completed[place])))
        return [completed[place] for place in first_places]

    def _serialize_flat(self, items: list[Any], compiled: CompiledField) -> list[Any]:
        """The selected scalars of each object of a list."""
        serialized = []
        for number, item in enumerate(items, start=1):
            serialized.append(compiled.serialize(item, None, self))
            if number % MAX_INLINE_ITEMS == 0:
                self.time_budget.tick()
                self.time_budget.check()
        return serialized

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
        # The fields of the root are collected for each request, so the cache cannot find them by their identity.
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
