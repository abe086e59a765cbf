"""The base of conditions and effects: a stable kind, and fields described once for storage, input and output."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Self, Union, get_args, get_origin, get_type_hints

from app.domain.amounts import Money
from app.domain.details import Detail
from app.domain.i18n import Phrasebook


def rule_field(
    description: str, *, default: Any = dataclasses.MISSING, is_owner_supplied: bool = True, is_identifier: bool = False
) -> Any:
    """A field of a rule. `description` says what it holds, with unit and range.

    `is_owner_supplied` is False if Troth fills the field in. `is_identifier`: the texts of the field are compared with texts of
    receipts, both normalised (`app.domain.names`).
    """
    return dataclasses.field(
        default=default,
        metadata={"description": description, "is_owner_supplied": is_owner_supplied, "is_identifier": is_identifier},
    )


@dataclass(frozen=True, slots=True)
class RuleField:
    """A field of a kind of rule. `type` is the type of a single value; with `is_list` there are several, in a tuple or a set."""

    name: str
    type: type
    is_list: bool
    is_ordered: bool
    is_optional: bool
    description: str
    is_owner_supplied: bool
    is_identifier: bool
    default: Any

    @property
    def is_required(self) -> bool:
        """Whether the owner must supply the field."""
        return self.default is dataclasses.MISSING

    def collection_of(self, values: Iterable[Any]) -> Any:
        """The values of a list as the rule holds them: in a tuple or a set."""
        return tuple(values) if self.is_ordered else frozenset(values)


class Rule(ABC):
    """A condition or an effect.

    `kind` is its stable name in stored terms: it is never changed, and neither are the names of its fields.
    """

    __slots__ = ()

    kind: ClassVar[str]
    description: ClassVar[str]

    @abstractmethod
    def sentence(self, phrasebook: Phrasebook) -> str:
        """The rule as part of a sentence."""

    def validation_error(self) -> Detail | None:
        """Why the rule cannot be published, or None."""
        return None

    def is_unenforced(self) -> bool:
        """Whether this version of Troth does not enforce the rule, so that it cannot be published."""
        return False

    def amounts(self) -> tuple[Money, ...]:
        """The amounts of the rule; terms require the program's currency and values above 0."""
        values = [getattr(self, field.name) for field in fields_of(type(self)) if field.type is Money]
        return tuple(value for value in values if value is not None)

    def texts(self) -> tuple[str, ...]:
        """The texts supplied by the owner that sentences may print; terms require valid names."""
        values_by_field = [
            (field, getattr(self, field.name))
            for field in fields_of(type(self))
            if field.is_owner_supplied and field.type is str
        ]
        return tuple(
            text
            for field, value in values_by_field
            if value is not None
            for text in (value if field.is_list else (value,))
        )

    def to_data(self) -> dict[str, Any]:
        """The rule as JSON with its kind; fields with the default None are left out if they are None."""
        data: dict[str, Any] = {"kind": self.kind}
        for field in fields_of(type(self)):
            value = getattr(self, field.name)
            if value is not None or field.default is not None:
                data[field.name] = _to_json(value)
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The rule that `to_data` wrote; fields added since have their defaults. Raises ValueError, TypeError."""
        fields = {field.name: field for field in fields_of(cls)}
        return cls(**{name: _from_json(value, field=fields[name]) for name, value in data.items() if name != "kind"})

    @classmethod
    def from_data_of_any_kind(cls, data: Mapping[str, Any]) -> Rule:
        """The stored rule of the kind that `data` names. Condition and Effect override this method, to find the class of the kind."""
        return cls.from_data(data)


@cache
def fields_of(rule_type: type[Rule]) -> tuple[RuleField, ...]:
    """The fields of a kind of rule in their order."""
    hints = get_type_hints(rule_type)
    return tuple(_field_of(field, hints[field.name]) for field in dataclasses.fields(rule_type))  # type: ignore[arg-type]  # every rule is a dataclass


def _field_of(field: dataclasses.Field[Any], hint: Any) -> RuleField:
    is_optional = get_origin(hint) in (Union, UnionType)
    if is_optional:
        (hint,) = (arg for arg in get_args(hint) if arg is not NoneType)
    is_list = get_origin(hint) in (frozenset, tuple)
    return RuleField(
        name=field.name,
        type=get_args(hint)[0] if is_list else hint,
        is_list=is_list,
        is_ordered=get_origin(hint) is tuple,
        is_optional=is_optional,
        description=field.metadata["description"],
        is_owner_supplied=field.metadata["is_owner_supplied"],
        is_identifier=field.metadata["is_identifier"],
        default=field.default,
    )


def _to_json(value: Any) -> Any:
    if isinstance(value, Rule):
        return value.to_data()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Money):
        return [value.minor, value.currency]
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset):
        return [_to_json(item) for item in sorted_values(value)]
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    return value


def sorted_values(values: frozenset[Any]) -> tuple[Any, ...]:
    """The values of a set: enum members in order of declaration, others sorted."""
    first = next(iter(values), None)
    if isinstance(first, Enum):
        return tuple(member for member in type(first) if member in values)
    return tuple(sorted(values))


def _from_json(data: Any, *, field: RuleField) -> Any:
    if data is None:
        return None
    if field.is_list:
        return field.collection_of(_value_from_json(value, value_type=field.type) for value in data)
    return _value_from_json(data, value_type=field.type)


def _value_from_json(data: Any, *, value_type: Any) -> Any:
    if issubclass(value_type, Rule):
        return value_type.from_data_of_any_kind(data)
    if value_type is Money:
        return Money(*data)
    if value_type in (time, date):
        return value_type.fromisoformat(data)
    return data if value_type in (int, str, bool) else value_type(data)
