"""Selections of a document compiled to functions: for attributes of an object, and for resolvers that do not wait.

Such fields await nothing, but graphql-core inspects the type and the result of each of them in each answer, which takes longer
than all the rules of a program. Here a selection is inspected once, and compiled to one function. If anything is out of the
ordinary (null where a value is required, a value that cannot be serialized, a long list, an exception), graphql-core executes
the whole selection instead, and fails or yields there.
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
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from app.graphql_server.execution.compiled_arguments import compile_arguments
from app.graphql_server.limits.time_budget import TimeBudget

MAX_INLINE_ITEMS = 16
"""Maximum number of items of a list that are serialized without checking the time budget."""

Serializer: TypeAlias = Callable[[Any, Path | None, "FieldExecutor"], Any]
"""Serializes a value, given its path. For a field: takes the object that has the field, and returns the field's serialized value."""


class LeftToGraphQLCore(Exception):
    """Raised for a value that is left to graphql-core: one of an unexpected type, null where a value is required, or a long list."""


class CompiledField(NamedTuple):
    """The function that serializes an object or a field; `flat`: only scalar and enum attributes are selected."""

    serialize: Serializer
    flat: bool


class FieldExecutor(Protocol):
    """What compiled fields need of an executor."""

    schema: GraphQLSchema
    variable_values: VariableValues
    time_budget: TimeBudget

    def compiled_object(self, type_: GraphQLObjectType, details: FieldDetailsList, /) -> CompiledField | None:
        """The compiled form of the object that a field selects; None if it cannot be compiled."""
        ...

    def build_resolve_info(
        self, field_def: GraphQLField, field_nodes: Any, parent_type: GraphQLObjectType, path: Path, /
    ) -> Any:
        """The GraphQLResolveInfo that a resolver takes as an argument."""
        ...


class _CompilableField(NamedTuple):
    """A field that can be compiled: `attribute` is the attribute of its object; None for a field with a resolver."""

    field: GraphQLField
    attribute: str | None


@lru_cache(maxsize=4)
def _compilable_fields(schema: GraphQLSchema) -> Mapping[tuple[str, str], _CompilableField]:
    compilable: dict[tuple[str, str], _CompilableField] = {}
    for type_ in schema.type_map.values():
        definition = type_.extensions.get("strawberry-definition") if isinstance(type_, GraphQLObjectType) else None
        if not isinstance(type_, GraphQLObjectType) or definition is None:
            continue
        for field in get_object_definition(definition.origin, strict=True).fields:
            name = field.graphql_name or to_camel_case(field.python_name)
            graphql_field = type_.fields.get(name)
            if graphql_field is not None and field.is_basic_field:
                compilable[type_.name, name] = _CompilableField(graphql_field, field.python_name)
            elif graphql_field is not None and _has_plain_resolver(field):
                compilable[type_.name, name] = _CompilableField(graphql_field, None)
    return compilable


def _has_plain_resolver(field: StrawberryField) -> bool:
    """Does a field have a resolver that is no coroutine, and no extensions?"""
    resolver = field.base_resolver
    return resolver is not None and not field.extensions and not iscoroutinefunction(resolver.wrapped_func)


def compile_object(
    type_: GraphQLObjectType, selections: GroupedFieldSet, *, executor: FieldExecutor
) -> CompiledField | None:
    """The compiled selection of an object; None if one of its fields cannot be compiled."""
    definition = type_.extensions.get("strawberry-definition")
    if definition is None:  # a type of the introspection
        return None
    origin, flat = definition.origin, True
    serializers: list[tuple[str, Serializer]] = []
    for response_name, details in selections.items():
        compiled = compile_field(type_, response_name, details, executor=executor)
        if compiled is None:
            return None
        flat = flat and compiled.flat
        serializers.append((response_name, compiled.serialize))

    def serialize(source: Any, path: Path | None, executor: FieldExecutor) -> Any:
        if type(source) is not origin:
            raise LeftToGraphQLCore
        return {name: serialize_field(source, path, executor) for name, serialize_field in serializers}

    return CompiledField(serialize, flat)


def compile_field(
    parent: GraphQLObjectType, response_name: str, details: FieldDetailsList, *, executor: FieldExecutor
) -> CompiledField | None:
    """The compiled form of a field of the type `parent`; None if it cannot be compiled."""
    compilable = _compilable_fields(executor.schema).get((parent.name, details[0].node.name.value))
    if compilable is None:
        return None
    field, attribute = compilable
    nullable = not isinstance(field.type, GraphQLNonNull)
    value_type = get_nullable_type(field.type)
    if is_leaf_type(value_type) and attribute is not None:
        return CompiledField(_attribute_serializer(attribute, _leaf_coercion(value_type), nullable=nullable), flat=True)
    serialize_value = _compile_value(value_type, details, executor=executor)
    arguments = compile_arguments(field, details[0])
    if serialize_value is None or arguments is None:
        return None
    nodes = [detail.node for detail in details]

    def serialize(source: Any, path: Path | None, executor: FieldExecutor) -> Any:
        field_path = Path(path, response_name, parent.name)
        if attribute is not None:
            value = getattr(source, attribute)
        elif executor.time_budget.should_yield:
            raise LeftToGraphQLCore
        else:
            assert field.resolve is not None, "a field with a resolver"
            info = executor.build_resolve_info(field, nodes, parent, field_path)
            value = field.resolve(source, info, **arguments.values(executor.variable_values.coerced))
            executor.time_budget.tick()
        if value is not None:
            return serialize_value(value, field_path, executor)
        if nullable:
            return None
        raise LeftToGraphQLCore

    return CompiledField(serialize, flat=False)


def _attribute_serializer(attribute: str, serialize_leaf: Callable[[Any], Any], *, nullable: bool) -> Serializer:
    def serialize(source: Any, _path: Path | None, _executor: FieldExecutor) -> Any:
        value = getattr(source, attribute)
        if value is not None:
            return serialize_leaf(value)
        if nullable:
            return None
        raise LeftToGraphQLCore

    return serialize


def _leaf_serializer(type_: Any) -> Serializer:
    serialize_leaf = _leaf_coercion(type_)

    def serialize(value: Any, _path: Path | None, _executor: FieldExecutor) -> Any:
        if value is None:
            raise LeftToGraphQLCore
        return serialize_leaf(value)

    return serialize


def _leave_to_graphql_core(_value: Any, _path: Path | None, _executor: FieldExecutor) -> Any:
    """Leave a value of an abstract type to graphql-core. In practice such values are in `userErrors`, which are mostly empty."""
    raise LeftToGraphQLCore


def _leaf_coercion(type_: Any) -> Callable[[Any], Any]:
    """The function that serializes a scalar or enum."""
    return _name_of if isinstance(type_, GraphQLEnumType) else type_.coerce_output_value


_name_of = attrgetter("_name_")
"""Serializes a member of an enum: its name."""


def _compile_value(value_type: Any, details: FieldDetailsList, *, executor: FieldExecutor) -> Serializer | None:
    """The function that serializes a value that is not null; None if it cannot be compiled."""
    if is_leaf_type(value_type):
        return _leaf_serializer(value_type)
    if isinstance(value_type, GraphQLObjectType):
        compiled = executor.compiled_object(value_type, details)
        return compiled.serialize if compiled is not None else None
    if is_abstract_type(value_type):
        return _leave_to_graphql_core
    # A list whose items may be null is not compiled: `CompiledExecutor` completes it and counts its repeated items.
    if not isinstance(value_type, GraphQLList) or not isinstance(value_type.of_type, GraphQLNonNull):
        return None
    serialize_item = _compile_value(value_type.of_type.of_type, details, executor=executor)
    if serialize_item is None:
        return None

    def serialize(items: Any, path: Path | None, executor: FieldExecutor) -> Any:
        assert path is not None, "a list is the value of a field"
        if type(items) is not list or len(items) > MAX_INLINE_ITEMS or executor.time_budget.should_yield:
            raise LeftToGraphQLCore
        return [serialize_item(item, path.add_key(place, None), executor) for place, item in enumerate(items)]

    return serialize
