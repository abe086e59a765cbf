"""Details of problems: every one that the code makes is a sentence in every language, and every sentence is used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from string import Formatter

import pytest

from app.domain import details
from app.domain.amounts import Money
from app.domain.details import Detail, detail_of
from app.domain.i18n import CATALOGUES, phrasebook_in
from app.domain.i18n.details import detail_sentence, in_english
from app.domain.i18n.locales import Locale

APP = Path(__file__).parents[2] / "app"
CATALOGUE = "i18n"
SHORT = {
    "range_detail": details.range_detail(1, 2),
    "length_detail": details.length_detail(1, 2),
    "count_detail": details.count_detail(1, 2),
    "key_detail": details.key_detail(),
}
"""The functions for details that are made in many places."""


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of a name in the code, with its file."""
    for path in sorted(APP.rglob("*.py")):
        if CATALOGUE not in path.parts:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    yield str(path.relative_to(APP)), node


def keys_in(node: ast.expr) -> set[str]:
    """The keys that an expression may be: a text, or one of two."""
    if isinstance(node, ast.IfExp):
        return keys_in(node.body) | keys_in(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def placeholders(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def entries(locale: Locale) -> dict[str, str]:
    """The sentences of a language by their keys."""
    found = {key.removeprefix("detail."): text for key, text in CATALOGUES[locale].items() if key.startswith("detail.")}
    assert all(isinstance(text, str) for text in found.values())
    return {key: str(text) for key, text in found.items()}


@pytest.mark.parametrize("locale", list(Locale))
def test_every_detail_is_a_sentence_with_the_same_values_in_every_language(locale: Locale) -> None:
    known, english = entries(locale), entries(Locale.EN)
    assert known.keys() == english.keys()
    assert len(known) > 100
    for key, text in known.items():
        assert placeholders(text) == placeholders(english[key]), key
        assert text.endswith((".", "。")), key
        assert (locale is Locale.EN) == (text == english[key]), key


def test_every_detail_of_the_code_has_its_sentence_and_its_values() -> None:
    known = entries(Locale.EN)
    made = 0
    for file, call in calls():
        assert isinstance(call.func, ast.Name)
        if call.func.id == "detail_of" and file != "domain/details.py":
            given = {argument.arg for argument in call.keywords}
            for key in keys_in(call.args[0]):
                made += 1
                assert placeholders(known[key]) == given, f"{file}: {key}"
    assert made > 100
    for short in SHORT.values():
        assert placeholders(known[short.key]) == dict(short.values).keys()


def test_every_sentence_is_used() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted(APP.rglob("*.py")) if CATALOGUE not in path.parts
    )
    assert [key for key in entries(Locale.EN) if f'"{key}"' not in code] == []


def test_no_problem_has_a_detail_that_is_a_text_of_one_language() -> None:
    plain = [
        f"{file}:{call.lineno}"
        for file, call in calls()
        if isinstance(call.func, ast.Name) and call.func.id == "Problem"
        for argument in call.keywords
        if argument.arg == "detail" and isinstance(argument.value, (ast.Constant, ast.JoinedStr))
    ]
    assert plain == []


def test_values_are_written_as_in_the_language_of_the_reader() -> None:
    large, exact = details.range_detail(1, 1_000_000), detail_of("LINE_LEFT", number=2, quantity=Decimal("0.500"))
    price = detail_of("PRICE_LEFT", amount=Money(1250, "EUR"))
    german = phrasebook_in(Locale.DE)
    assert in_english(large) == "Use a value from 1 to 1,000,000."
    assert detail_sentence(large, phrasebook=german) == "Zulässig sind Werte von 1 bis 1.000.000."
    assert in_english(exact) == "Of line 2, 0.5 can still be refunded."
    assert detail_sentence(exact, phrasebook=german) == "Von Position 2 lassen sich noch 0,5 zurückgeben."
    assert in_english(price) == "Of its price, €12.50 can still be refunded."
    assert re.fullmatch(r"Vom Preis lassen sich noch 12,50\s€ erstatten\.", detail_sentence(price, phrasebook=german))
    assert str(Detail("RANGE", (("least", 1), ("most", 2)))) == "RANGE least=1 most=2"
