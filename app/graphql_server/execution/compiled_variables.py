"""The variables of an operation, coerced by functions that are compiled once for each input type.

graphql-core inspects the type of every value of every request; for a purchase of five lines that takes longer than
deciding it. Here the types are inspected when the operation is first seen. Only ordinary valid values are coerced here:
everything else is left to graphql-core, which also words the errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    get_variable_values,
    is_required_input_field,
)
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

Coerce = Callable[[Any], Any]

MAX_ERRORS = 10


class _LeaveToGraphQLCore(Exception):
    """Invalid, or valid in a form that is seldom used: graphql-core decides."""


class Variables:
    """The variables that one operation declares, with the compiled functions that coerce them."""

    def __init__(self, operation: OperationDefinitionNode, *, schema: GraphQLSchema, known: dict[str, Coerce]) -> None:
        """The operation must be valid; `known` keeps the functions of the schema's input types."""
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        self._plans = []
        for definition in self._definitions:
            signature = get_variable_signature(schema, definition)
            if isinstance(signature, GraphQLError):
                raise signature
            optional = not isinstance(signature.type, GraphQLNonNull) and definition.default_value is None
            coerce = _compile(signature.type, known=known)
            self._plans.append((signature.name, VariableValueSource(signature), optional, coerce))

    def coerced(self, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """The coerced values for the executor, or the errors in those that were sent."""
        sources: dict[str, VariableValueSource] = {}
        values: dict[str, Any] = {}
        try:
            for name, source, optional, coerce in self._plans:
                if name in given:
                    value = given[name]
                    sources[name] = VariableValueSource(source.signature, value)
                    values[name] = coerce(value)
                elif optional:
                    sources[name] = source
                else:
                    raise _LeaveToGraphQLCore
        except (_LeaveToGraphQLCore, GraphQLError):
            return get_variable_values(
                self._schema, self._definitions, given, max_errors=MAX_ERRORS, hide_suggestions=True
            )
        return VariableValues(sources, values)


def _compile(type_: Any, *, known: dict[str, Coerce]) -> Coerce:
    """The function that coerces values of a type. It raises _LeaveToGraphQLCore and GraphQLError."""
    if isinstance(type_, GraphQLNonNull):
        # Every one of these functions rejects null itself.
        return _compile_non_null(type_.of_type, known=known)
    inner = _compile_non_null(type_, known=known)
    return lambda value: None if value is None else inner(value)


def _compile_non_null(type_: Any, *, known: dict[str, Coerce]) -> Coerce:
    if isinstance(type_, GraphQLList):
        return _compile_list(_compile(type_.of_type, known=known))
    if isinstance(type_, GraphQLInputObjectType):
        if type_.name not in known:
            fields: dict[str, tuple[str, Coerce]] = {}
            needed: set[str] = set()
            # Before its fields: a type may contain itself.
            known[type_.name] = _compile_object(type_, fields, needed)
            for name, field in type_.fields.items():
                fields[name] = field.out_name or name, _compile(field.type, known=known)
                # Where a field with a default is left out, graphql-core fills it in: it is needed here, too.
                if is_required_input_field(field) or _has_default(field):
                    needed.add(name)
        return known[type_.name]
    if type_ is GraphQLString:
        return _text
    coerce: Coerce = type_.coerce_input_value
    return coerce


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _LeaveToGraphQLCore
    return value


def _compile_list(inner: Coerce) -> Coerce:
    def items(value: Any) -> list[Any]:
        if type(value) is not list:
            raise _LeaveToGraphQLCore
        return [inner(item) for item in value]

    return items


def _compile_object(type_: GraphQLInputObjectType, fields: dict[str, tuple[str, Coerce]], needed: set[str]) -> Coerce:
    is_one_of = type_.is_one_of
    out_type = type_.out_type

    def coerced(value: Any) -> Any:
        if type(value) is not dict or (is_one_of and (len(value) != 1 or None in value.values())):
            raise _LeaveToGraphQLCore
        if not fields.keys() >= value.keys() >= needed:
            raise _LeaveToGraphQLCore
        found: dict[str, Any] = {}
        for name, item in value.items():
            out_name, coerce = fields[name]
            found[out_name] = coerce(item)
        return out_type(found)

    return coerced


def _has_default(field: Any) -> bool:
    return field.default is not None or field.default_value is not Undefined
