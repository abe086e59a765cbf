"""The cost of introspection: how many values it shows, of which graphql-core makes each one singly.

Lists count as long as those of this schema are: on average below `types`, as the longest one where a type is named.
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
"""The cost of `__schema` or `__type`, in addition to what they show; all of it where the answer is kept."""

VALUES_PER_COST = 10
"""Values of introspection that take as long as one unit of the cost of a purchase: 0.1 ms where a purchase takes 3.5."""

MAX_INTROSPECTION_COST = 10_000
"""About a second of work, and four times what the usual introspection costs."""

_PER_OBJECT = 2
"""What an object costs in addition to its values."""

_OF_TYPE = 0.5
"""How many types have an `ofType`, at each step."""


class IntrospectionCosts:
    """The costs of introspection in one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._average = _sizes(schema, longest=False)
        self._longest = _sizes(schema, longest=True)

    def of(self, node: FieldNode, *, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
        """The cost of a valid root field that asks about the schema."""
        walk = _Walk(fragments, self._longest, self._average)
        return INTROSPECTION_COST + ceil(walk.values(node.selection_set) / VALUES_PER_COST)


@dataclass
class _Walk:
    """Walks the selections of one field; each fragment once in a list of types and once elsewhere."""

    fragments: Mapping[str, FragmentDefinitionNode]
    sizes: Mapping[str, float]
    below_types: Mapping[str, float]

    def __post_init__(self) -> None:
        self._known: dict[tuple[str, bool], float] = {}

    def values(self, selected: SelectionSetNode | None, *, listed: bool = False) -> float:
        """The values that the selections of one object show; `listed` in a list of types."""
        total = 0.0
        for selection in selected.selections if selected is not None else ():
            if isinstance(selection, FragmentSpreadNode):
                total += self._fragment(selection.name.value, listed=listed)
            elif isinstance(selection, InlineFragmentNode):
                total += self.values(selection.selection_set, listed=listed)
            elif isinstance(selection, FieldNode):
                name = selection.name.value
                sizes = self.below_types if listed else self.sizes
                inner = self.values(selection.selection_set, listed=listed or name == "types")
                total += 1 + sizes.get(name, 1.0) * (inner + _PER_OBJECT if selection.selection_set else 0)
        return total

    def _fragment(self, name: str, *, listed: bool) -> float:
        key = (name, listed)
        if key not in self._known:
            self._known[key] = self.values(self.fragments[name].selection_set, listed=listed)
        return self._known[key]


def _sizes(schema: GraphQLSchema, *, longest: bool) -> dict[str, float]:
    """How many objects each field of the introspection shows: on average over the types, or at most."""
    types = list(schema.type_map.values())
    with_fields = [type_ for type_ in types if is_object_type(type_) or is_interface_type(type_)]
    fields = [field for type_ in with_fields for field in type_.fields.values()]

    def size(lengths: list[int], *, of: int) -> float:
        return float(max(lengths, default=0)) if longest else sum(lengths) / of

    number = len(types)
    return {
        "types": number,
        "directives": len(schema.directives),
        "fields": size([len(type_.fields) for type_ in with_fields], of=number),
        "interfaces": size([len(type_.interfaces) for type_ in with_fields], of=number),
        "inputFields": size([len(type_.fields) for type_ in types if is_input_object_type(type_)], of=number),
        "enumValues": size([len(type_.values) for type_ in types if is_enum_type(type_)], of=number),
        "possibleTypes": size(
            [len(schema.get_possible_types(type_)) for type_ in types if is_abstract_type(type_)], of=number
        ),
        "args": size([len(field.args) for field in fields], of=max(len(fields), 1)),
        "ofType": _OF_TYPE,
    }
