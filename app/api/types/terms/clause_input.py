"""Clauses as an owner writes them: an input for each kind of condition and effect, made from the fields that the kind declares.

One model serves GraphQL, YAML and storage: the fields of a kind are declared once, in `app.domain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from app.domain.amounts import AmountError, Money
from app.domain.details import count_detail, detail_of
from app.domain.names import normalised_identifier
from app.domain.terms.clause import Clause
from app.domain.terms.conditions import CONDITIONS
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.effects import EFFECTS
from app.domain.terms.rule import Rule, RuleField, fields_of, sorted_values
from app.domain.terms.validation import MAX_CLAUSES, MAX_CONDITIONS, MAX_GROUP_DEPTH, DraftedClause, TermsError

_NestedCondition = Annotated["ConditionInput", strawberry.lazy("app.api.types.terms.clause_input")]

_INPUT_NAMES = {"rounding": "RoundingRuleInput"}
"""Input types with a name that does not follow from the kind."""


def _graphql_type(field: RuleField) -> Any:
    """The GraphQL type of a field."""
    item_type: Any = field.type
    if issubclass(field.type, Condition):
        item_type = _NestedCondition
    elif field.type is Money:
        item_type = Decimal
    graphql_type = list[item_type] if field.is_list else item_type
    return graphql_type | None if field.is_optional or field.default in (None, frozenset()) else graphql_type


def _default_argument(field: RuleField) -> Any:
    if field.is_required:
        return {}
    if field.is_list and field.default:
        return {"default_factory": lambda: list(sorted_values(field.default))}
    return {"default": None if field.default in (None, frozenset()) else field.default}


def _input_name(kind: type[Rule]) -> str:
    """The name of the input type. It stays in the schema for good, so it is made from the kind's name, not from the class."""
    return _INPUT_NAMES.get(kind.kind) or "".join(word.title() for word in kind.kind.split("_")) + "Input"


def _input(kind: type[Rule]) -> type:
    """The input type of a kind."""
    owner_fields = [field for field in fields_of(kind) if field.is_owner_supplied]
    body: dict[str, Any] = {
        field.name: strawberry.field(description=field.description, **_default_argument(field))
        for field in owner_fields
    }
    body["__annotations__"] = {field.name: _graphql_type(field) for field in owner_fields}
    body["__doc__"] = kind.description
    return strawberry.input(type(_input_name(kind), (), body), description=kind.description)


def _tagged_union_input(name: str, kinds: Sequence[type[Rule]], *, description: str) -> type:
    """The input that takes exactly one of the kinds; a kind without fields takes the value true."""
    body: dict[str, Any] = {
        kind.kind: strawberry.field(default=strawberry.UNSET, description=kind.description) for kind in kinds
    }
    body["__annotations__"] = {kind.kind: (_input(kind) if fields_of(kind) else bool) | None for kind in kinds}
    body["__doc__"] = description
    return strawberry.input(type(name, (), body), one_of=True, description=description)


ConditionInput: Any = _tagged_union_input(
    "ConditionInput",
    CONDITIONS,
    description=f"One condition: exactly one of these. Groups may be nested, at most {MAX_GROUP_DEPTH} deep.",
)
EffectInput: Any = _tagged_union_input("EffectInput", EFFECTS, description="What a clause does: exactly one of these.")


@strawberry.input(description="One clause: when all conditions hold, the effect applies.")
class ClauseInput:
    """A clause of a draft."""

    key: str = strawberry.field(description="Your name for it, a-z, 0-9 and dashes, 1 to 40; keep it over versions.")
    conditions: list[_NestedCondition] | None = strawberry.field(
        default=None, description=f"At most {MAX_CONDITIONS}, all must hold."
    )
    effect: Annotated[EffectInput, strawberry.lazy("app.api.types.terms.clause_input")] = strawberry.field(
        description="What it does."
    )


def drafted_clauses(clauses: Sequence[ClauseInput], *, currency: str) -> list[DraftedClause]:
    """The clauses of a draft. Raises TermsError with the path to what is wrong."""
    if not 1 <= len(clauses) <= MAX_CLAUSES:
        raise TermsError(("clauses",), count_detail(1, MAX_CLAUSES))
    return [
        _drafted_clause(clause, currency=currency, path=("clauses", str(index))) for index, clause in enumerate(clauses)
    ]


def _drafted_clause(clause: ClauseInput, *, currency: str, path: tuple[str, ...]) -> DraftedClause:
    conditions = clause.conditions or []
    if len(conditions) > MAX_CONDITIONS:
        raise TermsError((*path, "conditions"), detail_of("COUNT_MOST", most=MAX_CONDITIONS))
    return (
        clause.key,
        tuple(
            _rule(nested, kinds=CONDITIONS, currency=currency, path=(*path, "conditions", str(index)))
            for index, nested in enumerate(conditions)
        ),
        _rule(clause.effect, kinds=EFFECTS, currency=currency, path=(*path, "effect")),
    )


def _rule(input_by_kind: object, *, kinds: Sequence[type[Rule]], currency: str, path: tuple[str, ...]) -> Any:
    """The rule, of one of the kinds, that a @oneOf input contains. Raises TermsError."""
    for kind in kinds:
        rule_input = getattr(input_by_kind, kind.kind)
        if rule_input is None or rule_input is strawberry.UNSET:
            continue
        path = (*path, to_camel_case(kind.kind))
        if rule_input is False:
            raise TermsError(path, detail_of("TRUE_OR_NOTHING"))
        values = {field.name: getattr(rule_input, field.name) for field in fields_of(kind) if field.is_owner_supplied}
        return kind(
            **{
                field.name: _field_value(values[field.name], field=field, currency=currency, path=path)
                for field in fields_of(kind)
                if field.is_owner_supplied and not (values[field.name] is None and not field.is_required)
            }
        )
    raise TermsError(path, detail_of("ONE_KIND"))


def _field_value(input_value: Any, *, field: RuleField, currency: str, path: tuple[str, ...]) -> Any:
    path = (*path, to_camel_case(field.name))
    if field.is_list:
        if issubclass(field.type, Condition):
            return field.collection_of(
                _rule(nested, kinds=CONDITIONS, currency=currency, path=(*path, str(index)))
                for index, nested in enumerate(input_value)
            )
        return field.collection_of(_item_value(item, field=field) for item in input_value)
    if field.type is not Money:
        return _item_value(input_value, field=field)
    try:
        return Money.of(input_value, currency)
    except AmountError as error:
        raise TermsError(path, error.detail) from error


def _item_value(item: Any, *, field: RuleField) -> Any:
    """A single value: a text without surrounding spaces, and normalised if it identifies something."""
    if type(item) is not str:
        return item
    return normalised_identifier(item) if field.is_identifier else item.strip()


def input_values_of(clause: Clause) -> dict[str, Any]:
    """A clause as the input that would publish it, in plain values (see `ClauseInput`)."""
    conditions = [_rule_values(condition) for condition in clause.conditions]
    return {
        "key": clause.key,
        **({"conditions": conditions} if conditions else {}),
        "effect": _rule_values(clause.effect),
    }


def _rule_values(rule: Rule) -> dict[str, Any]:
    fields = {}
    for field in fields_of(type(rule)):
        value = getattr(rule, field.name)
        if field.is_owner_supplied and value is not None and value != frozenset():
            fields[to_camel_case(field.name)] = _plain_value(value)
    return {to_camel_case(rule.kind): fields if fields_of(type(rule)) else True}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Rule):
        return _rule_values(value)
    if isinstance(value, frozenset):
        return [_plain_value(item) for item in sorted_values(value)]
    if isinstance(value, tuple):
        return [_plain_value(item) for item in value]
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Money):
        return str(value.decimal())
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
