"""Costs are made of what is declared: every list of the schema, and nothing that is not in it."""

from __future__ import annotations

from graphql import (
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)

from app.api.field_costs import ARGUMENT_LISTS, FIELD_COSTS, LIST_SIZES, PAYLOAD_LIST_SIZES, list_size
from app.api.schema import schema
from app.graphql_server.schema.core_schema import core_schema
from tests.api.test_costs import cost

CORE = core_schema(schema)
FIELDS = {
    f"{name}.{key}": field
    for name, type_ in CORE.type_map.items()
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__")
    for key, field in type_.fields.items()
}


def test_every_list_of_objects_has_a_declared_size() -> None:
    lists = {
        place
        for place, field in FIELDS.items()
        if isinstance(get_nullable_type(field.type), GraphQLList) and not is_leaf_type(get_named_type(field.type))
    }
    sized = {place for place in lists if "ids" in FIELDS[place].args}
    assert sized == {"Query.nodes"}
    assert [place for place in lists - sized if list_size(place) is None] == [], "declare it in app/api/field_costs.py"
    assert [place for place in LIST_SIZES if place not in lists] == [], "no such list"
    assert all(any(place.endswith(f".{name}") for place in lists) for name in PAYLOAD_LIST_SIZES)


def test_every_field_with_a_cost_is_in_the_schema() -> None:
    assert [place for place in {**FIELD_COSTS, **ARGUMENT_LISTS} if place not in FIELDS] == []
    assert [place for place, (name, *_) in ARGUMENT_LISTS.items() if name not in FIELDS[place].args] == []


def test_nested_lists_cost_their_usual_size() -> None:
    lines = LIST_SIZES["Purchase.lines"]
    first = "query($id: ID!) { node(id: $id) { ... on Purchase { lines { sku } } } }"
    assert cost(first) == 1 + lines
    many = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Purchase { a: lines { sku } b: lines { unitPrice { amount } } } } }"
    assert cost(many, ids=["x", "y"]) == 2 * (1 + lines + 2 * lines)
    assert cost(many, ids=["x"] * 100) == cost(many, ids=["x"]), "one id is read and shown once"
    written = '{ nodes(ids: ["x", "x", "y"]) { id } }'
    assert cost(written) == 2


def test_basket_costs_its_lines_in_variables_and_literals() -> None:
    line = {"sku": "a", "quantity": "1"}
    whole = "query($by: CustomerBy!, $basket: BasketInput!) { basketCheck(customer: $by, basket: $basket) { customer { id } } }"
    lines = "query($by: CustomerBy!, $lines: [PurchaseLineInput!]!) { basketCheck(customer: $by, basket: { lines: $lines }) { customer { id } } }"
    written = 'query($by: CustomerBy!) { basketCheck(customer: $by, basket: { lines: [{ sku: "a", quantity: "1" }, { sku: "a", quantity: "1" }] }) { customer { id } } }'
    assert cost(whole, basket={"lines": [line] * 2}) == cost(lines, lines=[line] * 2) == cost(written) == 2 + 2 * 2
    assert cost(whole, basket={"lines": [line] * 500}) == 2 + 2 * 500
    assert cost(whole) == 2, "what is not sent costs nothing"


def test_terms_texts_cost_their_clauses() -> None:
    assert cost("{ terms { text } }") == 1 + FIELD_COSTS["Terms.text"]
    assert cost("{ terms { a: text b: text } }") == 1 + 2 * FIELD_COSTS["Terms.text"]
