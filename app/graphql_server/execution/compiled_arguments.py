"""The arguments of a compiled field: those written in the document are coerced once, variables are looked up."""

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

    `written` are values by the names of the arguments, `variables` the names of arguments and their variables.
    """

    written: Mapping[str, Any]
    variables: tuple[tuple[str, str], ...]

    def values(self, coerced: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments for a request with these values of its variables; one whose variable is not given is left out."""
        if not self.variables:
            return self.written
        given = {name: coerced[variable] for name, variable in self.variables if variable in coerced}
        return {**self.written, **given}


_NO_ARGUMENTS = Arguments({}, ())


def compile_arguments(field: GraphQLField, details: FieldDetails) -> Arguments | None:
    """The arguments of a field; None where graphql-core has to read them for each request.

    That is so for defaults, lists and objects, and variables where null is not allowed.
    """
    if not field.args:
        return _NO_ARGUMENTS
    given = {node.name.value: node.value for node in details.node.arguments or ()}
    written: dict[str, Any] = {}
    variables: list[tuple[str, str]] = []
    for name, argument in field.args.items():
        if _has_default(argument) or argument.out_name not in (None, name):
            return None
        if name not in given:
            continue
        node = given[name]
        if isinstance(node, VariableNode):
            if isinstance(argument.type, GraphQLNonNull) or details.fragment_variable_values is not None:
                return None
            variables.append((name, node.name.value))
            continue
        if isinstance(node, ListValueNode | ObjectValueNode):
            return None
        written[name] = coerce_input_literal(node, argument.type)
        if written[name] is Undefined:
            return None
    return Arguments(written, tuple(variables))


def _has_default(argument: GraphQLArgument) -> bool:
    return argument.default is not None or argument.default_value is not Undefined
