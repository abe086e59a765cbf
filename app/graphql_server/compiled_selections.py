"""The short way to what most objects are asked for: ready values, and what plain functions make of them.

Such fields take no arguments and wait for nothing, but graphql-core asks anew for each of them, in each answer, what kind
of type it has and whether it waits, which costs a till more than all the rules do. Here that is asked once for each
selection of a document, and comes to one function. Whatever is out of the ordinary (null where there must be a value, a
value that cannot be shown, a long list, an exception) goes the long way from the beginning, and fails or rests there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from inspect import iscoroutinefunction
from operator import attrgetter
from typing import Any, NamedTuple, Protocol, TypeAlias

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from app.graphql_server.time_budget import TimeBudget

MOST_AT_ONCE = 16
"""Items of a list that are shown without a look at the clock."""

Serializer: TypeAlias = Callable[[Any, Path | None, "Executing"], Any]
"""How a value is shown, given its path; for a field, how the field of an object is, given the object and its path."""


class NotCompilable(Exception):
    """Out of the ordinary."""


class CompiledField(NamedTuple):
    """How an object or a field is shown; `flat` when all that is asked for are ready scalars and enums."""

    show: Serializer
    flat: bool


class Executing(Protocol):
    """What the short ways need of an executor."""

    schema: GraphQLSchema
    time_budget: TimeBudget

    def way(self, type_: GraphQLObjectType, details: FieldDetailsList, /) -> CompiledField | None:
        """The short way to an object that a field asks for; None where there is none."""
        ...

    def build_resolve_info(
        self, field_def: GraphQLField, field_nodes: Any, parent_type: GraphQLObjectType, path: Path, /
    ) -> Any:
        """What a function that makes a field is told of where it is."""
        ...


class _Short(NamedTuple):
    """A field that can go the short way: read off its object by name, or by a function that wants to know where it is."""

    field: GraphQLField
    attribute: str | None


@lru_cache(maxsize=4)
def _short_fields(schema: GraphQLSchema) -> Mapping[tuple[str, str], _Short]:
    found: dict[tuple[str, str], _Short] = {}
    for type_ in schema.type_map.values():
        definition = type_.extensions.get("strawberry-definition") if isinstance(type_, GraphQLObjectType) else None
        if not isinstance(type_, GraphQLObjectType) or definition is None:
            continue
        for field in get_object_definition(definition.origin, strict=True).fields:
            name = field.graphql_name or to_camel_case(field.python_name)
            shown = type_.fields.get(name)
            if shown is not None and field.is_basic_field:
                found[type_.name, name] = _Short(shown, field.python_name)
            elif shown is not None and not shown.args and _is_plain(field):
                found[type_.name, name] = _Short(shown, None)
    return found


def _is_plain(field: StrawberryField) -> bool:
    """Whether a field is made by a function that waits for nothing, and by nothing else."""
    resolver = field.base_resolver
    return resolver is not None and not field.extensions and not iscoroutinefunction(resolver.wrapped_func)


def compile_object(type_: GraphQLObjectType, selected: GroupedFieldSet, *, executor: Executing) -> CompiledField | None:
    """The short way to what is selected of an object; None where a field of it has none."""
    definition = type_.extensions.get("strawberry-definition")
    if definition is None:  # a type of the introspection
        return None
    origin, flat = definition.origin, True
    shows: list[tuple[str, Serializer]] = []
    for response_name, details in selected.items():
        compiled = compile_field(type_, response_name, details, executor=executor)
        if compiled is None:
            return None
        flat = flat and compiled.flat
        shows.append((response_name, compiled.show))

    def shown(source: Any, path: Path | None, executor: Executing) -> Any:
        if type(source) is not origin:
            raise NotCompilable
        return {name: show(source, path, executor) for name, show in shows}

    return CompiledField(shown, flat)


def compile_field(
    parent: GraphQLObjectType, response_name: str, details: FieldDetailsList, *, executor: Executing
) -> CompiledField | None:
    """The short way to a field of an object, given that object; None where there is none."""
    short = _short_fields(executor.schema).get((parent.name, details[0].node.name.value))
    if short is None:
        return None
    field, attribute = short
    nullable = not isinstance(field.type, GraphQLNonNull)
    inner = get_nullable_type(field.type)
    if is_leaf_type(inner) and attribute is not None:
        return CompiledField(_ready(attribute, _showing(inner), nullable=nullable), flat=True)
    show = _compile_value(inner, details, executor=executor)
    if show is None:
        return None
    nodes = [detail.node for detail in details]

    def shown(source: Any, path: Path | None, executor: Executing) -> Any:
        here = Path(path, response_name, parent.name)
        if attribute is not None:
            value = getattr(source, attribute)
        elif executor.time_budget.should_yield:
            raise NotCompilable
        else:
            assert field.resolve is not None, "a field made by a function"
            value = field.resolve(source, executor.build_resolve_info(field, nodes, parent, here))
            executor.time_budget.tick()
        if value is not None:
            return show(value, here, executor)
        if nullable:
            return None
        raise NotCompilable

    return CompiledField(shown, flat=False)


def _ready(attribute: str, leaf: Callable[[Any], Any], *, nullable: bool) -> Serializer:
    def shown(source: Any, _path: Path | None, _executor: Executing) -> Any:
        value = getattr(source, attribute)
        if value is not None:
            return leaf(value)
        if nullable:
            return None
        raise NotCompilable

    return shown


def _leaf(type_: Any) -> Serializer:
    leaf = _showing(type_)

    def shown(value: Any, _path: Path | None, _executor: Executing) -> Any:
        if value is None:
            raise NotCompilable
        return leaf(value)

    return shown


def _refused(_value: Any, _path: Path | None, _executor: Executing) -> Any:
    """Of which type a refusal is, the long way finds out; most answers hold none."""
    raise NotCompilable


def _showing(type_: Any) -> Callable[[Any], Any]:
    """How a scalar or enum is shown."""
    return _name_of if isinstance(type_, GraphQLEnumType) else type_.coerce_output_value


_name_of = attrgetter("_name_")
"""The name of an enum's member."""


def _compile_value(inner: Any, details: FieldDetailsList, *, executor: Executing) -> Serializer | None:
    """How a value that is not null is shown."""
    if is_leaf_type(inner):
        return _leaf(inner)
    if isinstance(inner, GraphQLObjectType):
        compiled = executor.way(inner, details)
        return compiled.show if compiled is not None else None
    if is_abstract_type(inner):
        return _refused
    # What stands in a list twice is counted where its items may be null: see `ShortExecutor`.
    if not isinstance(inner, GraphQLList) or not isinstance(inner.of_type, GraphQLNonNull):
        return None
    show = _compile_value(inner.of_type.of_type, details, executor=executor)
    if show is None:
        return None

    def shown(items: Any, path: Path | None, executor: Executing) -> Any:
        assert path is not None, "a list is a field's"
        if type(items) is not list or len(items) > MOST_AT_ONCE or executor.time_budget.should_yield:
            raise NotCompilable
        return [show(item, path.add_key(place, None), executor) for place, item in enumerate(items)]

    return shown
