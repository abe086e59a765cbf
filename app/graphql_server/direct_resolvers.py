"""Resolvers called as they are, with arguments built straight from what graphql-core has checked.

Strawberry works out anew for each field of each request which parameters its resolver has, and of which type every field
of every input is: for a purchase of five lines that costs more than deciding it. Here it is worked out once.
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
    """Where an argument is found, where it goes, and how it is built; None where it is ready as it is."""

    graphql_name: str
    python_name: str
    build: Build | None


def resolve_directly(schema: strawberry.Schema) -> None:
    """Give every field with a resolver of its own the short way to it."""
    known: dict[type, Build] = {}
    for type_ in schema._schema.type_map.values():  # noqa: SLF001 - strawberry has no public name for it
        if not isinstance(type_, GraphQLObjectType) or "strawberry-definition" not in type_.extensions:
            continue
        for shown in type_.fields.values():
            field = shown.extensions.get("strawberry-definition")
            if not isinstance(field, StrawberryField) or field.extensions or field.base_resolver is None:
                continue
            function = field.base_resolver.wrapped_func
            if isfunction(function):
                shown.resolve = _calling(function, field=field, schema=schema, known=known)


def builder(type_: type, *, schema: strawberry.Schema) -> Build:
    """How an input is built from what graphql-core has checked."""
    return _building(type_, schema=schema, known={})


def _calling(
    function: Callable[..., Any], *, field: StrawberryField, schema: strawberry.Schema, known: dict[type, Build]
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
            _build_of(argument.type, schema=schema, known=known),
        )
        for argument in field.arguments
    ]

    def resolve(source: Any, info: Any, **given: Any) -> Any:
        values: dict[str, Any] = {}
        for graphql_name, python_name, build in parameters:
            if graphql_name in given:
                value = given[graphql_name]
                values[python_name] = value if build is None or value is None else build(value)
        if info_name is not None:
            values[info_name] = info_class(_raw_info=info, _field=field)
        return function(source, **values) if takes_source else function(**values)

    return resolve


def _build_of(type_: Any, *, schema: strawberry.Schema, known: dict[type, Build]) -> Build | None:
    """How a value of this type is built; None where it is ready as it is."""
    if isinstance(type_, LazyType):
        return _build_of(type_.resolve_type(), schema=schema, known=known)
    if isinstance(type_, StrawberryOptional):
        return _build_of(type_.of_type, schema=schema, known=known)
    if isinstance(type_, StrawberryList):
        inner = _build_of(type_.of_type, schema=schema, known=known)
        if inner is None:
            return list
        return lambda sent: [None if value is None else inner(value) for value in sent]
    if get_object_definition(type_) is not None:
        return _building(type_, schema=schema, known=known)
    return None


def _building(type_: type, *, schema: strawberry.Schema, known: dict[type, Build]) -> Build:
    """How an input is built; a type may hold itself."""
    if type_ in known:
        return known[type_]
    fields: dict[str, tuple[str, Build | None]] = {}
    absent: dict[str, None] = {}

    def build(sent: Mapping[str, Any]) -> Any:
        values: dict[str, Any] = dict(absent)
        for graphql_name, value in sent.items():
            python_name, inner = fields[graphql_name]
            values[python_name] = value if inner is None or value is None else inner(value)
        return type_(**values)

    known[type_] = build
    for field in get_object_definition(type_, strict=True).fields:
        if field.default_value is MISSING and field.default_factory is MISSING:
            absent[field.python_name] = None
        name = schema.config.name_converter.from_field(field)
        fields[name] = field.python_name, _build_of(field.type, schema=schema, known=known)
    return build
