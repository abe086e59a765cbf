"""The schema that graphql-core executes, validates and prints."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)

from app.graphql_server.schema.direct_resolvers import resolve_directly


@cache
def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """The graphql-core schema inside a strawberry schema, adjusted and with direct resolvers.

    Inputs of which exactly one field must be given are marked @oneOf, so that graphql-core validates and prints them as such.
    Defaults of null are removed, because leaving a value out already means null.
    """
    core = schema._schema  # noqa: SLF001 - strawberry has no public name for it
    for type_ in core.type_map.values():
        if type_.name.startswith("__"):
            continue
        if isinstance(type_, GraphQLInputObjectType):
            type_.is_one_of = bool(getattr(type_.extensions.get("strawberry-definition"), "is_one_of", False))
            _remove_null_defaults(type_.fields.values())
        elif isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
            for field in type_.fields.values():
                _remove_null_defaults(field.args.values())
    resolve_directly(schema)
    return core


def _remove_null_defaults(inputs: Iterable[GraphQLArgument | GraphQLInputField]) -> None:
    for input_ in inputs:
        if input_.default_value is None:
            input_.default_value = Undefined
