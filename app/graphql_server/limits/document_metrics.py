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

_INTROSPECTION_LIST_WEIGHTS = {
    "types": 1,
    "directives": 1,
    "args": 1,
    "enumValues": 1,
    "fields": 2,
    "inputFields": 2,
    "interfaces": 2,
    "possibleTypes": 2,
}
"""The weight of each list of the introspection. Lists that lead from one type to others weigh 2.

So below `types` only one of them can be followed.
"""


@dataclass(slots=True)
class Metrics:
    """The size of selections: the largest depths, and sums of everything else."""

    depth: int = 0
    list_weight: int = 0
    """The greatest sum of the weights of lists of the introspection inside each other."""
    aliases: int = 0
    fields: int = 0
    root_fields: int = 0
    own_root_fields: int = 0
    """Root fields that are not introspection."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A fragment used in a definition: its depth there, and the weight of the introspection's lists around it."""

    name: str
    depth: int
    list_weight: int


@dataclass(slots=True)
class Definition:
    """An operation or a fragment: its own metrics, the fragments that it uses, which are not counted in them, and its fields."""

    metrics: Metrics = field(default_factory=Metrics)
    spreads: list[Spread] = field(default_factory=list)
    field_names: set[str] = field(default_factory=set)
    """`Type.field` of every field. A field of an abstract type is also there with each of its possible types."""


@dataclass(frozen=True, slots=True)
class _SelectionPlace:
    """Selections, and where they are: `depth` counts the fields around them, `nesting` also inline fragments."""

    selections: SelectionSetNode
    parent: GraphQLNamedType | None
    depth: int
    list_weight: int
    nesting: int


def too_complex(
    message: str, node: OperationDefinitionNode | SelectionNode | FragmentDefinitionNode | None = None
) -> GraphQLError:
    """The error for an operation that is too large."""
    return GraphQLError(message, node, extensions={"code": OPERATION_TOO_COMPLEX})


def measure_definition(
    node: OperationDefinitionNode | FragmentDefinitionNode, *, parent: GraphQLNamedType | None, schema: GraphQLSchema
) -> Definition:
    """The metrics of one definition. Raises GraphQLError if it is nested too deeply or repeats too much in itself."""
    definition = Definition()
    _check_values(_default_values(node))
    _check_directives(node)
    for variable in node.variable_definitions or ():
        _check_type_depth(variable.type)
    stack = [_SelectionPlace(node.selection_set, parent, depth=0, list_weight=0, nesting=1)]
    while stack:
        place = stack.pop()
        if place.nesting > MAX_NESTING:
            raise too_complex(f"Selections may be nested at most {MAX_NESTING} times.", node)
        _check_repetition(place.selections)
        for selection in place.selections.selections:
            _check_directives(selection)
            inner_place = _count_selection(selection, place=place, definition=definition, schema=schema)
            if inner_place is not None:
                stack.append(inner_place)
    return definition


def _check_repetition(selections: SelectionSetNode) -> None:
    """Limit the repeated fields and the fragments in one place, because validation compares them with each other."""
    times_by_name: dict[str, int] = {}
    fragments = 0
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            name = selection.alias.value if selection.alias else selection.name.value
            times_by_name[name] = times_by_name.get(name, 0) + 1
            if times_by_name[name] > MAX_REPETITIONS:
                raise too_complex(
                    f"One field may be asked for at most {MAX_REPETITIONS} times in one place.", selection
                )
        else:
            fragments += 1
            if fragments > MAX_FRAGMENTS:
                raise too_complex(f"One place may use at most {MAX_FRAGMENTS} fragments.", selection)


def _count_selection(
    selection: SelectionNode, *, place: _SelectionPlace, definition: Definition, schema: GraphQLSchema
) -> _SelectionPlace | None:
    """Count a selection; returns the selections inside it, if it has any."""
    if isinstance(selection, FragmentSpreadNode):
        definition.spreads.append(Spread(selection.name.value, place.depth, place.list_weight))
        return None
    if isinstance(selection, InlineFragmentNode):
        condition = selection.type_condition
        parent = schema.get_type(condition.name.value) if condition else place.parent
        return _SelectionPlace(selection.selection_set, parent, place.depth, place.list_weight, place.nesting + 1)
    assert isinstance(selection, FieldNode)
    _check_values(argument.value for argument in selection.arguments or ())
    name, metrics = selection.name.value, definition.metrics
    metrics.fields += 1
    metrics.aliases += selection.alias is not None
    metrics.depth = max(metrics.depth, place.depth + 1)
    if place.depth == 0:
        metrics.root_fields += 1
        metrics.own_root_fields += not name.startswith("__")
    is_introspection = place.parent is not None and place.parent.name.startswith("__")
    weight = _INTROSPECTION_LIST_WEIGHTS.get(name, 0) if is_introspection else 0
    if selection.alias is not None and (weight or name == "__schema"):
        raise too_complex("`__schema` and the lists below it may have no aliases.", selection)
    list_weight = place.list_weight + weight
    metrics.list_weight = max(metrics.list_weight, list_weight)
    field_type = _add_field_name(name, parent=place.parent, definition=definition, schema=schema)
    if selection.selection_set is None:
        return None
    return _SelectionPlace(selection.selection_set, field_type, place.depth + 1, list_weight, place.nesting + 1)


def _add_field_name(
    name: str, *, parent: GraphQLNamedType | None, definition: Definition, schema: GraphQLSchema
) -> GraphQLNamedType | None:
    """Add a field to the definition's field names; returns its type, or None when there is no such field."""
    if parent is None:
        return None
    definition.field_names.add(f"{parent.name}.{name}")
    if is_abstract_type(parent):
        definition.field_names.update(f"{type_.name}.{name}" for type_ in schema.get_possible_types(parent))
    if not isinstance(parent, (GraphQLObjectType, GraphQLInterfaceType)):
        return None
    field_definition = schema.get_field(parent, name)
    return get_named_type(field_definition.type) if field_definition is not None else None


def _default_values(node: OperationDefinitionNode | FragmentDefinitionNode) -> Iterator[ValueNode]:
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


def _check_type_depth(node: TypeNode) -> None:
    depth = 0
    while isinstance(node, (ListTypeNode, NonNullTypeNode)):
        depth, node = depth + 1, node.type
        if depth > MAX_VALUE_DEPTH:
            raise too_complex(f"Types may be nested at most {MAX_VALUE_DEPTH} times.")
