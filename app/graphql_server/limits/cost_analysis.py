"""The cost of an operation, computed before it runs: the objects it may read and the mutations it makes.

An object costs 1, however many of its scalars are selected. The cost of one item is multiplied by the size of a page, or by
the usual size of another list, which the schema declares (`FieldCosts`). A mutation costs 10 more. The cost of introspection
is in `introspection_cost.py`.
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
    """What a schema declares about the costs of its fields, each named `Type.field`.

    `extra_costs` is the cost of a field in addition to the objects that it shows. `list_size` gives the usual size of a
    list; None means that none is declared, and the list counts as a page of `max_page`. `argument_lists` gives the path
    to a list inside the arguments of a field; each item of that list costs `argument_item_cost`.
    """

    extra_costs: Mapping[str, int] = field(default_factory=dict)
    list_size: Callable[[str], int | None] = lambda _field_name: None
    argument_lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    argument_item_cost: int = 1
    default_page: int = 20
    max_page: int = 100


class VariableSize(NamedTuple):
    """A size that a variable gives: the number, or the length of the list, at `path` inside the variable's value.

    It is `default` if neither is there. With a `maximum`, it is between 1 and that.
    """

    variable: str
    path: tuple[str, ...] = ()
    default: int = 0
    maximum: int | None = None


Size = int | VariableSize
"""How many objects a list contains, or the variable that says it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of selections: a fixed part, and for each list its size times the cost of one item."""

    fixed: int = 0
    lists: tuple[tuple[Size, Cost], ...] = ()

    def total(self, variables: Mapping[str, Any]) -> int:
        """The cost of the selections with the values of these variables."""
        return self.fixed + sum(
            (size if isinstance(size, int) else _size_from_variable(size, variables=variables)) * item.total(variables)
            for size, item in self.lists
        )


def _size_from_variable(size: VariableSize, *, variables: Mapping[str, Any]) -> int:
    """The size that these variables give."""
    value = variables.get(size.variable)
    for step in size.path:
        value = value.get(step) if isinstance(value, dict) else None
    number = (
        _length_without_repeated_ids(value)
        if isinstance(value, list)
        else value
        if isinstance(value, int)
        else size.default
    )
    return number if size.maximum is None else min(max(number, 1), size.maximum)


def _length_without_repeated_ids(items: list[Any]) -> int:
    """The number of items; a repeated id is read once and counts once."""
    return len(set(items)) if items and isinstance(items[0], str) else len(items)


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
    return walk.cost_of_selections(operation.selection_set, parent=root)


class _Walk:
    """Walks the selections of a document, those of each fragment once."""

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
        self._cost_by_fragment: dict[str, Cost] = {}

    def cost_of_selections(self, selections: SelectionSetNode, *, parent: GraphQLNamedType) -> Cost:
        """The cost of the selections of one object, without the object itself."""
        parts: list[Cost] = []
        for selection in selections.selections:
            if isinstance(selection, FragmentSpreadNode):
                parts.append(self._fragment(selection.name.value))
            elif isinstance(selection, InlineFragmentNode):
                type_ = (
                    self._schema.get_type(selection.type_condition.name.value) if selection.type_condition else parent
                )
                assert type_ is not None
                parts.append(self.cost_of_selections(selection.selection_set, parent=type_))
            elif isinstance(selection, FieldNode):
                parts.append(self._field(selection, parent=parent))
        return Cost(sum(cost.fixed for cost in parts), tuple(part for cost in parts for part in cost.lists))

    def _fragment(self, name: str) -> Cost:
        if name not in self._cost_by_fragment:
            fragment = self._fragments[name]
            parent = self._schema.get_type(fragment.type_condition.name.value)
            assert parent is not None
            self._cost_by_fragment[name] = self.cost_of_selections(fragment.selection_set, parent=parent)
        return self._cost_by_fragment[name]

    def _field(self, node: FieldNode, *, parent: GraphQLNamedType) -> Cost:
        name = node.name.value
        if name.startswith("__"):
            return Cost(0 if name == "__typename" else self._introspection.cost_of(node, fragments=self._fragments))
        definition = self._schema.get_field(parent, name)  # type: ignore[arg-type]  # a union has __typename only
        assert definition is not None
        field_name = f"{parent.name}.{name}"
        fixed = self._costs.extra_costs.get(field_name, 0) + (
            MUTATION_COST if parent is self._schema.mutation_type else 0
        )
        lists = self._argument_lists(node, field_name=field_name)
        object_type = get_named_type(definition.type)
        if is_leaf_type(object_type) or node.selection_set is None:
            return Cost(fixed, lists)
        item_cost = self.cost_of_selections(node.selection_set, parent=object_type)
        if "first" in definition.args:
            return Cost(fixed + 1, (*lists, (self._page_size(node), item_cost)))
        size = self._list_size(node, definition=definition, field_name=field_name)
        if size == 1:
            return Cost(fixed + 1 + item_cost.fixed, (*lists, *item_cost.lists))
        return Cost(fixed, (*lists, (size, Cost(item_cost.fixed + 1, item_cost.lists))))

    def _page_size(self, node: FieldNode) -> Size:
        """The size of a page."""
        for name in ("first", "last"):
            size = _size_from_value(
                _argument_value(node, name), default=self._costs.default_page, maximum=self._costs.max_page
            )
            if size is not None:
                return size
        return self._costs.default_page

    def _list_size(self, node: FieldNode, *, definition: GraphQLField, field_name: str) -> Size:
        """The size of a list that is no page: the number of requested ids, or the usual size of the list; 1 for no list."""
        if not isinstance(get_nullable_type(definition.type), GraphQLList):
            return 1
        if "ids" in definition.args:
            return _size_from_value(_argument_value(node, "ids"), default=1, maximum=self._costs.max_page) or 1
        return self._costs.list_size(field_name) or self._costs.max_page

    def _argument_lists(self, node: FieldNode, *, field_name: str) -> tuple[tuple[Size, Cost], ...]:
        """The cost of the items of a list inside an argument, if the field has such a list with costs."""
        if field_name not in self._costs.argument_lists:
            return ()
        argument, *path = self._costs.argument_lists[field_name]
        value = _argument_value(node, argument)
        while path and isinstance(value, ObjectValueNode):
            step = path.pop(0)
            value = next((part.value for part in value.fields if part.name.value == step), None)
        size = _size_from_value(value, path=tuple(path))
        return ((size, Cost(self._costs.argument_item_cost)),) if size else ()


def _argument_value(node: FieldNode, name: str) -> ValueNode | None:
    return next((argument.value for argument in node.arguments or () if argument.name.value == name), None)


def _size_from_value(
    value: ValueNode | None, *, path: tuple[str, ...] = (), default: int = 0, maximum: int | None = None
) -> Size | None:
    """The size that an argument's value gives; None if it is no variable, number or list."""
    if isinstance(value, VariableNode):
        return VariableSize(value.name.value, path, default, maximum)
    if isinstance(value, IntValueNode):
        number = int(value.value)
    elif isinstance(value, ListValueNode):
        number = len({item.value if isinstance(item, StringValueNode) else id(item) for item in value.values})
    else:
        return None
    return number if maximum is None else min(max(number, 1), maximum)
