"""Results of commands, and how they are stored under idempotency keys: as JSON with a kind.

Every command has a small result class of its own, in the module of the command or in `commands.py` of its folder. A
result holds ids, the decision and the balances after it, and no personal data. It is stored for ever and returned
unchanged when the idempotency key is repeated, so a kind and the names of its fields never change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType, NoneType, UnionType
from typing import Any, ClassVar, Generic, Self, TypeVar, Union, get_args, get_origin, get_type_hints

from app.domain.decisions import Decision
from app.domain.ledger.entries import Balance
from app.domain.terms.version import Terms
from app.domain.units import Unit

NOT_STORED: Mapping[str, bool] = MappingProxyType({"stored": False})
"""The metadata of a field that only a new result has; such a field has a default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """The result of a command. `kind` is stored with it and says of which class it is.

    `first_carried_out_at`: if the idempotency key is repeated, the program's time at which the command was carried out; None if
    it was carried out just now.
    """

    kind: ClassVar[str]
    first_carried_out_at: datetime | None = field(default=None, compare=False, metadata=NOT_STORED)

    def without_personal_values(self) -> Self:
        """The result as it is stored and shown: decisions without values that reveal a date of birth."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedResult(CommandResult):
    """A result with a decision of the terms, and the balances after it.

    `terms` is the version that decided, so that it need not be read again to show a new result; None in a stored result, whose
    decision has its number.
    """

    decision: Decision
    balances: Mapping[Unit, Balance]
    terms: Terms | None = field(default=None, compare=False, metadata=NOT_STORED)

    def without_personal_values(self) -> Self:
        """The result as it is stored and shown: decisions without values that reveal a date of birth."""
        if self.terms is None or not self.terms.required_facts.profile_conditions:
            return self
        return replace(self, decision=self.decision.without_personal_values())


ResultType = TypeVar("ResultType", bound=CommandResult)
Result_co = TypeVar("Result_co", bound=CommandResult, covariant=True)


@dataclass(frozen=True, slots=True)
class Execution(Generic[Result_co]):
    """The result of a command; `repeated`: it had been carried out before, under the same idempotency key."""

    result: Result_co
    repeated: bool


class UnknownKindError(LookupError):
    """A stored result has a kind that its command does not have."""


@dataclass(frozen=True, slots=True)
class _StoredField:
    """A stored field of a result; without `encode` and `decode` its value is stored in JSON as it is."""

    name: str
    read: Callable[[CommandResult], Any]
    default: Any
    encode: Callable[[Any], Any] | None = None
    decode: Callable[[Any], Any] | None = None


_FIELDS: dict[type[CommandResult], tuple[_StoredField, ...]] = {}
_KINDS: dict[str, type[CommandResult]] = {}


def stored_as(kind: str) -> Callable[[type[ResultType]], type[ResultType]]:
    """Register a result class (a dataclass) under its kind. Raises ValueError if another class has the kind."""

    def register(result_class: type[ResultType]) -> type[ResultType]:
        if kind in _KINDS:
            raise ValueError(f"the kind {kind} is that of {_KINDS[kind].__name__} already")
        stored_fields = _stored_fields(result_class)
        result_class.kind = kind
        _KINDS[kind], _FIELDS[result_class] = result_class, stored_fields
        return result_class

    return register


def registered_kinds() -> Mapping[str, type[CommandResult]]:
    """The result classes of all modules imported so far, by their kinds."""
    return MappingProxyType(_KINDS)


def encode(result: CommandResult) -> dict[str, Any]:
    """The result as JSON: its kind, and the fields that differ from their default."""
    data: dict[str, Any] = {"kind": result.kind}
    for stored_field in _FIELDS[type(result)]:
        value = stored_field.read(result)
        if value == stored_field.default:
            continue
        data[stored_field.name] = value if stored_field.encode is None or value is None else stored_field.encode(value)
    return data


def decode(data: Mapping[str, Any], *, kinds: Mapping[str, type[ResultType]]) -> ResultType:
    """The result from JSON; `kinds` are those that it may have. Raises UnknownKindError for any other kind."""
    result_class = kinds.get(data.get("kind", ""))
    if result_class is None:
        kind_text = f"the kind {data['kind']!r}" if "kind" in data else "no kind"
        raise UnknownKindError(f"a stored result has {kind_text}; known here: {', '.join(sorted(kinds))}")
    return result_class(
        **{
            stored_field.name: value if stored_field.decode is None or value is None else stored_field.decode(value)
            for stored_field in _FIELDS[result_class]
            if (value := data.get(stored_field.name, MISSING)) is not MISSING
        }
    )


def _stored_fields(result_class: type[CommandResult]) -> tuple[_StoredField, ...]:
    """How each declared field is stored. Raises TypeError for a type that cannot be stored."""
    types = get_type_hints(result_class)
    return tuple(
        _StoredField(
            each_field.name,
            attrgetter(each_field.name),
            each_field.default,
            *_coding(types[each_field.name]),
        )
        for each_field in fields(result_class)
        if each_field.metadata.get("stored", True)
    )


def _coding(declared: Any) -> tuple[Callable[[Any], Any] | None, Callable[[Any], Any] | None]:
    """The functions that encode and decode a value of a declared type, other than None."""
    members = get_args(declared) if get_origin(declared) in (Union, UnionType) else (declared,)
    options = tuple(option for option in members if option is not NoneType)
    if options and all(isinstance(option, type) and issubclass(option, CommandResult) for option in options):
        kinds: dict[str, type[CommandResult]] = {option.kind: option for option in options}
        return encode, lambda data: decode(data, kinds=kinds)
    if len(options) == 1:
        for value_type, coding in _CODINGS:
            if options[0] == value_type:
                return coding
    raise TypeError(f"no coding for a field of type {declared}")


def _balances_data(balances: Mapping[Unit, Balance]) -> dict[str, Any]:
    return {unit.value: balance.to_data() for unit, balance in balances.items()}


def _balances_of(data: Mapping[str, Mapping[str, int]]) -> dict[Unit, Balance]:
    return {Unit(unit): Balance.from_data(value) for unit, value in data.items()}


_CODINGS: tuple[tuple[Any, tuple[Callable[[Any], Any] | None, Callable[[Any], Any] | None]], ...] = (
    (str, (None, None)),
    (int, (None, None)),
    (bool, (None, None)),
    (tuple[str, ...], (list, tuple)),
    (datetime, (datetime.isoformat, datetime.fromisoformat)),
    (Decision, (Decision.to_data, Decision.from_data)),
    (Mapping[Unit, Balance], (_balances_data, _balances_of)),
)
