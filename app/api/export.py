"""The schema as text, for schema.graphql: exactly what graphql-core serves, in a stable order."""

from __future__ import annotations

import strawberry
from graphql import lexicographic_sort_schema, print_schema

from app.api.http import core_schema


def print_sdl(schema: strawberry.Schema) -> str:
    """The schema definition: types and fields by name, arguments and enum values too, one newline at the end."""
    return print_schema(lexicographic_sort_schema(core_schema(schema))).rstrip("\n") + "\n"
