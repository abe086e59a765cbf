"""What an operation costs, known before it runs: the objects it may read and the changes it makes.

An object costs 1, however many scalars are asked of it; a page costs its objects times its size, another list its objects
times its usual size (`app/api/serving/sizes.py`); a mutation costs 10 more.
Each caller has a bucket of this cost that fills up again with time, as in the API of Shopify.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

from app.api.conventions.connections import DEFAULT_SIZE, LARGEST_SIZE
from app.api.serving.sizes import AN_ITEM, WORK, WORKED_THROUGH, size_of

MUTATION = 10
INTROSPECTION = 10
MOST_CALLERS = 10_000


class Said(NamedTuple):
    """A size that a variable says: a number, or the length of the list that lies in it."""

    variable: str
    steps: tuple[str, ...] = ()
    otherwise: int = 0
    most: int | None = None


Size = int | Said
"""How many objects a list brings."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What selections cost: something fixed, and lists that cost what one object in them costs, times their size."""

    fixed: int = 0
    lists: tuple[tuple[Size, Cost], ...] = ()

    def of(self, variables: Mapping[str, Any]) -> int:
        """The cost with these variables."""
        return self.fixed + sum(_size(size, variables=variables) * inner.of(variables) for size, inner in self.lists)


def _size(size: Size, *, variables: Mapping[str, Any]) -> int:
    if isinstance(size, int):
        return size
    value = variables.get(size.variable)
    for step in size.steps:
        value = value.get(step) if isinstance(value, dict) else None
    found = _length(value) if isinstance(value, list) else value if isinstance(value, int) else size.otherwise
    return found if size.most is None else min(max(found, 1), size.most)


def _length(given: list[Any]) -> int:
    """What the same id asks for twice is read and shown once."""
    return len(set(given)) if given and isinstance(given[0], str) else len(given)


def cost_of(
    operation: OperationDefinitionNode, *, fragments: Mapping[str, FragmentDefinitionNode], schema: GraphQLSchema
) -> Cost:
    """The cost of a valid operation."""
    walk = _Walk(schema, fragments)
    root = schema.get_root_type(operation.operation)
    assert root is not None
    return walk.selected(operation.selection_set, parent=root)


class _Walk:
    """Goes through a document; each fragment once."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments
        self._known: dict[str, Cost] = {}

    def selected(self, selections: SelectionSetNode, *, parent: GraphQLNamedType) -> Cost:
        """What is selected of one object, without the object."""
        parts: list[Cost] = []
        for one in selections.selections:
            if isinstance(one, FragmentSpreadNode):
                parts.append(self._fragment(one.name.value))
            elif isinstance(one, InlineFragmentNode):
                of = self._schema.get_type(one.type_condition.name.value) if one.type_condition else parent
                assert of is not None
                parts.append(self.selected(one.selection_set, parent=of))
            elif isinstance(one, FieldNode):
                parts.append(self._field(one, parent=parent))
        return Cost(sum(one.fixed for one in parts), tuple(each for one in parts for each in one.lists))

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
            return Cost(0 if name == "__typename" else INTROSPECTION)
        definition = self._schema.get_field(parent, name)  # type: ignore[arg-type]  # a union has __typename only
        assert definition is not None
        place = f"{parent.name}.{name}"
        fixed = WORK.get(place, 0) + (MUTATION if parent is self._schema.mutation_type else 0)
        lists = _worked_through(node, place=place)
        named = get_named_type(definition.type)
        if is_leaf_type(named) or node.selection_set is None:
            return Cost(fixed, lists)
        inner = self.selected(node.selection_set, parent=named)
        if "first" in definition.args:
            return Cost(fixed + 1, (*lists, (_page(node), inner)))
        size = _listed(node, definition=definition, place=place)
        if size == 1:
            return Cost(fixed + 1 + inner.fixed, (*lists, *inner.lists))
        return Cost(fixed, (*lists, (size, Cost(inner.fixed + 1, inner.lists))))


def _page(node: FieldNode) -> Size:
    """The size of a page."""
    for name in ("first", "last"):
        found = _said(_given(node, name), otherwise=DEFAULT_SIZE, most=LARGEST_SIZE)
        if found is not None:
            return found
    return DEFAULT_SIZE


def _listed(node: FieldNode, *, definition: GraphQLField, place: str) -> Size:
    """How many objects a field brings that is no page: as many as ids are given, or as a list usually has."""
    if not isinstance(get_nullable_type(definition.type), GraphQLList):
        return 1
    if "ids" in definition.args:
        return _said(_given(node, "ids"), otherwise=1, most=LARGEST_SIZE) or 1
    return size_of(place) or LARGEST_SIZE


def _worked_through(node: FieldNode, *, place: str) -> tuple[tuple[Size, Cost], ...]:
    """The items of a list inside an argument, where each of them is work."""
    if place not in WORKED_THROUGH:
        return ()
    argument, *steps = WORKED_THROUGH[place]
    value = _given(node, argument)
    while steps and isinstance(value, ObjectValueNode):
        step = steps.pop(0)
        value = next((one.value for one in value.fields if one.name.value == step), None)
    size = _said(value, steps=tuple(steps))
    return ((size, Cost(AN_ITEM)),) if size else ()


def _given(node: FieldNode, name: str) -> ValueNode | None:
    return next((one.value for one in node.arguments or () if one.name.value == name), None)


def _said(
    value: ValueNode | None, *, steps: tuple[str, ...] = (), otherwise: int = 0, most: int | None = None
) -> Size | None:
    """The size that a value says; None when it says none."""
    if isinstance(value, VariableNode):
        return Said(value.name.value, steps, otherwise, most)
    if isinstance(value, IntValueNode):
        number = int(value.value)
    elif isinstance(value, ListValueNode):
        number = len({one.value if isinstance(one, StringValueNode) else id(one) for one in value.values})
    else:
        return None
    return number if most is None else min(max(number, 1), most)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller may spend: `most` at once, and for one operation; `restored` in each second."""

    most: int = 10_000
    restored: int = 1_000


class Spent(NamedTuple):
    """What was asked for, what is left, and the seconds until it can be had (None: it was had)."""

    cost: int
    left: int
    wait: float | None


class Buckets:
    """A bucket for each caller who was here lately; whoever was not has a full one. One process counts for itself."""

    def __init__(self, allowance: Allowance, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.allowance = allowance
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, cost: int) -> Spent:
        """Take the cost out of the caller's bucket, or say how long to wait for it."""
        level, now = self._level(caller)
        wait = None if cost <= level else (cost - level) / self.allowance.restored
        if wait is None:
            level -= cost
        self._keep(caller, level, now)
        return Spent(cost, max(int(level), 0), wait)

    def charge(self, caller: str, cost: int) -> None:
        """Take what has been spent already, also where it is more than there is; what is negative is given back."""
        level, now = self._level(caller)
        self._keep(caller, min(max(level - cost, -self.allowance.most), self.allowance.most), now)

    def _level(self, caller: str) -> tuple[float, float]:
        now = self._clock()
        level, since = self._levels.get(caller, (float(self.allowance.most), now))
        return min(level + (now - since) * self.allowance.restored, self.allowance.most), now

    def _keep(self, caller: str, level: float, now: float) -> None:
        self._levels[caller] = (level, now)
        self._levels.move_to_end(caller)
        if len(self._levels) > MOST_CALLERS:
            self._levels.popitem(last=False)

    def told(self, spent: Spent) -> dict[str, Any]:
        """The answer's `extensions.cost`, in the words of Shopify's."""
        return {
            "requestedQueryCost": spent.cost,
            "throttleStatus": {
                "maximumAvailable": self.allowance.most,
                "currentlyAvailable": spent.left,
                "restoreRate": self.allowance.restored,
            },
        }
