"""The variables of an operation, coerced by functions that are compiled once for each input type.

graphql-core inspects the type of every value of every request. For a purchase of five lines that takes longer than the
decision. Here the types are inspected when the operation is first seen. Only ordinary valid values are coerced here:
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
    """Raised for a value that is invalid, or valid in a rare form: graphql-core coerces all variables of the request instead."""


class Variables:
    """The variables that one operation declares, with the compiled functions that coerce them."""

    def __init__(
        self, operation: OperationDefinitionNode, *, schema: GraphQLSchema, coercers: dict[str, Coerce]
    ) -> None:
        """The operation must be valid. `coercers` holds the functions of the schema's input types, and is added to."""
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        self._plans = []
        for definition in self._definitions:
            signature = get_variable_signature(schema, definition)
            if isinstance(signature, GraphQLError):
                raise signature
            optional = not isinstance(signature.type, GraphQLNonNull) and definition.default_value is None
            coerce = _compile(signature.type, coercers=coercers)
            self._plans.append((signature.name, VariableValueSource(signature), optional, coerce))

    def coerce(self, sent_values: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """The coerced values for the executor, or the errors in the values that were sent."""
        sources: dict[str, VariableValueSource] = {}
        values: dict[str, Any] = {}
        try:
            for name, source, optional, coerce in self._plans:
                if name in sent_values:
                    value = sent_values[name]
                    sources[name] = VariableValueSource(source.signature, value)
                    values[name] = coerce(value)
                elif optional:
                    sources[name] = source
                else:
                    raise _LeaveToGraphQLCore
        except (_LeaveToGraphQLCore, GraphQLError):
            return get_variable_values(
                self._schema, self._definitions, sent_values, max_errors=MAX_ERRORS, hide_suggestions=True
            )
        return VariableValues(sources, values)


def _compile(type_: Any, *, coercers: dict[str, Coerce]) -> Coerce:
    """The function that coerces values of a type. It raises _LeaveToGraphQLCore and GraphQLError."""
    if isinstance(type_, GraphQLNonNull):
        # Every one of these functions rejects null itself.
        return _compile_non_null(type_.of_type, coercers=coercers)
    inner = _compile_non_null(type_, coercers=coercers)
    return lambda value: None if value is None else inner(value)


def _compile_non_null(type_: Any, *, coercers: dict[str, Coerce]) -> Coerce:
    if isinstance(type_, GraphQLList):
        return _compile_list(_compile(type_.of_type, coercers=coercers))
    if isinstance(type_, GraphQLInputObjectType):
        if type_.name not in coercers:
            fields: dict[str, tuple[str, Coerce]] = {}
            required: set[str] = set()
            # The type is added before its fields are compiled, because it may contain itself.
            coercers[type_.name] = _compile_object(type_, fields, required)
            for name, field in type_.fields.items():
                fields[name] = field.out_name or name, _compile(field.type, coercers=coercers)
                # Where a field with a default is left out, graphql-core fills it in: it is needed here, too.
                if is_required_input_field(field) or _has_default(field):
                    required.add(name)
        return coercers[type_.name]
    if type_ is GraphQLString:
        return _coerce_text
    coerce: Coerce = type_.coerce_input_value
    return coerce


def _coerce_text(value: Any) -> str:
    if type(value) is not str:
        raise _LeaveToGraphQLCore
    return value


def _compile_list(inner: Coerce) -> Coerce:
    def coerce_items(value: Any) -> list[Any]:
        if type(value) is not list:
            raise _LeaveToGraphQLCore
        return [inner(item) for item in value]

    return coerce_items


def _compile_object(type_: GraphQLInputObjectType, fields: dict[str, tuple[str, Coerce]], required: set[str]) -> Coerce:
    takes_one_field = type_.is_one_of
    out_type = type_.out_type

    def coerce_fields(value: Any) -> Any:
        if type(value) is not dict or (takes_one_field and (len(value) != 1 or None in value.values())):
            raise _LeaveToGraphQLCore
        if not fields.keys() >= value.keys() >= required:
            raise _LeaveToGraphQLCore
        coerced: dict[str, Any] = {}
        for name, item in value.items():
            out_name, coerce = fields[name]
            coerced[out_name] = coerce(item)
        return out_type(coerced)

    return coerce_fields


def _has_default(field: Any) -> bool:
    return field.default is not None or field.default_value is not Undefined
