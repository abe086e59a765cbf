"""The cost of an operation, computed before it runs: the objects it may read and the mutations it makes.

An object costs 1, however many of its scalars are selected; a page costs its objects times its size, another list its objects
times its usual size, which the schema declares (`FieldCosts`); a mutation costs 10 more. Introspection is in `introspection_cost.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)

from app.graphql_server.limits.introspection_cost import IntrospectionCosts

MUTATION_COST = 10
"""The cost of each mutation, in addition to its objects."""


@dataclass(frozen=True, slots=True)
class FieldCosts:
    """What a schema declares of its fields, each named `Type.field`.

    `fields` is the cost of a field in addition to the objects that it shows. `list_sizes` gives the usual size of a
    list; None means that none is declared, and the list counts as a page of `max_page`. `argument_lists` gives the path
    to a list inside the arguments of a field; each of its items costs `argument_item`.
    """

    fields: Mapping[str, int] = field(default_factory=dict)
    list_sizes: Callable[[str], int | None] = lambda _place: None
    argument_lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    argument_item: int = 1
    default_page: int = 20
    max_page: int = 100


class VariableSize(NamedTuple):
    """A size given by a variable: a number, or the length of a list in it."""

    variable: str
    steps: tuple[str, ...] = ()
    otherwise: int = 0
    maximum: int | None = None


Size = int | VariableSize
"""How many objects a list contains."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of selections: a fixed part, and for each list its size times the cost of one item."""

    fixed: int = 0
    lists: tuple[tuple[Size, Cost], ...] = ()

    def of(self, variables: Mapping[str, Any]) -> int:
        """The cost with these variables."""
        return self.fixed + sum(
            (size if isinstance(size, int) else _size(size, variables=variables)) * inner.of(variables)
            for size, inner in self.lists
        )


def _size(size: VariableSize, *, variables: Mapping[str, Any]) -> int:
    value = variables.get(size.variable)
    for step in size.steps:
        value = value.get(step) if isinstance(value, dict) else None
    size_given = _length(value) if isinstance(value, list) else value if isinstance(value, int) else size.otherwise
    return size_given if size.maximum is None else min(max(size_given, 1), size.maximum)


def _length(given: list[Any]) -> int:
    """A repeated id is read once and counts once."""
    return len(set(given)) if given and isinstance(given[0], str) else len(given)


def cost_of(
    operation: OperationDefinitionNode,
    *,
    fragments: Mapping[str, FragmentDefinitionNode],
    schema: GraphQLSchema,
    costs: FieldCosts,
    introspection: IntrospectionCosts,
) -> Cost:
    """The cost of a valid operation."""
    walk = _Walk(schema, fragments, costs, introspection)
    root = schema.get_root_type(operation.operation)
    assert root is not None
    return walk.selected(operation.selection_set, parent=root)


class _Walk:
    """Walks a document, each fragment once."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        costs: FieldCosts,
        introspection: IntrospectionCosts,
    ) -> None:
        self._schema = schema
        self._costs = costs
        self._introspection = introspection
        self._fragments = fragments
        self._known: dict[str, Cost] = {}

    def selected(self, selections: SelectionSetNode, *, parent: GraphQLNamedType) -> Cost:
        """The cost of the selections of one object, without the object itself."""
        parts: list[Cost] = []
        for selection in selections.selections:
            if isinstance(selection, FragmentSpreadNode):
                parts.append(self._fragment(selection.name.value))
            elif isinstance(selection, InlineFragmentNode):
                of = self._schema.get_type(selection.type_condition.name.value) if selection.type_condition else parent
                assert of is not None
                parts.append(self.selected(selection.selection_set, parent=of))
            elif isinstance(selection, FieldNode):
                parts.append(self._field(selection, parent=parent))
        return Cost(sum(cost.fixed for cost in parts), tuple(part for cost in parts for part in cost.lists))

    def _fragment(self, name: str) -> Cost:
        if name not in self._known:
            fragment = self._fragments[name]
            parent = self._schema.get_type(fragment.type_condition.name.value)
            assert parent is not None
            self._known[name] = self.selected(fragment.selection_set, parent=parent)
        return self._known[name]

    def _field(self, node: FieldNode, *, parent: GraphQLNamedType) -> Cost:
        name = node.name.value
        if name.startswith("__"):
            return Cost(0 if name == "__typename" else self._introspection.of(node, fragments=self._fragments))
        definition = self._schema.get_field(parent, name)  # type: ignore[arg-type]  # a union has __typename only
        assert definition is not None
        field_name = f"{parent.name}.{name}"
        fixed = self._costs.fields.get(field_name, 0) + (MUTATION_COST if parent is self._schema.mutation_type else 0)
        lists = self._argument_lists(node, field_name=field_name)
        named = get_named_type(definition.type)
        if is_leaf_type(named) or node.selection_set is None:
            return Cost(fixed, lists)
        inner = self.selected(node.selection_set, parent=named)
        if "first" in definition.args:
            return Cost(fixed + 1, (*lists, (self._page(node), inner)))
        size = self._listed(node, definition=definition, field_name=field_name)
        if size == 1:
            return Cost(fixed + 1 + inner.fixed, (*lists, *inner.lists))
        return Cost(fixed, (*lists, (size, Cost(inner.fixed + 1, inner.lists))))

    def _page(self, node: FieldNode) -> Size:
        """The size of a page."""
        for name in ("first", "last"):
            found = _size_in(_given(node, name), otherwise=self._costs.default_page, maximum=self._costs.max_page)
            if found is not None:
                return found
        return self._costs.default_page

    def _listed(self, node: FieldNode, *, definition: GraphQLField, field_name: str) -> Size:
        """The size of a list that is no page: the number of ids asked for, or the usual size of the list."""
        if not isinstance(get_nullable_type(definition.type), GraphQLList):
            return 1
        if "ids" in definition.args:
            return _size_in(_given(node, "ids"), otherwise=1, maximum=self._costs.max_page) or 1
        return self._costs.list_sizes(field_name) or self._costs.max_page

    def _argument_lists(self, node: FieldNode, *, field_name: str) -> tuple[tuple[Size, Cost], ...]:
        """The cost of the items of a list inside an argument, where items have a cost."""
        if field_name not in self._costs.argument_lists:
            return ()
        argument, *steps = self._costs.argument_lists[field_name]
        value = _given(node, argument)
        while steps and isinstance(value, ObjectValueNode):
            step = steps.pop(0)
            value = next((part.value for part in value.fields if part.name.value == step), None)
        size = _size_in(value, steps=tuple(steps))
        return ((size, Cost(self._costs.argument_item)),) if size else ()


def _given(node: FieldNode, name: str) -> ValueNode | None:
    return next((argument.value for argument in node.arguments or () if argument.name.value == name), None)


def _size_in(
    value: ValueNode | None, *, steps: tuple[str, ...] = (), otherwise: int = 0, maximum: int | None = None
) -> Size | None:
    """The size that an argument's value gives; None when it gives none."""
    if isinstance(value, VariableNode):
        return VariableSize(value.name.value, steps, otherwise, maximum)
    if isinstance(value, IntValueNode):
        number = int(value.value)
    elif isinstance(value, ListValueNode):
        number = len({item.value if isinstance(item, StringValueNode) else id(item) for item in value.values})
    else:
        return None
    return number if maximum is None else min(max(number, 1), maximum)
