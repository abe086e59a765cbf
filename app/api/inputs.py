"""Inputs built straight from what graphql-core has checked.

Strawberry works out the type of every field of every input anew on each request, which costs a purchase of five lines
more than deciding it. Here the way to build each input type is worked out once, through strawberry's own hook.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any

import strawberry
from strawberry.types.base import StrawberryList, StrawberryOptional, get_object_definition

Build = Callable[[Any], Any]


def build_inputs_directly(schema: strawberry.Schema, *inputs: type) -> None:
    """Give each of these input types, and every one inside them, its own builder."""
    for one in inputs:
        _prepare(one, schema=schema, known={})


def _prepare(type_: type, *, schema: strawberry.Schema, known: dict[type, Build]) -> Build:
    if type_ in known:
        return known[type_]
    definition = get_object_definition(type_, strict=True)
    plan: list[tuple[str, str, Build | None]] = []
    absent: dict[str, None] = {}

    def build(sent: Mapping[str, Any]) -> Any:
        values: dict[str, Any] = dict(absent)
        for graphql_name, python_name, converted in plan:
            if graphql_name in sent:
                value = sent[graphql_name]
                values[python_name] = value if converted is None or value is None else converted(value)
        return type_(**values)

    known[type_] = build
    for field in definition.fields:
        if field.default_value is MISSING and field.default_factory is MISSING:
            absent[field.python_name] = None
        name = schema.config.name_converter.from_field(field)
        plan.append((name, field.python_name, _converted(field.type, schema=schema, known=known)))
    definition.from_input = lambda _, sent, __: build(sent)
    return build


def _converted(type_: Any, *, schema: strawberry.Schema, known: dict[type, Build]) -> Build | None:
    """How a value of this type is built; None where it is ready as it is."""
    if isinstance(type_, StrawberryOptional):
        return _converted(type_.of_type, schema=schema, known=known)
    if isinstance(type_, StrawberryList):
        inner = _converted(type_.of_type, schema=schema, known=known)
        if inner is None:
            return list
        return lambda sent: [None if one is None else inner(one) for one in sent]
    if get_object_definition(type_) is not None:
        return _prepare(type_, schema=schema, known=known)
    return None
