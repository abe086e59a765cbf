"""Direct calls of resolvers, with arguments built from the values that graphql-core has coerced.

Strawberry inspects the parameters of a resolver and the types of its inputs for every field of every request. For a
purchase of five lines that takes longer than the decision. Here they are inspected once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from inspect import isfunction
from typing import Any, NamedTuple

import strawberry
from graphql import GraphQLObjectType
from strawberry.types.base import StrawberryList, StrawberryOptional, get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

Build = Callable[[Any], Any]


class _Parameter(NamedTuple):
    """The GraphQL and Python names of an argument, and the function that builds its value; None for a scalar."""

    graphql_name: str
    python_name: str
    build: Build | None


def resolve_directly(schema: strawberry.Schema) -> None:
    """Make every field that has a resolver call it directly."""
    builders: dict[type, Build] = {}
    for type_ in schema._schema.type_map.values():  # noqa: SLF001 - strawberry has no public name for it
        if not isinstance(type_, GraphQLObjectType) or "strawberry-definition" not in type_.extensions:
            continue
        for graphql_field in type_.fields.values():
            field = graphql_field.extensions.get("strawberry-definition")
            if not isinstance(field, StrawberryField) or field.extensions or field.base_resolver is None:
                continue
            function = field.base_resolver.wrapped_func
            if isfunction(function):
                graphql_field.resolve = _direct_resolver(function, field=field, schema=schema, builders=builders)


def builder(type_: type, *, schema: strawberry.Schema) -> Build:
    """The function that builds an input of this type from coerced values."""
    return _input_builder(type_, schema=schema, builders={})


def _direct_resolver(
    function: Callable[..., Any], *, field: StrawberryField, schema: strawberry.Schema, builders: dict[type, Build]
) -> Callable[..., Any]:
    resolver = field.base_resolver
    assert resolver is not None
    takes_source = resolver.self_parameter is not None or resolver.parent_parameter is not None
    info_name = resolver.info_parameter.name if resolver.info_parameter is not None else None
    info_class = schema.config.info_class
    parameters = [
        _Parameter(
            schema.config.name_converter.from_argument(argument),
            argument.python_name,
            _builder_of(argument.type, schema=schema, builders=builders),
        )
        for argument in field.arguments
    ]

    def resolve(source: Any, info: Any, **arguments: Any) -> Any:
        values: dict[str, Any] = {}
        for graphql_name, python_name, build in parameters:
            if graphql_name in arguments:
                value = arguments[graphql_name]
                values[python_name] = value if build is None or value is None else build(value)
        if info_name is not None:
            values[info_name] = info_class(_raw_info=info, _field=field)
        return function(source, **values) if takes_source else function(**values)

    return resolve


def _builder_of(type_: Any, *, schema: strawberry.Schema, builders: dict[type, Build]) -> Build | None:
    """The function that builds a value of this type; None for a scalar."""
    if isinstance(type_, LazyType):
        return _builder_of(type_.resolve_type(), schema=schema, builders=builders)
    if isinstance(type_, StrawberryOptional):
        return _builder_of(type_.of_type, schema=schema, builders=builders)
    if isinstance(type_, StrawberryList):
        inner = _builder_of(type_.of_type, schema=schema, builders=builders)
        if inner is None:
            return list
        return lambda items: [None if value is None else inner(value) for value in items]
    if get_object_definition(type_) is not None:
        return _input_builder(type_, schema=schema, builders=builders)
    return None


def _input_builder(type_: type, *, schema: strawberry.Schema, builders: dict[type, Build]) -> Build:
    """The function that builds an input of this type. A type may contain itself, so its function is in `builders` first."""
    if type_ in builders:
        return builders[type_]
    fields: dict[str, tuple[str, Build | None]] = {}
    null_defaults: dict[str, None] = {}

    def build(coerced: Mapping[str, Any]) -> Any:
        values: dict[str, Any] = dict(null_defaults)
        for graphql_name, value in coerced.items():
            python_name, inner = fields[graphql_name]
            values[python_name] = value if inner is None or value is None else inner(value)
        return type_(**values)

    builders[type_] = build
    for field in get_object_definition(type_, strict=True).fields:
        if field.default_value is MISSING and field.default_factory is MISSING:
            null_defaults[field.python_name] = None
        name = schema.config.name_converter.from_field(field)
        fields[name] = field.python_name, _builder_of(field.type, schema=schema, builders=builders)
    return build
