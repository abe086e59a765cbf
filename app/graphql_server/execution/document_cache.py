"""Prepared documents: parsed, measured and validated once, and cached by their text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from graphql import FragmentDefinitionNode, GraphQLError, GraphQLSchema, OperationType, validate
from graphql.execution.collect_fields import FragmentDetails
from graphql.validation import validation_context
from graphql.validation.rules import overlapping_fields_can_be_merged

from app.graphql_server.execution.compiled_variables import Coerce, Variables
from app.graphql_server.execution.executor import CollectedCache, CompiledCache
from app.graphql_server.http.errors import BAD_INPUT
from app.graphql_server.limits.cost_analysis import Cost, FieldCosts, cost_of
from app.graphql_server.limits.document_limits import MeasuredOperation, measure, parse_document
from app.graphql_server.limits.document_metrics import too_complex
from app.graphql_server.limits.introspection_cost import IntrospectionCosts

MAX_CACHED_DOCUMENTS = 512
MAX_CACHED_LENGTH = 16_000
MAX_CACHED_CHARACTERS = 500_000
"""Maximum number of characters of all cached texts: a parsed document takes over a hundred times the memory of its text."""

MAX_ERRORS = 10

MAX_COMPARISONS = 10_000
"""The limit on comparing fields in validation, in units of graphql-core; a large operation needs less than a hundred.
Documents of callers without a key are validated, too, so it has to stay cheap."""

overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = MAX_COMPARISONS
validation_context.MAX_FRAGMENT_WORK = MAX_COMPARISONS


_GAVE_UP = "Validation aborted."
"""graphql-core's message when validation exceeds its limit."""


class InvalidDocumentError(Exception):
    """A document that cannot be executed, with a GraphQLError, which has a code, for every reason."""

    def __init__(self, errors: list[GraphQLError]):
        super().__init__("invalid document")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class PreparedOperation:
    """A valid operation with its measurements, fragments, variables and cost."""

    measured: MeasuredOperation
    variables: Variables
    fragments: Mapping[str, FragmentDetails]
    cost: Cost
    collected_cache: CollectedCache | None
    """The fields of its objects, collected on first use; None if @skip or @include may change them."""
    compiled_cache: CompiledCache | None
    """The compiled selections of those objects."""


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """The operations of a valid document by name."""

    operations: Mapping[str | None, PreparedOperation]

    def operation(self, name: str | None) -> PreparedOperation:
        """The operation with this name; without a name, the document's only operation. Raises InvalidDocumentError."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        operation = self.operations.get(name) if name is not None else None
        if operation is not None:
            return operation
        message = "The document has no operation of that name."
        if not self.operations:
            message = "The document has no operation."
        elif name is None:
            message = "The document has several operations: say which as `operationName`."
        raise InvalidDocumentError([GraphQLError(message, extensions={"code": BAD_INPUT})])


class DocumentCache:
    """The documents used most recently. Long texts are not cached: they contain values, not variables, and are rarely sent again."""

    def __init__(self, schema: GraphQLSchema, *, costs: FieldCosts | None = None) -> None:
        """`costs` is what the schema declares about the costs of its fields; without it a field costs the objects it shows."""
        self._schema = schema
        self._costs = costs if costs is not None else FieldCosts()
        self._introspection = IntrospectionCosts(schema)
        self._cached: OrderedDict[str, PreparedDocument] = OrderedDict()
        self._cached_characters = 0
        self._coercers: dict[str, Coerce] = {}

    def cached(self, text: str) -> PreparedDocument | None:
        """The document of a text if it is in the cache; otherwise None."""
        document = self._cached.get(text)
        if document is not None:
            self._cached.move_to_end(text)
        return document

    def get(self, text: str) -> PreparedDocument:
        """The document of a text. Raises InvalidDocumentError."""
        return self.cached(text) or self.prepare(text)

    def prepare(self, text: str) -> PreparedDocument:
        """Prepare the document of a text that is not in the cache. Raises InvalidDocumentError."""
        document = self._prepare(text)
        if len(text) <= MAX_CACHED_LENGTH:
            self._cached[text] = document
            self._cached_characters += len(text)
            while len(self._cached) > MAX_CACHED_DOCUMENTS or self._cached_characters > MAX_CACHED_CHARACTERS:
                oldest, _ = self._cached.popitem(last=False)
                self._cached_characters -= len(oldest)
        return document

    def _prepare(self, text: str) -> PreparedDocument:
        try:
            document = parse_document(text)
        except GraphQLError as error:
            raise InvalidDocumentError([error]) from None
        measured = measure(document, schema=self._schema)
        if isinstance(measured, list):
            raise InvalidDocumentError(measured)
        operations = measured.operations
        if any(operation.node.operation is OperationType.SUBSCRIPTION for operation in operations.values()):
            rejection = GraphQLError("Subscriptions are not offered.", extensions={"code": "GRAPHQL_VALIDATION_FAILED"})
            raise InvalidDocumentError([rejection])
        errors = validate(self._schema, document, max_errors=MAX_ERRORS, hide_suggestions=True)
        if any(error.message == _GAVE_UP for error in errors):
            raise InvalidDocumentError(
                [too_complex("The operation asks for too many fields that have to be compared with each other.")]
            )
        if errors:
            raise InvalidDocumentError(errors)
        fragment_definitions = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        fragments = {name: FragmentDetails(definition) for name, definition in fragment_definitions.items()}
        collected_cache: CollectedCache | None = None if "@" in text else {}
        return PreparedDocument(
            {
                name: PreparedOperation(
                    measured=operation,
                    variables=Variables(operation.node, schema=self._schema, coercers=self._coercers),
                    fragments=fragments,
                    cost=cost_of(
                        operation.node,
                        fragments=fragment_definitions,
                        schema=self._schema,
                        costs=self._costs,
                        introspection=self._introspection,
                    ),
                    collected_cache=collected_cache,
                    compiled_cache=None if collected_cache is None else {},
                )
                for name, operation in operations.items()
            }
        )
