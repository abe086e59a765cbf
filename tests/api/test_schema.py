"""The schema file: kept in the repository, byte for byte, and described throughout."""

from __future__ import annotations

from pathlib import Path

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from app.api.schema import schema
from app.graphql_server.schema.core_schema import core_schema
from app.graphql_server.schema.schema_export import print_sdl

ROOT = Path(__file__).parents[2]


def test_schema_file_is_the_served_schema() -> None:
    assert (ROOT / "schema.graphql").read_text(encoding="utf-8") == print_sdl(schema), "troth schema > schema.graphql"


def test_every_element_of_the_schema_has_a_description() -> None:
    bare = []
    for name, type_ in core_schema(schema).type_map.items():
        if name.startswith("__") or name in ("String", "Int", "Boolean", "ID", "Float"):
            continue
        if not type_.description:
            bare.append(name)
        if isinstance(type_, GraphQLEnumType):
            bare += [f"{name}.{key}" for key, value in type_.values.items() if not value.description]
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for key, field in type_.fields.items():
                if not field.description:
                    bare.append(f"{name}.{key}")
                for argument, given in getattr(field, "args", {}).items():
                    if not given.description:
                        bare.append(f"{name}.{key}({argument})")
    assert bare == []


def test_every_mutation_has_one_input_with_a_key_and_returns_user_errors_and_query() -> None:
    core = core_schema(schema)
    assert core.mutation_type is not None
    for name, field in core.mutation_type.fields.items():
        assert str(field.args["input"].type).endswith("Input!"), name
        assert "idempotencyKey" in field.args["input"].type.of_type.fields, name
        payload = field.type
        assert isinstance(payload, GraphQLObjectType), name
        assert str(payload.fields["userErrors"].type) == "[UserError!]!", name
        assert str(payload.fields["query"].type) == "Query!", name


def test_schema_has_no_float() -> None:
    assert "Float" not in core_schema(schema).type_map
