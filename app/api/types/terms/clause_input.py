"""Clauses as an owner writes them: an input for each kind of condition and effect, made from what the kind says of itself.

One model serves GraphQL, YAML and storage: what a kind is made of stands in `app.domain`, once.
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
from app.domain.details import count, detail
from app.domain.names import normalised_identifier
from app.domain.terms.clause import Clause
from app.domain.terms.conditions import CONDITIONS
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.effects import EFFECTS
from app.domain.terms.rule import Rule, RuleField, fields_of, sorted_values
from app.domain.terms.validation import MAX_CLAUSES, MAX_CONDITIONS, MAX_GROUP_DEPTH, DraftedClause, TermsError

_NESTED = Annotated["ConditionInput", strawberry.lazy("app.api.types.terms.clause_input")]

_INPUT_NAMES = {"rounding": "RoundingRuleInput"}
"""Input types with a name that does not follow from the kind."""


def _type(part: RuleField) -> Any:
    """The GraphQL type of a field."""
    first: Any = part.type
    if issubclass(part.type, Condition):
        first = _NESTED
    elif part.type is Money:
        first = Decimal
    whole = list[first] if part.many else first
    return whole | None if part.optional or part.default in (None, frozenset()) else whole


def _default(part: RuleField) -> Any:
    if part.required:
        return {}
    if part.many and part.default:
        return {"default_factory": lambda: list(sorted_values(part.default))}
    return {"default": None if part.default in (None, frozenset()) else part.default}


def _input_name(kind: type[Rule]) -> str:
    """The name of the input type: in the schema for good, and therefore made from the kind and not from the class."""
    return _INPUT_NAMES.get(kind.kind) or "".join(word.title() for word in kind.kind.split("_")) + "Input"


def _input(kind: type[Rule]) -> type:
    """The input type of a kind."""
    given = [part for part in fields_of(kind) if part.owner_supplied]
    body: dict[str, Any] = {part.name: strawberry.field(description=part.about, **_default(part)) for part in given}
    body["__annotations__"] = {part.name: _type(part) for part in given}
    body["__doc__"] = kind.about
    return strawberry.input(type(_input_name(kind), (), body), description=kind.about)


def _tagged_union_input(name: str, kinds: Sequence[type[Rule]], *, description: str) -> type:
    """The input that takes exactly one of the kinds; a kind without fields takes the value true."""
    body: dict[str, Any] = {
        kind.kind: strawberry.field(default=strawberry.UNSET, description=kind.about) for kind in kinds
    }
    body["__annotations__"] = {kind.kind: (_input(kind) if fields_of(kind) else bool) | None for kind in kinds}
    body["__doc__"] = description
    return strawberry.input(type(name, (), body), one_of=True, description=description)


ConditionInput: Any = _tagged_union_input(
    "ConditionInput",
    CONDITIONS,
    description=f"One condition: exactly one of these. Groups may stand in one another, at most {MAX_GROUP_DEPTH} deep.",
)
EffectInput: Any = _tagged_union_input("EffectInput", EFFECTS, description="What a clause does: exactly one of these.")


@strawberry.input(description="One clause: when all conditions hold, the effect applies.")
class ClauseInput:
    """A clause of a draft."""

    key: str = strawberry.field(description="Your name for it, a-z, 0-9 and dashes, 1 to 40; keep it over versions.")
    conditions: list[_NESTED] | None = strawberry.field(
        default=None, description=f"At most {MAX_CONDITIONS}, all must hold."
    )
    effect: Annotated[EffectInput, strawberry.lazy("app.api.types.terms.clause_input")] = strawberry.field(
        description="What it does."
    )


def drafted_clauses(sent: Sequence[ClauseInput], *, currency: str) -> list[DraftedClause]:
    """The clauses of a draft. Raises TermsError with the way to what is wrong."""
    if not 1 <= len(sent) <= MAX_CLAUSES:
        raise TermsError(("clauses",), count(1, MAX_CLAUSES))
    return [_clause(clause, currency=currency, path=("clauses", str(index))) for index, clause in enumerate(sent)]


def _clause(sent: ClauseInput, *, currency: str, path: tuple[str, ...]) -> DraftedClause:
    conditions = sent.conditions or []
    if len(conditions) > MAX_CONDITIONS:
        raise TermsError((*path, "conditions"), detail("COUNT_MOST", most=MAX_CONDITIONS))
    return (
        sent.key,
        tuple(
            _built(nested, kinds=CONDITIONS, currency=currency, path=(*path, "conditions", str(index)))
            for index, nested in enumerate(conditions)
        ),
        _built(sent.effect, kinds=EFFECTS, currency=currency, path=(*path, "effect")),
    )


def _built(sent: object, *, kinds: Sequence[type[Rule]], currency: str, path: tuple[str, ...]) -> Any:
    """The rule that a one-of input asks for."""
    for kind in kinds:
        given = getattr(sent, kind.kind)
        if given is None or given is strawberry.UNSET:
            continue
        path = (*path, to_camel_case(kind.kind))
        if given is False:
            raise TermsError(path, detail("TRUE_OR_NOTHING"))
        values = {part.name: getattr(given, part.name) for part in fields_of(kind) if part.owner_supplied}
        return kind(
            **{
                part.name: _value(values[part.name], part=part, currency=currency, path=path)
                for part in fields_of(kind)
                if part.owner_supplied and not (values[part.name] is None and not part.required)
            }
        )
    raise TermsError(path, detail("ONE_KIND"))


def _value(sent: Any, *, part: RuleField, currency: str, path: tuple[str, ...]) -> Any:
    path = (*path, to_camel_case(part.name))
    if part.many:
        if issubclass(part.type, Condition):
            return part.collection_of(
                _built(value, kinds=CONDITIONS, currency=currency, path=(*path, str(index)))
                for index, value in enumerate(sent)
            )
        return part.collection_of(_item_value(value, part=part) for value in sent)
    if part.type is not Money:
        return _item_value(sent, part=part)
    try:
        return Money.of(sent, currency)
    except AmountError as error:
        raise TermsError(path, error.detail) from error


def _item_value(sent: Any, *, part: RuleField) -> Any:
    """A single value; the space around a text is no part of it, and what identifies something has one spelling."""
    if type(sent) is not str:
        return sent
    return normalised_identifier(sent) if part.identifying else sent.strip()


def input_values_of(clause: Clause) -> dict[str, Any]:
    """A clause as the input that would publish it, in plain values: what `drafted_clauses` reads."""
    conditions = [_rule_values(condition) for condition in clause.conditions]
    return {
        "key": clause.key,
        **({"conditions": conditions} if conditions else {}),
        "effect": _rule_values(clause.effect),
    }


def _rule_values(rule: Rule) -> dict[str, Any]:
    fields = {}
    for part in fields_of(type(rule)):
        value = getattr(rule, part.name)
        if part.owner_supplied and value is not None and value != frozenset():
            fields[to_camel_case(part.name)] = _plain(value)
    return {to_camel_case(rule.kind): fields if fields_of(type(rule)) else True}


def _plain(value: Any) -> Any:
    if isinstance(value, Rule):
        return _rule_values(value)
    if isinstance(value, frozenset):
        return [_plain(item) for item in sorted_values(value)]
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Money):
        return str(value.decimal())
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
