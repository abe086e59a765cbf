"""The codes that a server responds with: every enum value in its responses, according to the schema."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    parse,
)

from app.api.schema import schema
from app.domain.access import Role
from app.graphql_server.schema.core_schema import core_schema
from tests.shop import Shop

CORE = core_schema(schema)
_Composite = GraphQLObjectType | GraphQLInterfaceType
Codes = dict[str, set[str]]
"""Values by the name of their enum."""


def codes_of_the_schema() -> Codes:
    """Every value of every enum in a response type; enums of inputs alone do not count."""
    found: Codes = {}
    for name, type_ in CORE.type_map.items():
        if not isinstance(type_, _Composite) or name.startswith("__"):
            continue
        for value in (get_named_type(each.type) for each in type_.fields.values()):
            if isinstance(value, GraphQLEnumType):
                found[value.name] = set(value.values)
    return found


@dataclass(slots=True)
class CodeRecorder:
    """The enum values in the responses so far."""

    seen: Codes = field(default_factory=dict)

    def record(self, query: str, data: Mapping[str, Any] | None) -> None:
        """Records the enum values in the response to a document of one operation."""
        document = parse(query)
        (operation,) = (
            definition for definition in document.definitions if isinstance(definition, OperationDefinitionNode)
        )
        root = CORE.get_root_type(operation.operation)
        assert root is not None
        self._object(operation.selection_set, root, data, _fragments(document))

    def _object(
        self, selected: SelectionSetNode, of: Any, data: Any, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        if data is None:
            return
        for selection in selected.selections:
            if isinstance(selection, FieldNode):
                key = selection.alias.value if selection.alias else selection.name.value
                if key in data and selection.name.value in of.fields:
                    self._value(selection, of.fields[selection.name.value].type, data[key], fragments)
            elif isinstance(selection, InlineFragmentNode):
                inner = CORE.type_map[selection.type_condition.name.value] if selection.type_condition else of
                self._object(selection.selection_set, inner, data, fragments)
            elif isinstance(selection, FragmentSpreadNode):
                spread = fragments[selection.name.value]
                self._object(spread.selection_set, CORE.type_map[spread.type_condition.name.value], data, fragments)

    def _value(self, node: FieldNode, of: Any, data: Any, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        named = get_named_type(of)
        for value in data if isinstance(data, list) else [data]:
            if value is not None and isinstance(named, GraphQLEnumType):
                self.seen.setdefault(named.name, set()).add(value)
            elif node.selection_set is not None:
                self._object(node.selection_set, named, value, fragments)


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }


_DECISION = """{ outcome lines { number excluded { code } }
  reasons { verdict code clause { kind } statement remedies { code statement } } }"""
_QUARANTINED = "{ id kind state implausibleTime }"
_ENTRY = "{ id type points correction actor { role } cause { kind occurredAt statement } }"
_ASKED = {
    "userErrors": "{ code path }",
    "decision": _DECISION,
    "quarantined": _QUARANTINED,
    "pending": "{ id state code }",
    "entry": _ENTRY,
    "received": _ENTRY,
    "clawbackEntry": _ENTRY,
    "redemption": "{ id state }",
    "purchase": "{ id channel lines { kind } }",
    "customer": "{ id state identities { kind } preferences { kind } }",
    "from": "{ id state }",
    "program": "{ kind formOfAddress receiptNumbers }",
    "terms": "{ version status clauses { kind } changes { effectOnCustomer } }",
    "notices": "{ deliveries { channel } }",
    "preview": "{ id state }",
    "refund": f"{{ decision {_DECISION} }}",
    "reward": "{ id }",
    "location": "{ id }",
    "accessKey": "{ id role state }",
    "replaced": "{ id role state }",
    "token": "",
    "clock": "",
    "complete": "",
}
"""What is asked of a payload, wherever it has such a field."""

CUSTOMER = f"""query($by: CustomerBy!) {{ customer(by: $by) {{ id state identities {{ kind }} preferences {{ kind }}
  tier {{ period reasons {{ verdict code statement }} }} tierChanges {{ decision {_DECISION} }}
  notices {{ effectOnCustomer changes {{ effectOnCustomer }} }} expiryNotices {{ deliveries {{ channel }} }}
  ledger(first: 100) {{ nodes {{ id type points correction occurredAt actor {{ role }}
    cause {{ kind occurredAt statement }} counterparties {{ state }} decision {_DECISION} }} }} }} }}"""
BASKET = f"""query($by: CustomerBy!, $basket: BasketInput!) {{ basketCheck(customer: $by, basket: $basket) {{
  decision {_DECISION} clauses {{ clause {{ key kind }} refusal {{ code }}
    reasons {{ verdict code remedies {{ code }} }} almostMet {{ code }} }} }} }}"""
OFFERS = f"""query($by: CustomerBy!) {{ rewards(for: $by) {{ nodes {{ available decision {_DECISION}
  refusal {{ code }} }} }} }}"""
TRIED = """query($clauses: [ClauseInput!]!, $from: DateTime) { termsCheck(clauses: $clauses, effectiveFrom: $from) {
  effectOnCustomer changes { effectOnCustomer } findings { code } userErrors { code path } } }"""


@dataclass
class RecordedShop(Shop):
    """A shop that records the codes in all responses."""

    codes: CodeRecorder = field(default_factory=CodeRecorder)

    def execute(self, query: str, **more: Any) -> Any:
        """Sends a request, records the codes in the response, and returns its data."""
        data = super().execute(query, **more)
        self.codes.record(query, data)
        return data

    def mutate(self, mutation: str, *, role: Role = Role.OWNER, token: str | None = None, **given: Any) -> Any:
        """The payload of a mutation, with every field that has codes."""
        asked = CORE.get_root_type(_mutation())
        assert asked is not None
        payload = get_named_type(asked.fields[mutation].type)
        known = " ".join(f"{name} {_ASKED[name]}" for name in payload.fields if name in _ASKED)
        takes = asked.fields[mutation].args["input"].type
        document = f"mutation($input: {takes}) {{ {mutation}(input: $input) {{ {known} }} }}"
        input = {"idempotencyKey": uuid.uuid4().hex, **given}
        return self.execute(document, role=role, key=token, input=input)[mutation]

    def refusals(self, mutation: str, **given: Any) -> list[str]:
        """The codes of the user errors of a mutation."""
        return [error["code"] for error in self.mutate(mutation, **given)["userErrors"]]

    def succeed(self, mutation: str, **given: Any) -> Any:
        """The payload of a mutation without user errors."""
        payload = self.mutate(mutation, **given)
        assert payload["userErrors"] == [], (mutation, payload["userErrors"])
        return payload

    def customer(self, card: str, **more: Any) -> Any:
        """A customer with the ledger."""
        return self.execute(CUSTOMER, role=more.pop("role", Role.OWNER), by={"card": card}, **more)["customer"]


def _mutation() -> Any:
    return parse("mutation { __typename }").definitions[0].operation  # type: ignore[attr-defined]
