"""graphql-core's executor with a short way for what most fields are (`app/graphql_server/compiled_selections.py`).

It also rests and stops: after each field that goes the long way, and now and then in a long list, it looks at how long
the operation has worked (`app/graphql_server/time_budget.py`).
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

from app.graphql_server.compiled_selections import MOST_AT_ONCE, CompiledField, compile_field, compile_object
from app.graphql_server.time_budget import TimeBudget

Collected: TypeAlias = dict[tuple[object, ...], CollectedFields]
"""The fields selected of an object, by its type and the identities of the nodes that select them."""

Ways: TypeAlias = dict[tuple[str, int], tuple[object, CompiledField | None]]
"""The short ways to objects and fields, by their type and by the identity of what is selected, which is kept with them."""

_NEVER_AWAITED = frozenset({str, int, bool, type(None), list, dict})


def awaited(value: Any) -> TypeGuard[Awaitable[Any]]:
    """Whether a resolver's result must be awaited."""
    return type(value) not in _NEVER_AWAITED and is_awaitable(value)


class CompiledExecutor(Executor[Any]):
    """Takes the short way where there is one."""

    collected: Collected | None
    ways: Ways
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
        ways: Ways | None,
        context: Any,
    ) -> CompiledExecutor:
        """The executor of one request; what `Executor.build` works out each time has been worked out."""
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
            is_awaitable=awaited,
            hide_suggestions=True,
        )
        executor.collected = collected
        executor.ways = ways if ways is not None else {}
        executor.time_budget = TimeBudget()
        return executor

    def let_go(self) -> None:
        """Let go of what points back to the executor: all that the operation made is freed at once, without a collector
        that stops everybody to look for it."""
        del self.async_helpers

    async def with_abort_signal(self, awaitable: Awaitable[Any]) -> Any:
        """What a resolver waits for; the work goes on when it is there."""
        found = await awaitable
        self.time_budget.restart()
        return found

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields:
        """The fields selected of an object, worked out once for all requests of a document where that is possible."""
        if self.collected is None:
            return super().collect_subfields(return_type, field_details_list)
        key = (return_type.name, *[id(field.node) for field in field_details_list])
        found = self.collected.get(key)
        if found is None:
            found = self.collected[key] = super().collect_subfields(return_type, field_details_list)
        return found

    def way(self, type_: GraphQLObjectType, details: FieldDetailsList) -> CompiledField | None:
        """The short way to an object that a field asks for; None where there is none."""
        return self._object_way(type_, self.collect_subfields(type_, details).grouped_field_set)

    def _object_way(self, type_: GraphQLObjectType, selected: GroupedFieldSet) -> CompiledField | None:
        key = (type_.name, id(selected))
        if key not in self.ways:
            # Kept with what it is found by: an identity holds as long as its object is there.
            self.ways[key] = selected, compile_object(type_, selected, executor=self)
        return self.ways[key][1]

    def _field_way(self, parent: GraphQLObjectType, name: Any, details: FieldDetailsList) -> CompiledField | None:
        key = (parent.name, id(details))
        if key not in self.ways:
            self.ways[key] = details, compile_field(parent, name, details, executor=self)
        return self.ways[key][1]

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Any,
        grouped_field_set: Any,
        position_context: Any,
    ) -> Any:
        """The fields of an object."""
        # The fields of the root are collected anew for each request: no way to them is kept.
        compiled = self._object_way(parent_type, grouped_field_set) if path is not None else None
        if compiled is not None and (compiled.flat or not self.time_budget.should_yield):
            with suppress(Exception):  # the long way comes to the same end, and tells the client and the log
                return compiled.show(source_value, path, self)
        return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)

    def complete_iterable_value(
        self, item_type: Any, field_details_list: Any, info: Any, path: Path, items: Any, position_context: Any
    ) -> Any:
        """The items of a list; objects of which only ready values are asked are shown one after the other."""
        if self.time_budget.should_yield:
            return self._after_a_rest(
                self.complete_iterable_value, item_type, field_details_list, info, path, items, position_context
            )
        if not isinstance(items, list):
            return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)
        inner = get_nullable_type(item_type)
        if inner is item_type and len(items) > 1:
            return self._each_once(item_type, field_details_list, info, path, items, position_context)
        compiled = self.way(inner, field_details_list) if isinstance(inner, GraphQLObjectType) else None
        if compiled is not None and compiled.flat:
            with suppress(Exception):  # the long way comes to the same end, and tells the client and the log
                return self._all_flat(items, compiled)
            self.time_budget.check()
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    async def _after_a_rest(self, go_on: Callable[..., Any], *arguments: Any) -> Any:
        """What comes next, when others have had their turn."""
        await self.time_budget.yield_to_others()
        self.time_budget.check()
        completed = go_on(*arguments)
        return await completed if awaited(completed) else completed

    def _each_once(
        self, item_type: Any, field_details_list: Any, info: Any, path: Path, items: list[Any], position_context: Any
    ) -> Any:
        """The items of a list that may hold null; what stands in it again is worked out once and shown at each place."""
        first: dict[int, int] = {}
        places = [first.setdefault(id(item), place) for place, item in enumerate(items)]
        once = [item if places[place] == place else None for place, item in enumerate(items)]
        completed = super().complete_iterable_value(item_type, field_details_list, info, path, once, position_context)
        if isinstance(completed, list):
            return self._in_places(completed, places)

        async def later() -> list[Any]:
            return self._in_places(await completed, places)

        return later()

    def _in_places(self, once: list[Any], places: list[int]) -> list[Any]:
        again = Counter(place for number, place in enumerate(places) if place != number)
        for place, times in again.items():
            if self.time_budget.exhausted:
                break
            self.time_budget.repeat(times * len(orjson.dumps(once[place])))
        return [once[place] for place in places]

    def _all_flat(self, items: list[Any], compiled: CompiledField) -> list[Any]:
        """What is selected of each object of a list, all of it ready."""
        shown = []
        for number, item in enumerate(items, start=1):
            shown.append(compiled.show(item, None, self))
            if number % MOST_AT_ONCE == 0:
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
        # The fields of the root are collected anew for each request: no way to them is kept.
        compiled = self._field_way(parent_type, path.key, field_details_list) if path.prev is not None else None
        if compiled is not None and (compiled.flat or not time_budget.should_yield):
            with suppress(Exception):  # the long way comes to the same end, and tells the client and the log
                return compiled.show(source, path.prev, self)
        if time_budget.should_yield:
            time_budget.check()
            return self._after_a_rest(
                self.execute_field, parent_type, source, field_details_list, path, position_context
            )
        completed = super().execute_field(parent_type, source, field_details_list, path, position_context)
        time_budget.tick()
        return completed
