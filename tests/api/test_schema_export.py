"""The schema as text."""

from __future__ import annotations

from graphql import build_schema, find_breaking_changes

from app.graphql_server.schema.core_schema import core_schema
from app.graphql_server.schema.schema_export import print_sdl
from tests.api.minimal_schema import schema


def test_exported_text_is_the_served_schema() -> None:
    text = print_sdl(schema)
    assert find_breaking_changes(build_schema(text), core_schema(schema)) == []
    assert find_breaking_changes(core_schema(schema), build_schema(text)) == []


def test_exported_text_has_one_of_and_specified_by_but_no_null_defaults() -> None:
    text = print_sdl(schema)
    assert "input ShopBy @oneOf {\n  id: ID\n  name: String\n}" in text
    assert '@specifiedBy(url: "https://www.w3.org/TR/xmlschema11-2/#long")' in text
    assert 'hello(name: String! = "world"): String!' in text
    assert "= null" not in text
    assert text.endswith("}\n")
