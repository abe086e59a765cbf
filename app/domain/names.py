"""Normalisation of names and identifiers.

Names and descriptions are printed in binding sentences, so they contain nothing invisible. Numbers and ids are compared,
so they have one spelling.
"""

from __future__ import annotations

import re
import unicodedata

from app.domain.details import Detail, InvalidValueError, detail, length

MAX_LENGTH = 200
"""Characters of a name."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, formatting, halves of pairs, separators of lines and paragraphs: Unicode's general categories."""
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""What shows nothing though its category does not say so: fillers, blanks, and selectors of another shape."""
_JOINERS = frozenset("\u200c\u200d")
"""Formatting that letters of some scripts, and emoji, are written with."""
_EMPTY = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that show nothing."""
_QUOTING = frozenset("“”„‟«»‹›「」『』﹁﹂﹃﹄｢｣〝〞〟＂")
"""What sentences set names apart with: “a” and “b” are two names, and must not be one."""


def normalised_identifier(text: str) -> str:
    """The one spelling of a text that identifies something: a receipt's number, a card, an id of another system.

    NFKC-normalised (full-width digits are digits), without control and invisible marks, without the space around it;
    line breaks are controls. Case, leading zeros and inner space stay. The result may be empty; callers reject that.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    spelled = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    visible = "".join(character for character in spelled if unicodedata.category(character) not in _UNSEEN)
    # Letters separated by an invisible mark may now combine.
    return unicodedata.normalize("NFKC", visible).strip()


class InvalidNameError(InvalidValueError):
    """An invalid name."""


def normalised_name(
    text: str, *, max_length: int = MAX_LENGTH, paragraphs: bool = False, rejects_quotation_marks: bool = False
) -> str:
    """The name without the space around it. Raises InvalidNameError.

    Rejected are blank text, more than `max_length` characters, and what changes a sentence invisibly: control and formatting
    characters, such as the marks that change the direction of text. `paragraphs` allows line breaks; `rejects_quotation_marks` rejects
    quotation marks as well, for names that sentences quote.
    """
    name = text.strip()
    if len(name) > max_length:
        raise InvalidNameError(length(1, max_length))
    for character in name:
        if (
            unicodedata.category(character) in _UNSEEN
            and character not in _JOINERS
            and not (paragraphs and character == "\n")
        ):
            raise InvalidNameError(detail("CONTROL_CHARACTERS", character=f"U+{ord(character):04X}"))
    if rejects_quotation_marks and (marks := _QUOTING.intersection(name)):
        raise InvalidNameError(detail("QUOTATION_MARKS", mark=min(marks)))
    if all(character.isspace() or character in _JOINERS or character in _EMPTY for character in name):
        raise InvalidNameError(detail("LENGTH_NOT_BLANK", most=max_length))
    return name


def name_error(text: str, *, max_length: int = MAX_LENGTH, rejects_quotation_marks: bool = False) -> Detail | None:
    """Why a text is not a valid name, or None."""
    try:
        return (
            None
            if normalised_name(text, max_length=max_length, rejects_quotation_marks=rejects_quotation_marks) == text
            else detail("SURROUNDING_SPACE")
        )
    except InvalidNameError as error:
        return error.detail
