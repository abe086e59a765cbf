"""Words: every rule and code says itself in every language, with the same placeholders, and a changed rule reads differently."""

from __future__ import annotations

import os
import string
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.domain.conditions import CONDITIONS
from app.domain.decisions import ReasonCode, RemedyCode
from app.domain.effects import EFFECTS, STANDARD
from app.domain.effects.points_per_amount import PointsPerAmount
from app.domain.effects.reward_cost import RewardCost
from app.domain.printing import TextFormat, printed
from app.domain.problems import ProblemCode
from app.domain.terms import Clause
from app.domain.wording import CATALOGUES, Locale, locale_for, wording
from tests.builders import pounds, some_terms
from tests.rules import CONDITION_VARIANTS, EFFECT_VARIANTS

GOLDEN = Path(__file__).parents[1] / "domain" / "golden"


def placeholders(message: object) -> set[str]:
    """The names in braces, of all plural forms together."""
    texts = list(message.values()) if isinstance(message, Mapping) else [str(message)]
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_the_same_sentences_with_the_same_placeholders() -> None:
    english = CATALOGUES[Locale.EN]
    for locale, catalogue in CATALOGUES.items():
        assert set(catalogue) == set(english), locale
        for key, message in catalogue.items():
            assert placeholders(message) == placeholders(english[key]), (locale, key)
            texts = message.values() if isinstance(message, Mapping) else [message]
            assert all(text for text in texts), (locale, key)


def test_every_code_has_its_words() -> None:
    english = CATALOGUES[Locale.EN]
    wanted = [f"reason.{code.value}" for code in ReasonCode]
    wanted += [f"remedy.{code.value}" for code in RemedyCode]
    wanted += [f"error.{code.value}" for code in ProblemCode]
    assert [key for key in wanted if key not in english] == []


def test_traditional_chinese_is_written_in_traditional_characters() -> None:
    foreign = set()
    for key, message in CATALOGUES[Locale.ZH_HANT].items():
        for text in message.values() if isinstance(message, Mapping) else [message]:
            # The encoding of Taiwan holds what is written there, and hardly a simplified character.
            if text.encode("cp950", "ignore").decode("cp950") != text:
                foreign.add(key)
    assert foreign == set()


def test_no_kind_of_rule_is_left_out_of_these_tests() -> None:
    assert {one.kind for one in CONDITION_VARIANTS} == {one.kind for one in CONDITIONS}
    assert {one.kind for one in EFFECT_VARIANTS} == {one.kind for one in EFFECTS}
    assert {type(effect) for _, effect in STANDARD} <= {type(one) for one in EFFECT_VARIANTS}


@pytest.mark.parametrize("locale", Locale)
def test_rules_that_differ_read_differently(locale: Locale) -> None:
    say = wording(locale)
    for variants in (CONDITION_VARIANTS, EFFECT_VARIANTS):
        said: dict[str, object] = {}
        for one in variants:
            sentence = one.sentence(say)
            assert sentence not in said, (sentence, one, said[sentence])
            said[sentence] = one


@pytest.mark.parametrize("locale", Locale)
def test_the_golden_file_of_a_language_shows_how_every_rule_reads(locale: Locale) -> None:
    """Rewritten with TROTH_REWRITE_GOLDEN=1, to be read by somebody who reads the language."""
    say = wording(locale)
    spend = PointsPerAmount(1, pounds("1.00"))
    lines = [f"# {locale.value}", "", "## Effects alone", ""]
    lines += [f"- {Clause('k', '1', (), one).statement(say)}" for one in EFFECT_VARIANTS]
    lines += ["", "## Conditions of an earning clause", ""]
    lines += [f"- {Clause('k', '1', (one,), spend).statement(say)}" for one in CONDITION_VARIANTS]
    lines += ["", "## Conditions of a reward", ""]
    lines += [
        f"- {Clause('k', '1', (one,), RewardCost('cake', 50, 'Cake')).statement(say)}" for one in CONDITION_VARIANTS
    ]
    together = (CONDITION_VARIANTS[4], CONDITION_VARIANTS[14], CONDITION_VARIANTS[0], CONDITION_VARIANTS[25])
    lines += ["", "## Several conditions", "", f"- {Clause('k', '1', together, spend).statement(say)}"]
    lines += ["", "## Whole terms", "", printed(some_terms(), format=TextFormat.PLAIN, say=say)]
    text = "\n".join(lines)
    file = GOLDEN / f"{locale.value}.md"
    if os.environ.get("TROTH_REWRITE_GOLDEN") == "1":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("asked", "locale"),
    [
        (None, Locale.EN),
        ("", Locale.EN),
        ("fr", Locale.EN),
        ("de-AT", Locale.DE),
        ("zh", Locale.ZH_HANS),
        ("zh-CN", Locale.ZH_HANS),
        ("zh-TW", Locale.ZH_HANT),
        ("zh-HK", Locale.ZH_HANT),
        ("zh-Hant-CN", Locale.ZH_HANT),
        ("fr, de;q=0.8, en;q=0.9", Locale.EN),
        ("fr;q=1, zh-TW;q=0.8, de;q=0.7", Locale.ZH_HANT),
        ("de;q=0, en;q=0.1", Locale.EN),
        ("en;q=.5, de;q=.7", Locale.DE),
        ("de;q=²", Locale.EN),
        ("de;q=", Locale.EN),
        ("zh_HK", Locale.ZH_HANT),
        ("yue", Locale.ZH_HANT),
        ("zh-Hans-TW", Locale.ZH_HANS),
        (";;;q=x,,", Locale.EN),
    ],
)
def test_the_language_asked_for_is_the_language_given(asked: str | None, locale: Locale) -> None:
    assert locale_for(asked) is locale
