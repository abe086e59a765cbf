"""What people call things: names and descriptions that are printed in sentences which bind, so they show what they are."""

from __future__ import annotations

import unicodedata

MOST = 200
"""Characters of a name."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, formatting, halves of pairs, separators of lines and paragraphs: Unicode's general categories."""
_JOINERS = frozenset("\u200c\u200d")
"""Formatting that letters of some scripts, and emoji, are written with."""
_EMPTY = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that show nothing."""
_QUOTING = frozenset("“”„‟«»‹›「」『』﹁﹂﹃﹄｢｣〝〞〟＂")
"""What sentences set names apart with: “a” and “b” are two names, and must not be one."""


class NameProblem(ValueError):
    """A text that cannot be a name, and why."""


def called(text: str, *, most: int = MOST, paragraphs: bool = False, quoted: bool = False) -> str:
    """The name without the space around it. Raises NameProblem.

    Refused are blank text, more than `most` characters, and what changes a sentence without being seen in it: controls
    and formatting such as the marks that turn the direction of text. `paragraphs` lets line breaks stand; `quoted`
    refuses quotation marks as well, in what sentences quote.
    """
    name = text.strip()
    if len(name) > most:
        raise NameProblem(f"1 to {most:,} characters")
    for one in name:
        if unicodedata.category(one) in _UNSEEN and one not in _JOINERS and not (paragraphs and one == "\n"):
            raise NameProblem(f"no control or formatting characters such as U+{ord(one):04X}")
    if quoted and (marks := _QUOTING.intersection(name)):
        raise NameProblem(f"no quotation marks such as {min(marks)}")
    if all(one.isspace() or one in _JOINERS or one in _EMPTY for one in name):
        raise NameProblem(f"1 to {most:,} characters, not blank")
    return name


def problem(text: str, *, most: int = MOST, quoted: bool = False) -> str | None:
    """Why a text is no name as it stands; None where it is one."""
    try:
        return None if called(text, most=most, quoted=quoted) == text else "a name has no space around it"
    except NameProblem as wrong:
        return f"a name has {wrong}"
