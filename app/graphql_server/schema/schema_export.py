"""The schema as text, for schema.graphql: exactly the schema that graphql-core serves."""

from __future__ import annotations

import strawberry
from graphql import print_schema

from app.graphql_server.schema.core_schema import core_schema


def print_sdl(schema: strawberry.Schema) -> str:
    """The schema definition in the order in which it is declared, with one newline at the end."""
    return print_schema(core_schema(schema)).rstrip("\n") + "\n"
