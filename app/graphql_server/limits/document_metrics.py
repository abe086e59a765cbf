"""Depth, fields, aliases and lists of one operation or fragment: an iterative walk, linear in the length of the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ListTypeNode,
    ListValueNode,
    NonNullTypeNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    TypeNode,
    ValueNode,
    get_named_type,
    is_abstract_type,
)

OPERATION_TOO_COMPLEX = "OPERATION_TOO_COMPLEX"
MAX_DIRECTIVES = 5
MAX_VALUE_DEPTH = 10
MAX_NESTING = 40
MAX_REPETITIONS = 50
MAX_FRAGMENTS = 50

_INTROSPECTION_LISTS = {
    "types": 1,
    "directives": 1,
    "args": 1,
    "enumValues": 1,
    "fields": 2,
    "inputFields": 2,
    "interfaces": 2,
    "possibleTypes": 2,
}
"""How much each list multiplies; what leads from type to type counts twice, so that it cannot be followed twice."""


@dataclass(slots=True)
class Metrics:
    """The size of selections: the largest depths, and sums of everything else."""

    depth: int = 0
    lists: int = 0
    """Lists of the introspection inside each other, weighted."""
    aliases: int = 0
    fields: int = 0
    roots: int = 0
    own_roots: int = 0
    """Root fields that are not introspection."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A fragment used in a definition, and how deep."""

    name: str
    depth: int
    lists: int


@dataclass(slots=True)
class Definition:
    """An operation or a fragment: its metrics without what its spreads add, where they stand, and what it reads."""

    metrics: Metrics = field(default_factory=Metrics)
    spreads: list[Spread] = field(default_factory=list)
    needed: set[str] = field(default_factory=set)
    """`Type.field` of every field; those of an abstract type also as its possible types' fields."""


@dataclass(frozen=True, slots=True)
class _Place:
    selections: SelectionSetNode
    parent: GraphQLNamedType | None
    depth: int
    lists: int
    nesting: int


def too_complex(
    message: str, node: OperationDefinitionNode | SelectionNode | FragmentDefinitionNode | None = None
) -> GraphQLError:
    """The error for an operation that is too large."""
    return GraphQLError(message, node, extensions={"code": OPERATION_TOO_COMPLEX})


def measure_definition(
    node: OperationDefinitionNode | FragmentDefinitionNode, *, parent: GraphQLNamedType | None, schema: GraphQLSchema
) -> Definition:
    """The metrics of one definition. Raises GraphQLError when its text alone is nested or repeated too much."""
    found = Definition()
    _check_values(_values_of(node))
    _check_directives(node)
    for variable in node.variable_definitions or ():
        _check_type(variable.type)
    stack = [_Place(node.selection_set, parent, depth=0, lists=0, nesting=1)]
    while stack:
        place = stack.pop()
        if place.nesting > MAX_NESTING:
            raise too_complex(f"Selections may be nested at most {MAX_NESTING} times.", node)
        _check_repetition(place.selections)
        for selection in place.selections.selections:
            _check_directives(selection)
            inner = _count_selection(selection, place=place, found=found, schema=schema)
            if inner is not None:
                stack.append(inner)
    return found


def _check_repetition(selections: SelectionSetNode) -> None:
    """Limit repeated fields, which validation compares with each other."""
    names: dict[str, int] = {}
    fragments = 0
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            name = selection.alias.value if selection.alias else selection.name.value
            names[name] = names.get(name, 0) + 1
            if names[name] > MAX_REPETITIONS:
                raise too_complex(
                    f"One field may be asked for at most {MAX_REPETITIONS} times in one place.", selection
                )
        else:
            fragments += 1
            if fragments > MAX_FRAGMENTS:
                raise too_complex(f"One place may use at most {MAX_FRAGMENTS} fragments.", selection)


def _count_selection(
    selection: SelectionNode, *, place: _Place, found: Definition, schema: GraphQLSchema
) -> _Place | None:
    """Count a selection; returns its own selections, if it has any."""
    if isinstance(selection, FragmentSpreadNode):
        found.spreads.append(Spread(selection.name.value, place.depth, place.lists))
        return None
    if isinstance(selection, InlineFragmentNode):
        condition = selection.type_condition
        parent = schema.get_type(condition.name.value) if condition else place.parent
        return _Place(selection.selection_set, parent, place.depth, place.lists, place.nesting + 1)
    assert isinstance(selection, FieldNode)
    _check_values(argument.value for argument in selection.arguments or ())
    name, metrics = selection.name.value, found.metrics
    metrics.fields += 1
    metrics.aliases += selection.alias is not None
    metrics.depth = max(metrics.depth, place.depth + 1)
    if place.depth == 0:
        metrics.roots += 1
        metrics.own_roots += not name.startswith("__")
    introspected = place.parent is not None and place.parent.name.startswith("__")
    weight = _INTROSPECTION_LISTS.get(name, 0) if introspected else 0
    if selection.alias is not None and (weight or name == "__schema"):
        raise too_complex("`__schema` and the lists below it may have no aliases.", selection)
    lists = place.lists + weight
    metrics.lists = max(metrics.lists, lists)
    returned = _add_needed_field(name, parent=place.parent, found=found, schema=schema)
    if selection.selection_set is None:
        return None
    return _Place(selection.selection_set, returned, place.depth + 1, lists, place.nesting + 1)


def _add_needed_field(
    name: str, *, parent: GraphQLNamedType | None, found: Definition, schema: GraphQLSchema
) -> GraphQLNamedType | None:
    """Add a field to those needed; returns its type, or None when there is no such field."""
    if parent is None:
        return None
    found.needed.add(f"{parent.name}.{name}")
    if is_abstract_type(parent):
        found.needed.update(f"{type_.name}.{name}" for type_ in schema.get_possible_types(parent))
    if not isinstance(parent, (GraphQLObjectType, GraphQLInterfaceType)):
        return None
    field_definition = schema.get_field(parent, name)
    return get_named_type(field_definition.type) if field_definition is not None else None


def _values_of(node: OperationDefinitionNode | FragmentDefinitionNode) -> Iterator[ValueNode]:
    for variable in node.variable_definitions or ():
        if variable.default_value is not None:
            yield variable.default_value


def _check_directives(node: OperationDefinitionNode | FragmentDefinitionNode | SelectionNode) -> None:
    directives = node.directives or ()
    if len(directives) > MAX_DIRECTIVES:
        raise too_complex(f"One place may have at most {MAX_DIRECTIVES} directives.", node)
    for directive in directives:
        _check_values(argument.value for argument in directive.arguments or ())


def _check_values(values: Iterable[ValueNode]) -> None:
    stack = [(value, 1) for value in values]
    while stack:
        value, depth = stack.pop()
        if depth > MAX_VALUE_DEPTH:
            raise too_complex(f"Values may be nested at most {MAX_VALUE_DEPTH} times.")
        if isinstance(value, StringValueNode) and "\x00" in value.value:
            raise GraphQLError("Text may not hold the character NUL.", value, extensions={"code": "BAD_USER_INPUT"})
        if isinstance(value, ListValueNode):
            stack.extend((item, depth + 1) for item in value.values)
        elif isinstance(value, ObjectValueNode):
            stack.extend((part.value, depth + 1) for part in value.fields)


def _check_type(node: TypeNode) -> None:
    depth = 0
    while isinstance(node, (ListTypeNode, NonNullTypeNode)):
        depth, node = depth + 1, node.type
        if depth > MAX_VALUE_DEPTH:
            raise too_complex(f"Types may be nested at most {MAX_VALUE_DEPTH} times.")
