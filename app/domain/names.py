"""Normalisation of names and identifiers.

Names and descriptions are printed in binding sentences, so they contain nothing invisible. Numbers and ids are
compared, so they have one spelling.
"""

from __future__ import annotations

import re
import unicodedata

from app.domain.details import Detail, InvalidValueError, detail_of, length_detail

MAX_NAME_LENGTH = 200
"""The most characters of a name."""

_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""General categories of Unicode: controls, formatting, surrogates, separators of lines and of paragraphs."""
_INVISIBLE_CHARACTERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Characters of other categories that show nothing: fillers, blanks, and variation selectors."""
_JOINERS = frozenset("\u200c\u200d")
"""Formatting characters that some scripts and emoji need."""
_BLANK_CHARACTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Characters that are letters or signs to Unicode, and show nothing: a name of these alone would be blank."""
_QUOTATION_MARKS = frozenset("“”„‟«»‹›「」『』﹁﹂﹃﹄｢｣〝〞〟＂")
"""Sentences put names in quotation marks: one name `a” and “b` would be read as two."""


def normalised_identifier(text: str) -> str:
    """The one spelling of a text that identifies something: a receipt's number, a card, an id of another system.

    It is normalised by NFKC (full-width digits become ordinary ones), and control characters, line breaks, invisible
    characters and surrounding space are removed. Case, leading zeros and inner space stay. The result may be empty.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    normalised = _INVISIBLE_CHARACTERS.sub("", unicodedata.normalize("NFKC", text))
    visible = "".join(
        character for character in normalised if unicodedata.category(character) not in _UNSEEN_CATEGORIES
    )
    # Letters separated by an invisible mark may now combine.
    return unicodedata.normalize("NFKC", visible).strip()


class InvalidNameError(InvalidValueError):
    """An invalid name."""


def normalised_name(
    text: str,
    *,
    max_length: int = MAX_NAME_LENGTH,
    allows_line_breaks: bool = False,
    rejects_quotation_marks: bool = False,
) -> str:
    """A valid name, without surrounding space. Raises InvalidNameError.

    A name is invalid if it is blank, longer than `max_length` characters, or contains control or formatting characters,
    such as the marks that change the direction of text: they would change a sentence invisibly. `allows_line_breaks` is
    for longer texts. `rejects_quotation_marks` is for names that sentences put in quotation marks.
    """
    name = text.strip()
    if len(name) > max_length:
        raise InvalidNameError(length_detail(1, max_length))
    for character in name:
        if (
            unicodedata.category(character) in _UNSEEN_CATEGORIES
            and character not in _JOINERS
            and not (allows_line_breaks and character == "\n")
        ):
            raise InvalidNameError(detail_of("CONTROL_CHARACTERS", character=f"U+{ord(character):04X}"))
    if rejects_quotation_marks and (marks := _QUOTATION_MARKS.intersection(name)):
        raise InvalidNameError(detail_of("QUOTATION_MARKS", mark=min(marks)))
    if all(character.isspace() or character in _JOINERS or character in _BLANK_CHARACTERS for character in name):
        raise InvalidNameError(detail_of("LENGTH_NOT_BLANK", most=max_length))
    return name


def name_error(text: str, *, max_length: int = MAX_NAME_LENGTH, rejects_quotation_marks: bool = False) -> Detail | None:
    """Why a text is not a valid name; None if it is one."""
    try:
        return (
            None
            if normalised_name(text, max_length=max_length, rejects_quotation_marks=rejects_quotation_marks) == text
            else detail_of("SURROUNDING_SPACE")
        )
    except InvalidNameError as error:
        return error.detail
