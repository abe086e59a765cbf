"""The cost of introspection: how many values it shows, because graphql-core resolves each of them separately.

Lists count with their length in this schema: below `types` the average length, below a single named type the greatest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
)

INTROSPECTION_COST = 10
"""The cost of `__schema` or `__type`, in addition to the values that they show; the whole cost if the answer is cached."""

VALUES_PER_COST = 10
"""Values of introspection for one unit of cost. They take 0.1 ms, as a unit of a purchase's cost does (3.5 ms in all)."""

MAX_INTROSPECTION_COST = 10_000
"""About a second of work, and four times what the usual introspection costs."""

_PER_OBJECT = 2
"""What an object costs in addition to its values."""

_OF_TYPE_SHARE = 0.5
"""The share of types that have an `ofType`, at each step."""


class IntrospectionCosts:
    """The costs of introspection in one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._average_sizes = _list_sizes(schema, greatest=False)
        self._greatest_sizes = _list_sizes(schema, greatest=True)

    def cost_of(self, node: FieldNode, *, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
        """The cost of a valid root field of the introspection."""
        walk = _Walk(fragments, self._greatest_sizes, self._average_sizes)
        return INTROSPECTION_COST + ceil(walk.values(node.selection_set) / VALUES_PER_COST)


@dataclass
class _Walk:
    """Counts the values that one field shows. Each fragment is walked once inside a list of types, and once outside."""

    fragments: Mapping[str, FragmentDefinitionNode]
    list_sizes: Mapping[str, float]
    list_sizes_below_types: Mapping[str, float]

    def __post_init__(self) -> None:
        self._values_by_fragment: dict[tuple[str, bool], float] = {}

    def values(self, selections: SelectionSetNode | None, *, in_type_list: bool = False) -> float:
        """How many values the selections of one object show; `in_type_list`: it is an item of a list of types, or below one."""
        total = 0.0
        for selection in selections.selections if selections is not None else ():
            if isinstance(selection, FragmentSpreadNode):
                total += self._fragment(selection.name.value, in_type_list=in_type_list)
            elif isinstance(selection, InlineFragmentNode):
                total += self.values(selection.selection_set, in_type_list=in_type_list)
            elif isinstance(selection, FieldNode):
                name = selection.name.value
                sizes = self.list_sizes_below_types if in_type_list else self.list_sizes
                inner_values = self.values(selection.selection_set, in_type_list=in_type_list or name == "types")
                total += 1 + sizes.get(name, 1.0) * (inner_values + _PER_OBJECT if selection.selection_set else 0)
        return total

    def _fragment(self, name: str, *, in_type_list: bool) -> float:
        key = (name, in_type_list)
        if key not in self._values_by_fragment:
            self._values_by_fragment[key] = self.values(self.fragments[name].selection_set, in_type_list=in_type_list)
        return self._values_by_fragment[key]


def _list_sizes(schema: GraphQLSchema, *, greatest: bool) -> dict[str, float]:
    """How many objects each field of the introspection shows: the average over all types, or with `greatest` the greatest number."""
    types = list(schema.type_map.values())
    types_with_fields = [type_ for type_ in types if is_object_type(type_) or is_interface_type(type_)]
    fields = [field for type_ in types_with_fields for field in type_.fields.values()]

    def size(lengths: list[int], *, count: int) -> float:
        return float(max(lengths, default=0)) if greatest else sum(lengths) / count

    type_count = len(types)
    return {
        "types": type_count,
        "directives": len(schema.directives),
        "fields": size([len(type_.fields) for type_ in types_with_fields], count=type_count),
        "interfaces": size([len(type_.interfaces) for type_ in types_with_fields], count=type_count),
        "inputFields": size([len(type_.fields) for type_ in types if is_input_object_type(type_)], count=type_count),
        "enumValues": size([len(type_.values) for type_ in types if is_enum_type(type_)], count=type_count),
        "possibleTypes": size(
            [len(schema.get_possible_types(type_)) for type_ in types if is_abstract_type(type_)], count=type_count
        ),
        "args": size([len(field.args) for field in fields], count=max(len(fields), 1)),
        "ofType": _OF_TYPE_SHARE,
    }
