"""The schema that graphql-core executes, checks and prints: the one under strawberry's, made to say what is meant."""

from __future__ import annotations

from collections.abc import Iterable

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

from app.api.serving.resolving import resolve_directly


def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """graphql-core's schema under strawberry's, made to say what is meant.

    It learns which inputs are @oneOf, so that it checks and prints them itself, and no longer spells out that what is
    left away is null.
    """
    core = schema._schema  # noqa: SLF001 - strawberry has no public name for it
    for one in core.type_map.values():
        if one.name.startswith("__"):
            continue
        if isinstance(one, GraphQLInputObjectType):
            one.is_one_of = bool(getattr(one.extensions.get("strawberry-definition"), "is_one_of", False))
            _forget_null_defaults(one.fields.values())
        elif isinstance(one, (GraphQLObjectType, GraphQLInterfaceType)):
            for field in one.fields.values():
                _forget_null_defaults(field.args.values())
    resolve_directly(schema)
    return core


def _forget_null_defaults(inputs: Iterable[GraphQLArgument | GraphQLInputField]) -> None:
    for one in inputs:
        if one.default_value is None:
            one.default_value = Undefined
