"""What an operation costs, known before it runs: the objects it may read and the changes it makes.

An object costs 1, however many scalars are asked of it; a page costs its objects times its size; a mutation costs 10 more.
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
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
)

from app.api.connections import DEFAULT_SIZE, LARGEST_SIZE

MUTATION = 10
INTROSPECTION = 10
MOST_CALLERS = 10_000

Size = int | str
"""How many objects a list brings: a number, or the variable that says so."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What selections cost: something fixed, and lists that cost what one object in them costs, times their size."""

    fixed: int = 0
    lists: tuple[tuple[Size, Cost], ...] = ()

    def of(self, variables: Mapping[str, Any]) -> int:
        """The cost with these variables."""
        return self.fixed + sum(_size(size, variables=variables) * inner.of(variables) for size, inner in self.lists)


def _size(size: Size, *, variables: Mapping[str, Any]) -> int:
    if isinstance(size, str):
        given = variables.get(size)
        size = len(given) if isinstance(given, list) else given if isinstance(given, int) else DEFAULT_SIZE
    return min(max(size, 1), LARGEST_SIZE)


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
        named = get_named_type(definition.type)
        made = MUTATION if parent is self._schema.mutation_type else 0
        if is_leaf_type(named) or node.selection_set is None:
            return Cost(made)
        inner = self.selected(node.selection_set, parent=named)
        size = _size_of(node, definition=definition)
        if size is None:
            return Cost(made + 1 + inner.fixed, inner.lists)
        return Cost(1, ((size, inner),)) if "first" in definition.args else Cost(0, ((size, _one_more(inner)),))


def _one_more(cost: Cost) -> Cost:
    return Cost(cost.fixed + 1, cost.lists)


def _size_of(node: FieldNode, *, definition: GraphQLField) -> Size | None:
    """The size of a page or of a list of ids; None where there is neither."""
    given = {one.name.value: one.value for one in node.arguments or ()}
    if "first" in definition.args:
        return _said(given.get("first")) or _said(given.get("last")) or DEFAULT_SIZE
    return _said(given.get("ids")) if "ids" in definition.args else None


def _said(value: ValueNode | None) -> Size | None:
    if isinstance(value, VariableNode):
        return value.name.value
    if isinstance(value, IntValueNode):
        return int(value.value)
    return len(value.values) if isinstance(value, ListValueNode) else None


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
        now = self._clock()
        level, since = self._levels.get(caller, (float(self.allowance.most), now))
        level = min(level + (now - since) * self.allowance.restored, self.allowance.most)
        wait = None if cost <= level else (cost - level) / self.allowance.restored
        if wait is None:
            level -= cost
        self._levels[caller] = (level, now)
        self._levels.move_to_end(caller)
        if len(self._levels) > MOST_CALLERS:
            self._levels.popitem(last=False)
        return Spent(cost, int(level), wait)

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
