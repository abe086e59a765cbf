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

    THESE is a demand on the goods that the sentence has just named ("for coffee, if you buy two of these").
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
    """How goods stand in a sentence: points on them, every item of them, buying one of them."""

    ON = "on"
    EACH = "each"
    BUY = "buy"


class PlacedPhrase(NamedTuple):
    """A condition in words; an exception says what is left out."""

    position: Position
    words: str


_FRONT = (
    *(Position.OCCASION, Position.DEMAND, Position.MEMBER, Position.PERSON),
    *(Position.TIME, Position.PLACE, Position.CHOICE),
)
"""What may stand at the beginning of a German sentence if its effect does not: the first of these that the clause has."""


_DEMANDS = (Position.DEMAND, Position.THESE)
_CHINESE = (Locale.ZH_HANS, Locale.ZH_HANT)


def joined(phrases: Sequence[PlacedPhrase], *, beside: str, apart: str) -> str:
    """Phrases that hold together, in their order, with a separator between them.

    It is `apart` between two at the same position, so that they are not read as one, and `beside` everywhere else.
    """
    sentence = ""
    before: Position | None = None
    for phrase in _in_order(phrases):
        sentence += ("" if before is None else apart if before is phrase.position else beside) + phrase.words
        before = phrase.position
    return sentence


def giving(effect: str, phrases: Sequence[PlacedPhrase], *, phrasebook: Phrasebook) -> str:
    """The sentence, without its full stop, of a clause that gives something."""
    main_phrases = [phrase for phrase in _in_order(phrases) if phrase.position < Position.EXCEPTION]
    if phrasebook.locale is Locale.DE:
        sentence = _german(effect, main_phrases)
    elif phrasebook.locale is Locale.EN:
        sentence = _english(effect, main_phrases, phrasebook=phrasebook)
    else:
        first = [phrase.words for phrase in main_phrases if phrase.position is not Position.THESE]
        these = [
            phrasebook("price.only.demand", condition=phrase.words)
            for phrase in main_phrases
            if phrase.position is Position.THESE
        ]
        sentence = phrasebook("clause.separator").join([*first, effect, *these])
    return sentence + _left_out("clause", phrases, phrasebook=phrasebook)


def _in_order(phrases: Sequence[PlacedPhrase]) -> list[PlacedPhrase]:
    return sorted(phrases, key=lambda phrase: phrase.position)


def _choices_last(phrases: Sequence[PlacedPhrase]) -> list[PlacedPhrase]:
    """The same with alternatives at the end, so that what follows does not read as a part of the last of them."""
    return sorted(phrases, key=lambda phrase: phrase.position is Position.CHOICE)


def _english(effect: str, main_phrases: Sequence[PlacedPhrase], *, phrasebook: Phrasebook) -> str:
    """Occasions and tiers come first; a comma stands before what could be read on without one."""
    occasions = [phrase for phrase in main_phrases if phrase.position is Position.OCCASION]
    fronts = occasions or [phrase for phrase in main_phrases if phrase.position is Position.MEMBER]
    sentence = " ".join([*(phrase.words for phrase in fronts), effect])
    before: Position | None = None
    apart = False
    for phrase in main_phrases:
        if phrase in fronts:
            continue
        follows_well = before is None or (phrase.position >= Position.PERSON and before is not Position.CHOICE)
        apart = apart or not (follows_well and phrase.words[:1].islower())
        sentence += (phrasebook("clause.separator") if apart else " ") + phrase.words
        before = phrase.position
    return sentence


def _german(effect: str, main_phrases: Sequence[PlacedPhrase]) -> str:
    """The verb comes second: one part before it, the others behind it. `effect` is four parts, set apart by |."""
    front, verb, given, tail = effect.split("|")
    fronts = _FRONT[:1] if front else _FRONT
    first = next((phrase for position in fronts for phrase in main_phrases if phrase.position is position), None)
    middle = _choices_last([phrase for phrase in main_phrases if phrase is not first])
    early = [phrase.words for phrase in middle if phrase.position <= Position.PLACE]
    late = [phrase.words for phrase in middle if phrase.position > Position.PLACE]
    if first is not None:
        own = [front] if front else []
        return " ".join([first.words, verb, *early, *own, *late, given]) + tail
    # With nothing in front, "gibt es" is "es gibt".
    begin = [front, verb] if front else verb.split()[::-1]
    return " ".join([*begin, *early, *late, given]) + tail


def pricing(effect: str, phrases: Sequence[PlacedPhrase], *, phrasebook: Phrasebook) -> str:
    """The sentence, without its full stop, of what a reward costs: its conditions say when alone it can be had."""
    main_phrases = [phrase for phrase in _in_order(phrases) if phrase.position < Position.EXCEPTION]
    # Chinese puts a comma between such conditions, English and German an "and".
    joined_by_and = phrasebook.locale not in _CHINESE
    only = [
        phrasebook("price.only.demand" if phrase.position in _DEMANDS else "price.only", condition=phrase.words)
        for phrase in (_choices_last(main_phrases) if joined_by_and else main_phrases)
    ]
    sentence = effect
    if only:
        conditions = phrasebook.listed(only, last="and") if joined_by_and else phrasebook("clause.separator").join(only)
        sentence += phrasebook("price.but", conditions=conditions)
    return sentence + _left_out("price", phrases, phrasebook=phrasebook)


def _left_out(kind: str, phrases: Sequence[PlacedPhrase], *, phrasebook: Phrasebook) -> str:
    """What a sentence ends with: exceptions, and how often it holds."""
    exceptions = [phrase.words for phrase in phrases if phrase.position is Position.EXCEPTION]
    keys = [f"{kind}.except", *[f"{kind}.except.more"] * len(exceptions)]
    left_out = "".join(phrasebook(key, conditions=words) for key, words in zip(keys, exceptions, strict=False))
    limits = [
        phrasebook("clause.separator") + phrase.words
        for phrase in _in_order(phrases)
        if phrase.position > Position.EXCEPTION
    ]
    # Chinese sets exceptions apart by a semicolon, so that they come last.
    return "".join([*limits, left_out] if phrasebook.locale in _CHINESE else [left_out, *limits])
