"""Details: what is wrong with an input, as the key of a sentence and the values in it.

The sentences are in the catalogues of `app.domain.i18n` under `detail.<KEY>`; `app.domain.i18n.details` fills in the
values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Detail:
    """The key and the values of a sentence that says what is wrong and, if possible, what would be right.

    In the sentence, numbers and amounts are written as in the language of the reader, texts as they are.
    """

    key: str
    values: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return " ".join([self.key, *(f"{name}={value}" for name, value in self.values)])


def detail_of(key: str, /, **values: Any) -> Detail:
    """The detail with a key of the catalogues and the values for the placeholders of its sentence."""
    return Detail(key, tuple(values.items()))


def range_detail(least: int, most: int) -> Detail:
    """The detail of a value outside its range."""
    return detail_of("RANGE", least=least, most=most)


def length_detail(least: int, most: int) -> Detail:
    """The detail of a text that is too short or too long, in characters."""
    return detail_of("LENGTH", least=least, most=most)


def count_detail(least: int, most: int) -> Detail:
    """The detail of a list with too few or too many entries."""
    return detail_of("COUNT", least=least, most=most)


def key_detail(most: int = 40, *, least: int = 1) -> Detail:
    """The detail of a key that is too short, too long, or has other characters than a-z, 0-9 and hyphens."""
    return detail_of("KEY", least=least, most=most)


class InvalidValueError(ValueError):
    """A value that cannot be used. The detail contains nothing that identifies a person."""

    def __init__(self, detail: Detail) -> None:
        super().__init__(str(detail))
        self.detail = detail


class InvalidFieldError(InvalidValueError):
    """A field whose value cannot be used; `path` leads to the field."""

    def __init__(self, path: tuple[str | int, ...], detail: Detail) -> None:
        super().__init__(detail)
        self.path = path
