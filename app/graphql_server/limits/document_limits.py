"""The limits on the size of an operation, checked in one linear walk before any costlier step.

Every definition is walked once, and the fields of fragments are then summed once per fragment: the walk takes no longer for
nested fragments that multiply their fields. It comes before graphql-core's validation, because some rules of that cost more
than the square of the number of fields.
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
MAX_INTROSPECTION_LIST_WEIGHT = 4
MAX_ALIASES = 30
MAX_ROOT_FIELDS = 20
MAX_MUTATIONS = 5
MAX_FIELDS = 1_000

_MAX_SUM = 10**9
"""Sums stop here, because nested fragments can multiply their fields without end."""


@dataclass(frozen=True, slots=True)
class MeasuredOperation:
    """An operation with every `Type.field` that it can reach, and whether it asks about the schema itself."""

    node: OperationDefinitionNode
    reachable_fields: frozenset[str]
    introspects: bool
    only_introspects: bool
    """Does it ask for nothing else, so that its answer never changes?"""


@dataclass(frozen=True, slots=True)
class MeasuredDocument:
    """A document within the limits: its operations by name; an anonymous operation has the name None."""

    operations: Mapping[str | None, MeasuredOperation]

    @property
    def reachable_fields(self) -> frozenset[str]:
        """Every `Type.field` that any of the operations can reach."""
        return frozenset[str]().union(*(operation.reachable_fields for operation in self.operations.values()))


def parse_document(text: str) -> DocumentNode:
    """The document of a text. Raises GraphQLError with a code: a syntax error, or a text too long or deep."""
    try:
        return parse(text, max_lexical_tokens=MAX_TOKENS, max_comments=MAX_TOKENS)
    except GraphQLError as error:
        is_too_large = "Document contains more than" in error.message or "nested too deeply" in error.message
        error.extensions = {
            **(error.extensions or {}),
            "code": OPERATION_TOO_COMPLEX if is_too_large else "GRAPHQL_PARSE_FAILED",
        }
        raise


def measure(document: DocumentNode, *, schema: GraphQLSchema) -> MeasuredDocument | list[GraphQLError]:
    """The document with its measured operations, or an error for every limit that it exceeds."""
    try:
        return _measured_document(document, schema=schema)
    except GraphQLError as error:
        return [error]


def _measured_document(document: DocumentNode, *, schema: GraphQLSchema) -> MeasuredDocument | list[GraphQLError]:
    operations = [definition for definition in document.definitions if isinstance(definition, OperationDefinitionNode)]
    if len(operations) > MAX_OPERATIONS:
        raise too_complex(f"A document may hold at most {MAX_OPERATIONS} operations.")
    fragments: dict[str, Definition] = {}
    for fragment in document.definitions:
        if isinstance(fragment, FragmentDefinitionNode):
            name = fragment.name.value
            if name in fragments:
                raise _invalid_fragment(f"There can be only one fragment named '{name}'.", fragment)
            parent = schema.get_type(fragment.type_condition.name.value)
            fragments[name] = measure_definition(fragment, parent=parent, schema=schema)
    fragment_totals = _fragment_totals(fragments)
    if any(total.fields > MAX_FIELDS for total in fragment_totals.values()):
        raise too_complex(f"A fragment may have at most {MAX_FIELDS} fields, those of fragments counted at every use.")
    measured_operations: dict[str | None, MeasuredOperation] = {}
    errors: list[GraphQLError] = []
    for node in operations:
        definition = measure_definition(node, parent=schema.get_root_type(node.operation), schema=schema)
        total = _with_spreads(definition, totals=fragment_totals)
        errors.extend(_excess_errors(node, total))
        reachable_fields = _reachable_fields(definition, fragments=fragments)
        introspects = any(text.endswith((".__schema", ".__type")) for text in reachable_fields)
        measured_operations[node.name.value if node.name else None] = MeasuredOperation(
            node, reachable_fields, introspects, only_introspects=introspects and total.own_root_fields == 0
        )
    return errors or MeasuredDocument(measured_operations)


def _excess_errors(node: OperationDefinitionNode, total: Metrics) -> Iterator[GraphQLError]:
    only_introspects = total.root_fields > 0 and total.own_root_fields == 0
    max_depth = MAX_INTROSPECTION_DEPTH if only_introspects else MAX_DEPTH
    max_root_fields = MAX_MUTATIONS if node.operation is OperationType.MUTATION else MAX_ROOT_FIELDS
    for count, maximum, rule in (
        (total.depth, max_depth, "be nested at most {} levels deep"),
        (total.aliases, MAX_ALIASES, "have at most {} aliases"),
        (total.root_fields, max_root_fields, "have at most {} root fields"),
        (total.fields, MAX_FIELDS, "have at most {} fields, those of fragments counted at every use"),
        (
            total.list_weight,
            MAX_INTROSPECTION_LIST_WEIGHT,
            "not follow the lists of the introspection from type to type to type",
        ),
    ):
        if count > maximum:
            yield too_complex(f"The operation may {rule.format(maximum)}.", node)


def _invalid_fragment(message: str, node: FragmentDefinitionNode | None = None) -> GraphQLError:
    return GraphQLError(message, node, extensions={"code": "GRAPHQL_VALIDATION_FAILED"})


def _with_spreads(definition: Definition, *, totals: Mapping[str, Metrics]) -> Metrics:
    """The metrics of a definition and of all fragments below it. `totals` has the same for each fragment, by name."""
    total = replace(definition.metrics)
    for spread in definition.spreads:
        fragment_total = totals.get(spread.name)
        if fragment_total is None:
            continue  # validation reports unknown fragments
        total.depth = max(total.depth, spread.depth + fragment_total.depth)
        total.list_weight = max(total.list_weight, spread.list_weight + fragment_total.list_weight)
        total.aliases = min(total.aliases + fragment_total.aliases, _MAX_SUM)
        total.fields = min(total.fields + fragment_total.fields, _MAX_SUM)
        if spread.depth == 0:
            total.root_fields = min(total.root_fields + fragment_total.root_fields, _MAX_SUM)
            total.own_root_fields = min(total.own_root_fields + fragment_total.own_root_fields, _MAX_SUM)
    return total


def _fragment_totals(fragments: Mapping[str, Definition]) -> dict[str, Metrics]:
    """The metrics of every fragment and of all fragments below it. Raises GraphQLError when a fragment is used in itself."""
    totals: dict[str, Metrics] = {}
    in_progress: set[str] = set()
    stack = list(fragments)
    while stack:
        name = stack[-1]
        if name in totals:
            stack.pop()
            continue
        not_summed = {
            spread.name for spread in fragments[name].spreads if spread.name in fragments and spread.name not in totals
        }
        if not_summed & in_progress or name in not_summed:
            raise _invalid_fragment(f"The fragment '{name}' may not be used within itself.")
        if not_summed:
            in_progress.add(name)
            stack.extend(not_summed)
            continue
        stack.pop()
        in_progress.discard(name)
        totals[name] = _with_spreads(fragments[name], totals=totals)
    return totals


def _reachable_fields(definition: Definition, *, fragments: Mapping[str, Definition]) -> frozenset[str]:
    """The field names of a definition and of all fragments below it."""
    field_names = set(definition.field_names)
    pending = {spread.name for spread in definition.spreads}
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen or name not in fragments:
            continue
        seen.add(name)
        field_names |= fragments[name].field_names
        pending.update(spread.name for spread in fragments[name].spreads)
    return frozenset(field_names)
