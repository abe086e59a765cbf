"""What is wrong with an input, as data: the key of a sentence and the values in it.

The sentences are in the catalogues of `app.domain.i18n` under `detail.<KEY>`; `app.domain.i18n.details` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Detail:
    """A sentence that says what is wrong and, where there is a next step, what would be right.

    Numbers and amounts among the values are written as in the language of the reader, texts as they are.
    """

    key: str
    values: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return " ".join([self.key, *(f"{name}={value}" for name, value in self.values)])


def detail(key: str, /, **values: Any) -> Detail:
    """The detail of a key of the catalogues, with the values of its placeholders."""
    return Detail(key, tuple(values.items()))


def value_range(least: int, most: int) -> Detail:
    """The detail of a value outside its range."""
    return detail("RANGE", least=least, most=most)


def length(least: int, most: int) -> Detail:
    """The detail of a text that is too short or too long, in characters."""
    return detail("LENGTH", least=least, most=most)


def count(least: int, most: int) -> Detail:
    """The detail of a list with too few or too many entries."""
    return detail("COUNT", least=least, most=most)


def key_format(most: int = 40, *, least: int = 1) -> Detail:
    """The detail of a key with other characters than a-z, 0-9 and hyphens, or with too many of them."""
    return detail("KEY", least=least, most=most)


class InvalidValueError(ValueError):
    """A value that cannot be used. Its detail does not contain what identifies a person."""

    def __init__(self, detail: Detail) -> None:
        super().__init__(str(detail))
        self.detail = detail


class InvalidFieldError(InvalidValueError):
    """A field that cannot be used; `path` leads to it."""

    def __init__(self, path: tuple[str | int, ...], detail: Detail) -> None:
        super().__init__(detail)
        self.path = path
