"""How a clause becomes one sentence: its effect and its conditions, in the order in which each language says them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, NamedTuple

from app.domain.i18n.locales import Locale

if TYPE_CHECKING:
    from app.domain.i18n import Phrasebook


class Position(IntEnum):
    """What a condition is about. A sentence names its conditions in this order.

    MEMBER: tier and segments. PERSON: age, preferences, length of membership. CHOICE: alternatives. DEMAND: what the purchase
    must contain or come to. THESE: a demand on the goods that the sentence has just named ("for coffee, if you buy two of
    these"). LIMIT: how often.
    """

    OCCASION = 1
    TIME = 2
    PLACE = 3
    MEMBER = 4
    PERSON = 5
    CHOICE = 6
    DEMAND = 7
    THESE = 8
    EXCEPTION = 9
    LIMIT = 10
    BUDGET = 11


class GoodsForm(StrEnum):
    """How a sentence names goods: ON in "a point on coffee", EACH in "a point for each coffee", BUY in "if you buy coffee"."""

    ON = "on"
    EACH = "each"
    BUY = "buy"


class PlacedPhrase(NamedTuple):
    """A condition in words, with its position; the words of an exception say what is excluded."""

    position: Position
    words: str


_FRONT_POSITIONS = (
    *(Position.OCCASION, Position.DEMAND, Position.MEMBER, Position.PERSON),
    *(Position.TIME, Position.PLACE, Position.CHOICE),
)
"""A German sentence that does not begin with its effect begins with the first of these conditions that the clause has."""


_DEMAND_POSITIONS = (Position.DEMAND, Position.THESE)
_CHINESE = (Locale.ZH_HANS, Locale.ZH_HANT)


def joined_phrases(phrases: Sequence[PlacedPhrase], *, separator: str, same_position_separator: str) -> str:
    """Phrases of conditions that must all hold, in the order of their positions, with separators.

    `same_position_separator` stands between two at the same position, so that they are not read as one, and `separator`
    everywhere else.
    """
    sentence = ""
    previous_position: Position | None = None
    for phrase in _in_order(phrases):
        if previous_position is not None:
            sentence += same_position_separator if phrase.position is previous_position else separator
        sentence += phrase.words
        previous_position = phrase.position
    return sentence


def giving_sentence(effect: str, phrases: Sequence[PlacedPhrase], *, phrasebook: Phrasebook) -> str:
    """The sentence, without its full stop, of a clause that gives something."""
    main_phrases = [phrase for phrase in _in_order(phrases) if phrase.position < Position.EXCEPTION]
    if phrasebook.locale is Locale.DE:
        sentence = _german(effect, main_phrases)
    elif phrasebook.locale is Locale.EN:
        sentence = _english(effect, main_phrases, phrasebook=phrasebook)
    else:
        words_before = [phrase.words for phrase in main_phrases if phrase.position is not Position.THESE]
        demands_on_goods = [
            phrasebook("price.only.demand", condition=phrase.words)
            for phrase in main_phrases
            if phrase.position is Position.THESE
        ]
        sentence = phrasebook("clause.separator").join([*words_before, effect, *demands_on_goods])
    return sentence + _sentence_end("clause", phrases, phrasebook=phrasebook)


def _in_order(phrases: Sequence[PlacedPhrase]) -> list[PlacedPhrase]:
    return sorted(phrases, key=lambda phrase: phrase.position)


def _choices_last(phrases: Sequence[PlacedPhrase]) -> list[PlacedPhrase]:
    """The phrases with alternatives at the end, so that no other phrase is read as a part of the last alternative."""
    return sorted(phrases, key=lambda phrase: phrase.position is Position.CHOICE)


def _english(effect: str, main_phrases: Sequence[PlacedPhrase], *, phrasebook: Phrasebook) -> str:
    """Occasions, or else tiers and segments, come first; a comma precedes a phrase that must not be read with the one before."""
    occasions = [phrase for phrase in main_phrases if phrase.position is Position.OCCASION]
    fronts = occasions or [phrase for phrase in main_phrases if phrase.position is Position.MEMBER]
    sentence = " ".join([*(phrase.words for phrase in fronts), effect])
    previous_position: Position | None = None
    needs_comma = False
    for phrase in main_phrases:
        if phrase in fronts:
            continue
        reads_on = previous_position is None or (
            phrase.position >= Position.PERSON and previous_position is not Position.CHOICE
        )
        needs_comma = needs_comma or not (reads_on and phrase.words[:1].islower())
        sentence += (phrasebook("clause.separator") if needs_comma else " ") + phrase.words
        previous_position = phrase.position
    return sentence


def _german(effect: str, main_phrases: Sequence[PlacedPhrase]) -> str:
    """One phrase stands before the verb, all others behind it.

    `effect` has four parts, separated by |: what stands in front of the verb (may be empty), the verb, what is given, and the
    end of the sentence.
    """
    front, verb, complement, tail = effect.split("|")
    fronts = _FRONT_POSITIONS[:1] if front else _FRONT_POSITIONS
    first = next((phrase for position in fronts for phrase in main_phrases if phrase.position is position), None)
    middle = _choices_last([phrase for phrase in main_phrases if phrase is not first])
    early = [phrase.words for phrase in middle if phrase.position <= Position.PLACE]
    late = [phrase.words for phrase in middle if phrase.position > Position.PLACE]
    if first is not None:
        front_words = [front] if front else []
        return " ".join([first.words, verb, *early, *front_words, *late, complement]) + tail
    # With nothing in front, "gibt es" is "es gibt".
    beginning = [front, verb] if front else verb.split()[::-1]
    return " ".join([*beginning, *early, *late, complement]) + tail


def price_sentence(effect: str, phrases: Sequence[PlacedPhrase], *, phrasebook: Phrasebook) -> str:
    """The sentence, without its full stop, of a clause that prices a reward; the conditions follow with "only"."""
    main_phrases = [phrase for phrase in _in_order(phrases) if phrase.position < Position.EXCEPTION]
    # Chinese puts a comma between such conditions, English and German an "and".
    is_joined_by_and = phrasebook.locale not in _CHINESE
    conditions_in_words = [
        phrasebook(
            "price.only.demand" if phrase.position in _DEMAND_POSITIONS else "price.only", condition=phrase.words
        )
        for phrase in (_choices_last(main_phrases) if is_joined_by_and else main_phrases)
    ]
    sentence = effect
    if conditions_in_words:
        conditions = (
            phrasebook.listed(conditions_in_words, last="and")
            if is_joined_by_and
            else phrasebook("clause.separator").join(conditions_in_words)
        )
        sentence += phrasebook("price.but", conditions=conditions)
    return sentence + _sentence_end("price", phrases, phrasebook=phrasebook)


def _sentence_end(kind: str, phrases: Sequence[PlacedPhrase], *, phrasebook: Phrasebook) -> str:
    """The end of a sentence: exceptions, and the limits on uses and budgets. `kind` is the beginning of the catalogue's keys."""
    exceptions = [phrase.words for phrase in phrases if phrase.position is Position.EXCEPTION]
    keys = [f"{kind}.except", *[f"{kind}.except.more"] * len(exceptions)]
    exception_words = "".join(phrasebook(key, conditions=words) for key, words in zip(keys, exceptions, strict=False))
    limits = [
        phrasebook("clause.separator") + phrase.words
        for phrase in _in_order(phrases)
        if phrase.position > Position.EXCEPTION
    ]
    # Chinese puts exceptions last, after a semicolon.
    return "".join([*limits, exception_words] if phrasebook.locale in _CHINESE else [exception_words, *limits])
