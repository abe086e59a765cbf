"""The limits on the size of an operation, checked in one linear walk before any costlier step.

Every definition is walked once, and the fields of fragments are then summed once per fragment: nested fragments that
multiply cost no more than the length of their text. This comes before graphql-core's validation, some of whose
rules cost more than the square of the number of fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
)

from app.graphql_server.limits.document_metrics import (
    OPERATION_TOO_COMPLEX,
    Definition,
    Metrics,
    measure_definition,
    too_complex,
)

MAX_TOKENS = 1_500
MAX_OPERATIONS = 50
MAX_DEPTH = 12
MAX_INTROSPECTION_DEPTH = 16
MAX_INTROSPECTION_LISTS = 4
MAX_ALIASES = 30
MAX_ROOT_FIELDS = 20
MAX_MUTATIONS = 5
MAX_FIELDS = 1_000

_PLENTY = 10**9


@dataclass(frozen=True, slots=True)
class Operation:
    """A measured operation: every `Type.field` it can reach, and whether it asks about the schema itself."""

    node: OperationDefinitionNode
    needed: frozenset[str]
    introspects: bool
    only_introspects: bool
    """Does it ask for nothing else, so that its answer never changes?"""


@dataclass(frozen=True, slots=True)
class Measured:
    """A document within the limits: its operations by name; an anonymous one has the name None."""

    operations: Mapping[str | None, Operation]

    @property
    def needed(self) -> frozenset[str]:
        """What all operations together can reach."""
        return frozenset[str]().union(*(operation.needed for operation in self.operations.values()))


def parse_document(text: str) -> DocumentNode:
    """The document of a text. Raises GraphQLError with a code: a syntax error, or a text too long or deep."""
    try:
        return parse(text, max_lexical_tokens=MAX_TOKENS, max_comments=MAX_TOKENS)
    except GraphQLError as error:
        over = "Document contains more than" in error.message or "nested too deeply" in error.message
        error.extensions = {
            **(error.extensions or {}),
            "code": OPERATION_TOO_COMPLEX if over else "GRAPHQL_PARSE_FAILED",
        }
        raise


def measure(document: DocumentNode, *, schema: GraphQLSchema) -> Measured | list[GraphQLError]:
    """The operations of a document with what each needs, or every limit that it exceeds."""
    try:
        return _measured(document, schema=schema)
    except GraphQLError as error:
        return [error]


def _measured(document: DocumentNode, *, schema: GraphQLSchema) -> Measured | list[GraphQLError]:
    operations = [definition for definition in document.definitions if isinstance(definition, OperationDefinitionNode)]
    if len(operations) > MAX_OPERATIONS:
        raise too_complex(f"A document may hold at most {MAX_OPERATIONS} operations.")
    walked: dict[str, Definition] = {}
    for fragment in document.definitions:
        if isinstance(fragment, FragmentDefinitionNode):
            name = fragment.name.value
            if name in walked:
                raise _invalid(f"There can be only one fragment named '{name}'.", fragment)
            parent = schema.get_type(fragment.type_condition.name.value)
            walked[name] = measure_definition(fragment, parent=parent, schema=schema)
    totals = _totals(walked)
    if any(total.fields > MAX_FIELDS for total in totals.values()):
        raise too_complex(f"A fragment may have at most {MAX_FIELDS} fields, those of fragments counted at every use.")
    found: dict[str | None, Operation] = {}
    errors: list[GraphQLError] = []
    for node in operations:
        definition = measure_definition(node, parent=schema.get_root_type(node.operation), schema=schema)
        total = _total(definition, totals=totals)
        errors.extend(_excesses(node, total))
        needed = _reachable(definition, walked=walked)
        introspects = any(text.endswith((".__schema", ".__type")) for text in needed)
        found[node.name.value if node.name else None] = Operation(
            node, needed, introspects, only_introspects=introspects and total.own_roots == 0
        )
    return errors or Measured(found)


def _excesses(node: OperationDefinitionNode, total: Metrics) -> Iterator[GraphQLError]:
    introspection = total.roots > 0 and total.own_roots == 0
    depth = MAX_INTROSPECTION_DEPTH if introspection else MAX_DEPTH
    roots = MAX_MUTATIONS if node.operation is OperationType.MUTATION else MAX_ROOT_FIELDS
    for number, most, may in (
        (total.depth, depth, "be nested at most {} levels deep"),
        (total.aliases, MAX_ALIASES, "have at most {} aliases"),
        (total.roots, roots, "have at most {} root fields"),
        (total.fields, MAX_FIELDS, "have at most {} fields, those of fragments counted at every use"),
        (total.lists, MAX_INTROSPECTION_LISTS, "not follow the lists of the introspection from type to type to type"),
    ):
        if number > most:
            yield too_complex(f"The operation may {may.format(most)}.", node)


def _invalid(message: str, node: FragmentDefinitionNode | None = None) -> GraphQLError:
    return GraphQLError(message, node, extensions={"code": "GRAPHQL_VALIDATION_FAILED"})


def _total(definition: Definition, *, totals: Mapping[str, Metrics]) -> Metrics:
    total = replace(definition.metrics)
    for spread in definition.spreads:
        inside = totals.get(spread.name)
        if inside is None:
            continue  # validation reports unknown fragments
        total.depth = max(total.depth, spread.depth + inside.depth)
        total.lists = max(total.lists, spread.lists + inside.lists)
        total.aliases = min(total.aliases + inside.aliases, _PLENTY)
        total.fields = min(total.fields + inside.fields, _PLENTY)
        if spread.depth == 0:
            total.roots = min(total.roots + inside.roots, _PLENTY)
            total.own_roots = min(total.own_roots + inside.own_roots, _PLENTY)
    return total


def _totals(walked: Mapping[str, Definition]) -> dict[str, Metrics]:
    """The metrics of every fragment with its spreads. Raises GraphQLError when a fragment spreads itself."""
    totals: dict[str, Metrics] = {}
    entered: set[str] = set()
    stack = list(walked)
    while stack:
        name = stack[-1]
        if name in totals:
            stack.pop()
            continue
        waiting = {
            spread.name for spread in walked[name].spreads if spread.name in walked and spread.name not in totals
        }
        if waiting & entered or name in waiting:
            raise _invalid(f"The fragment '{name}' may not be used within itself.")
        if waiting:
            entered.add(name)
            stack.extend(waiting)
            continue
        stack.pop()
        entered.discard(name)
        totals[name] = _total(walked[name], totals=totals)
    return totals


def _reachable(definition: Definition, *, walked: Mapping[str, Definition]) -> frozenset[str]:
    needed = set(definition.needed)
    waiting = {spread.name for spread in definition.spreads}
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in walked:
            continue
        seen.add(name)
        needed |= walked[name].needed
        waiting.update(spread.name for spread in walked[name].spreads)
    return frozenset(needed)
