"""`troth schema`: the GraphQL schema."""

from __future__ import annotations

from app.api.schema import schema as graphql_schema
from app.graphql_server.schema.schema_export import print_sdl


def schema() -> None:
    """Print the GraphQL schema."""
    print(print_sdl(graphql_schema), end="")
