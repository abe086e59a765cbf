"""The arguments of a compiled field: values written in the document are coerced once, variables are looked up for each request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLNonNull,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    VariableNode,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.utilities import coerce_input_literal


class Arguments(NamedTuple):
    """The arguments that a document gives to a field.

    `literals` are the values written in the document, by argument; `variables` are pairs of an argument and its variable.
    """

    literals: Mapping[str, Any]
    variables: tuple[tuple[str, str], ...]

    def values(self, variable_values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments of a request with these values of its variables. An argument whose variable has no value is left out."""
        if not self.variables:
            return self.literals
        from_variables = {
            name: variable_values[variable] for name, variable in self.variables if variable in variable_values
        }
        return {**self.literals, **from_variables}


_NO_ARGUMENTS = Arguments({}, ())


def compile_arguments(field: GraphQLField, details: FieldDetails) -> Arguments | None:
    """The arguments of a field; None if graphql-core has to read them for each request.

    It has to for arguments with defaults, for lists and objects, and for variables where null is not allowed.
    """
    if not field.args:
        return _NO_ARGUMENTS
    value_nodes = {node.name.value: node.value for node in details.node.arguments or ()}
    literals: dict[str, Any] = {}
    variables: list[tuple[str, str]] = []
    for name, argument in field.args.items():
        if _has_default(argument) or argument.out_name not in (None, name):
            return None
        if name not in value_nodes:
            continue
        node = value_nodes[name]
        if isinstance(node, VariableNode):
            if isinstance(argument.type, GraphQLNonNull) or details.fragment_variable_values is not None:
                return None
            variables.append((name, node.name.value))
            continue
        if isinstance(node, ListValueNode | ObjectValueNode):
            return None
        literals[name] = coerce_input_literal(node, argument.type)
        if literals[name] is Undefined:
            return None
    return Arguments(literals, tuple(variables))


def _has_default(argument: GraphQLArgument) -> bool:
    return argument.default is not None or argument.default_value is not Undefined
