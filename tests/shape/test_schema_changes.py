"""Breaking changes of the released schema are announced by a deprecation or listed with a reason.

`released_schema.graphql` is the schema of the last release. A release copies `schema.graphql` over it and empties
`ACCEPTED_CHANGES`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import (
    BreakingChange,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
)

from app.api.schema import schema
from app.graphql_server.schema.core_schema import core_schema

RELEASED_TEXT = (Path(__file__).parent / "released_schema.graphql").read_text(encoding="utf-8")
RELEASED = build_schema(RELEASED_TEXT)

ACCEPTED_CHANGES: dict[str, str] = {}
"""Breaking changes since the last release: the sentence of graphql-core, and why clients have to bear the change."""

COORDINATE = re.compile(r"\b([A-Z]\w*)\.(\w+)(?:\((\w+):\))?")
"""Type.field, Type.field(argument:), Enum.VALUE or Input.field, as graphql-core's sentences name them."""


def deprecated_coordinates(released: GraphQLSchema) -> set[str]:
    """Everything that the released schema deprecates: `Type.field`, `Type.field(argument:)` and `Enum.VALUE`."""
    found: set[str] = set()
    for name, type_ in released.type_map.items():
        if isinstance(type_, GraphQLEnumType):
            found |= {f"{name}.{key}" for key, value in type_.values.items() if value.deprecation_reason is not None}
        elif isinstance(type_, GraphQLInputObjectType):
            found |= {f"{name}.{key}" for key, field in type_.fields.items() if field.deprecation_reason is not None}
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for key, field in type_.fields.items():
                if field.deprecation_reason is not None:
                    found.add(f"{name}.{key}")
                arguments = field.args.items()
                found |= {f"{name}.{key}({arg}:)" for arg, value in arguments if value.deprecation_reason is not None}
    return found


def is_announced(change: BreakingChange, deprecated: set[str]) -> bool:
    """Does the change concern a field, an argument or an enum value that the released schema deprecates?"""
    if (place := COORDINATE.search(change.description)) is None:
        return False
    type_name, field, argument = place.groups()
    return f"{type_name}.{field}" in deprecated or f"{type_name}.{field}({argument}:)" in deprecated


def unannounced_changes(released: GraphQLSchema, current: GraphQLSchema) -> list[str]:
    """Breaking changes, as graphql-core words them, that no deprecation in the released schema announced."""
    deprecated = deprecated_coordinates(released)
    changes = find_breaking_changes(released, current)
    return [change.description for change in changes if not is_announced(change, deprecated)]


def test_schema_has_no_unannounced_breaking_change() -> None:
    broken = set(unannounced_changes(RELEASED, core_schema(schema)))
    assert broken - ACCEPTED_CHANGES.keys() == set()
    assert ACCEPTED_CHANGES.keys() - broken == set(), "the list holds nothing that does not break"
    assert all(reason.strip() for reason in ACCEPTED_CHANGES.values())


def test_removed_field_is_found() -> None:
    without = build_schema(RELEASED_TEXT)
    customer = without.type_map["Customer"]
    assert isinstance(customer, GraphQLObjectType)
    del customer.fields["wallet"]
    (change,) = unannounced_changes(RELEASED, without)
    assert "Customer.wallet" in change


SMALL = """
type Query { shop(name: String, place: String): Shop }
type Shop { name: String! open: Boolean! kind: Kind }
enum Kind { CAFE BAKERY }
input ShopInput { name: String note: String }
type Mutation { found(input: ShopInput!): Shop }
"""


@pytest.mark.parametrize(
    ("deprecated", "before", "after"),
    [
        ("open: Boolean! @deprecated", "open: Boolean!", ""),
        ("place: String @deprecated", ", place: String", ""),
        ("BAKERY @deprecated", "BAKERY", ""),
        ("note: String @deprecated", "note: String", ""),
    ],
)
def test_only_deprecated_elements_may_be_removed(deprecated: str, before: str, after: str) -> None:
    plain = deprecated.removesuffix(" @deprecated")
    current = build_schema(SMALL.replace(before, after))
    announced = build_schema(SMALL.replace(plain, deprecated))
    (change,) = unannounced_changes(build_schema(SMALL), current)
    assert "was removed" in change
    assert unannounced_changes(announced, current) == []


def test_added_field_is_no_breaking_change() -> None:
    current = build_schema(SMALL.replace("kind: Kind", "kind: Kind since: String"))
    assert unannounced_changes(build_schema(SMALL), current) == []


def test_changed_type_of_a_field_is_a_breaking_change() -> None:
    current = build_schema(SMALL.replace("name: String! open", "name: Int! open"))
    (change,) = unannounced_changes(build_schema(SMALL), current)
    assert "Shop.name" in change
