"""graphql-core's executor with a short way for what most fields are: a ready scalar or enum of an object.

Such a field needs no arguments, no info and no awaiting; going the long way costs several times its value. Anything
out of the ordinary (null where there must be a value, a value that cannot be shown) goes the long way and fails there.

It also rests and stops: after each field that goes the long way, and now and then in a long list, it looks at how long
the operation has worked (`app/api/serving/working.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias, TypeGuard

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    default_field_resolver,
    default_type_resolver,
    get_nullable_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, FragmentDetails, GroupedFieldSet
from graphql.execution.executor import Executor
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, is_awaitable
from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from app.api.serving.working import Work

Collected: TypeAlias = dict[tuple[object, ...], CollectedFields]
"""The fields selected of an object, by its type and the identities of the nodes that select them."""

_NEVER_AWAITED = frozenset({str, int, bool, type(None), list, dict})


_STEP = 16
"""Items of a list between two looks at the clock."""


class _Ready(NamedTuple):
    """Where a ready value is found and how it is shown; None for an object or a list, which goes the long way."""

    name: str
    show: Callable[[Any], Any] | None


@lru_cache(maxsize=4)
def _ready_fields(schema: GraphQLSchema) -> dict[tuple[str, str], _Ready]:
    """The fields whose value is an attribute of their object."""
    found = {}
    for one in schema.type_map.values():
        definition = one.extensions.get("strawberry-definition") if isinstance(one, GraphQLObjectType) else None
        if not isinstance(one, GraphQLObjectType) or definition is None:
            continue
        for field in get_object_definition(definition.origin, strict=True).fields:
            name = field.graphql_name or to_camel_case(field.python_name)
            shown = one.fields.get(name)
            inner = get_nullable_type(shown.type) if shown is not None else None
            if not field.is_basic_field or shown is None:
                continue
            show: Callable[[Any], Any] | None = None
            if is_leaf_type(inner):
                show = _name_of if isinstance(inner, GraphQLEnumType) else inner.coerce_output_value
            found[one.name, name] = _Ready(field.python_name, show)
    return found


_name_of = attrgetter("_name_")
"""The name of an enum's member."""


def awaited(value: Any) -> TypeGuard[Awaitable[Any]]:
    """Whether a resolver's result must be awaited."""
    return type(value) not in _NEVER_AWAITED and is_awaitable(value)


class ShortExecutor(Executor[Any]):
    """Takes the short way for ready values."""

    collected: Collected | None
    ready_fields: Mapping[tuple[str, str], _Ready]
    work: Work

    @classmethod
    def of(
        cls,
        operation: OperationDefinitionNode,
        *,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDetails],
        variables: VariableValues,
        collected: Collected | None,
        context: Any,
    ) -> ShortExecutor:
        """The executor of one request; what `Executor.build` works out each time has been worked out."""
        executor = cls(
            schema,
            {name: one.definition for name, one in fragments.items()},
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
        executor.ready_fields = _ready_fields(schema)
        executor.work = Work()
        return executor

    async def with_abort_signal(self, awaitable: Awaitable[Any]) -> Any:
        """What a resolver waits for; the work goes on when it is there."""
        found = await awaitable
        self.work.resume()
        return found

    def collect_subfields(
        self, return_type: GraphQLObjectType, field_details_list: FieldDetailsList
    ) -> CollectedFields:
        """The fields selected of an object, worked out once for all requests of a document where that is possible."""
        if self.collected is None:
            return super().collect_subfields(return_type, field_details_list)
        key = (return_type.name, *[id(one.node) for one in field_details_list])
        found = self.collected.get(key)
        if found is None:
            found = self.collected[key] = super().collect_subfields(return_type, field_details_list)
        return found

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Any,
        grouped_field_set: Any,
        position_context: Any,
    ) -> Any:
        """The fields of an object; ready values alone need no path and no waiting."""
        shown = self._ready_values(source_value, type_name=parent_type.name, selected=grouped_field_set)
        if shown is not None:
            return shown
        return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)

    def complete_iterable_value(
        self, item_type: Any, field_details_list: Any, info: Any, path: Path, items: Any, position_context: Any
    ) -> Any:
        """The items of a list; objects of which only ready values are asked are shown one after the other."""
        if self.work.tired:
            return self._after_a_rest(
                self.complete_iterable_value, item_type, field_details_list, info, path, items, position_context
            )
        if not isinstance(items, list):
            return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)
        inner = get_nullable_type(item_type)
        if inner is item_type and len(items) > 1:
            return self._each_once(item_type, field_details_list, info, path, items, position_context)
        # The types of the introspection are not ours.
        definition = inner.extensions.get("strawberry-definition") if isinstance(inner, GraphQLObjectType) else None
        if isinstance(inner, GraphQLObjectType) and definition is not None:
            selected = self.collect_subfields(inner, field_details_list).grouped_field_set
            shown = self._all_ready(items, origin=definition.origin, type_name=inner.name, selected=selected)
            if shown is not None:
                return shown
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    async def _after_a_rest(self, go_on: Callable[..., Any], *arguments: Any) -> Any:
        """What comes next, when others have had their turn."""
        await self.work.rest()
        self.work.check()
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
            if self.work.over:
                break
            self.work.repeat(times * len(orjson.dumps(once[place])))
        return [once[place] for place in places]

    def _all_ready(
        self, items: list[Any], *, origin: type, type_name: str, selected: GroupedFieldSet
    ) -> list[dict[str, Any]] | None:
        """What is selected of each object; None unless all of it is ready and can be shown."""
        shown: list[dict[str, Any]] = []
        for number, item in enumerate(items, start=1):
            if type(item) is not origin:
                return None
            values = self._ready_values(item, type_name=type_name, selected=selected)
            if values is None:
                return None
            shown.append(values)
            if number % _STEP == 0:
                self.work.note()
                self.work.check()
        return shown

    def _ready_values(self, source: Any, *, type_name: str, selected: GroupedFieldSet) -> dict[str, Any] | None:
        """What is selected of an object; None unless all of it is ready and can be shown."""
        ready_fields = self.ready_fields
        shown: dict[str, Any] = {}
        for response_name, details in selected.items():
            ready = ready_fields.get((type_name, details[0].node.name.value))
            if ready is None:
                return None
            name, show = ready
            value = getattr(source, name, None)
            if value is None or show is None:
                return None
            try:
                shown[response_name] = show(value)
            except (AttributeError, GraphQLError, TypeError, ValueError):
                return None  # the long way tells the client and the log
        return shown

    def execute_field(
        self, parent_type: GraphQLObjectType, source: Any, field_details_list: Any, path: Path, position_context: Any
    ) -> Any:
        """The value of a field."""
        ready = self.ready_fields.get((parent_type.name, field_details_list[0].node.name.value))
        if ready is not None:
            name, show = ready
            if show is None:
                # What lies below it counts its own time.
                return super().execute_field(parent_type, source, field_details_list, path, position_context)
            value = getattr(source, name, None)
            if value is not None:
                try:
                    return show(value)
                except (AttributeError, GraphQLError, TypeError, ValueError):
                    pass  # the long way tells the client and the log
        work = self.work
        if work.tired:
            work.check()
            return self._after_a_rest(
                self.execute_field, parent_type, source, field_details_list, path, position_context
            )
        completed = super().execute_field(parent_type, source, field_details_list, path, position_context)
        work.note()
        return completed
